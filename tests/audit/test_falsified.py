"""Whatever is falsified outside the program fails its own checks, for its own tenant, and can be repaired."""

from __future__ import annotations

from uuid import UUID

import pytest

from skeldir.audit import audit_tenant
from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.audited import change, failed, make_shop, rebuild, sentences

FALSIFIED: dict[str, tuple[str, set[str], str]] = {
    "a cent of a day's revenue": (
        """UPDATE rollup_revenue_day SET amount_cents = amount_cents + 1
           WHERE OURS AND currency = 'USD' AND state = 'captured'""",
        {"revenue_days", "revenue_totals", "allocation_days"},
        "2026-03-02 USD captured: amount_cents 10,557 instead of 10,556.",
    ),
    "a day's revenue that is gone": (
        "DELETE FROM rollup_revenue_day WHERE OURS AND currency = 'JPY' AND state = 'refunded'",
        {"revenue_days", "revenue_totals", "allocation_days"},
        "2026-03-03 JPY refunded: missing, amount_cents -3,333, entries 1, orders 0",
    ),
    "the moment of a day's latest entry": (
        """UPDATE rollup_revenue_day SET last_entry_at = '2026-03-02T13:00Z'
           WHERE OURS AND currency = 'JPY'""",
        {"revenue_days", "revenue_totals"},
        "last_entry_at 2026-03-02T13:00:00.000000+00:00 instead of 2026-03-02T12:00:00.000000+00:00",
    ),
    "a fil of the totals": (
        """UPDATE rollup_revenue_total SET amount_cents = amount_cents + 1
           WHERE OURS AND currency = 'KWD' AND state = 'captured'""",
        {"revenue_totals"},
        "KWD captured: amount_cents 7,778 instead of 7,777.",
    ),
    "a cent of the credit": (
        """UPDATE rollup_channel_day SET credited_cents = credited_cents + 1
           WHERE OURS AND model_version = 'last_touch@1' AND currency = 'USD' AND channel_code = 'display'""",
        {"credit_sums", "credit_journal", "allocation_days", "credit_equals_ledger"},
        "2026-03-02 last_touch@1 display USD: credited_cents 10,002 instead of 10,001.",
    ),
    "a cent that moved between channels": (
        """UPDATE rollup_channel_day
           SET credited_cents = credited_cents + CASE WHEN channel_code = 'sms' THEN 1 ELSE -1 END
           WHERE OURS AND model_version = 'linear@1' AND currency = 'USD' AND channel_code IN ('sms', 'email')""",
        {"credit_sums", "credit_journal"},
        "2026-03-02 linear@1 sms USD: credited_cents 3,334 instead of 3,333.",
    ),
    "a part of a conversion": (
        "UPDATE rollup_channel_day SET conversion_ppt = conversion_ppt + 1 WHERE OURS AND channel_code = 'sms'",
        {"credit_sums", "credit_journal"},
        "linear@1 sms USD: conversion_ppt",
    ),
    "credit of a version that is not in force": (
        """INSERT INTO rollup_channel_day (tenant_id, revenue_date, model_version, channel_code, currency,
                                           conversion_ppt, credited_cents, spend_cents, allocations)
           SELECT current_setting('app.tenant')::uuid, '2026-03-02', 'linear@9', 'sms', 'USD', 0, 1, 0, 1""",
        {"credit_sums", "credit_journal", "allocation_days", "credit_equals_ledger"},
        "2026-03-02 linear@9 sms USD: not expected",
    ),
    "a cent of the journal": (
        """UPDATE credit_journal SET credited_cents = credited_cents + 1
           WHERE OURS AND model_version = 'first_touch@1' AND currency = 'USD' AND channel_code = 'email'""",
        {"credit_journal"},
        "2026-03-02 first_touch@1 email USD: credited_cents 10,002 instead of 10,001.",
    ),
    "a cent beside the ledger": (
        "UPDATE rollup_allocation_day SET ledger_cents = ledger_cents + 1 WHERE OURS AND model_version = 'linear@1'",
        {"allocation_days"},
        "2026-03-02 linear@1 USD: ledger_cents 10,557 instead of 10,556.",
    ),
    "a cent of spend": (
        """UPDATE rollup_channel_day SET spend_cents = 1
           WHERE OURS AND model_version = 'linear@1' AND currency = 'USD' AND channel_code = 'sms'""",
        {"spend_sums"},
        "2026-03-02 linear@1 sms USD: not expected, spend_cents 1.",
    ),
    "the touches of a journey": (
        "UPDATE order_journeys SET path = substr(path, 9) WHERE OURS AND order_id = 'paid'",
        {"journeys", "credit_sums"},
        "order paid: the stored journey holds other touches.",
    ),
    "a cent of an entry in a journey": (
        # The amount is in bytes 25 to 32 of an entry, the lowest first.
        """UPDATE order_journeys SET entries = set_byte(entries, 24, get_byte(entries, 24) + 1)
           WHERE OURS AND order_id = 'paid'""",
        {"journeys", "credit_sums"},
        "order paid: the stored journey counts other entries than the ledger.",
    ),
    "the moment of a conversion": (
        "UPDATE order_journeys SET converted_at = '2026-03-02T12:00:01Z' WHERE OURS AND order_id = 'paid'",
        {"journeys"},
        "order paid: the stored journey converted at another moment",
    ),
    "a channel that does not exist": (
        "UPDATE order_journeys SET path = set_byte(path, 7, 120) WHERE OURS AND order_id = 'paid'",
        {"journeys", "credit_sums"},
        "order paid: the stored journey cannot be read.",
    ),
    "a journey that is gone": (
        "DELETE FROM order_journeys WHERE OURS AND order_id = 'paid'",
        {"journeys", "credit_sums"},
        "order paid: the stored journey is not stored",
    ),
}  # fmt: skip


@pytest.fixture
async def shop(db: Database) -> UUID:
    return await make_shop(db, "Shop")


@pytest.mark.parametrize("what", list(FALSIFIED))
async def test_a_falsification_is_found_and_a_rebuild_repairs_it(
    db: Database, clone: Clone, shop: UUID, what: str
) -> None:
    other = await make_shop(db, "Other")
    statement, checks, sentence = FALSIFIED[what]
    change(clone, shop, statement)
    audit = await audit_tenant(db, shop)
    assert failed(audit) == checks, sentences(audit)
    assert sentence in sentences(audit)
    for check in audit.checks:
        if check.count:
            assert f"`skeldir credit --tenant {shop} --rebuild`" in check.cure(shop)
    assert failed(await audit_tenant(db, other)) == set()
    await rebuild(db, shop)
    mended = await audit_tenant(db, shop)
    assert failed(mended) == set(), sentences(mended)


async def test_a_falsified_ledger_entry_contradicts_everything_derived_from_it(
    db: Database, clone: Clone, shop: UUID
) -> None:
    change(
        clone,
        shop,
        "UPDATE revenue_ledger SET amount_cents = amount_cents + 1 WHERE OURS AND order_id = 'paid'",
    )
    audit = await audit_tenant(db, shop)
    assert failed(audit) == {"revenue_days", "journeys", "credit_equals_ledger"}
    assert "amount_cents 10,556 instead of 10,557" in sentences(audit)
    difference = {(one.model_version, one.currency): one.difference_cents for one in audit.models}
    assert difference["linear@1", "USD"] == 1
    assert difference["linear@1", "JPY"] == 0


async def test_a_falsified_touch_contradicts_the_journey(
    db: Database, clone: Clone, shop: UUID
) -> None:
    change(
        clone,
        shop,
        "UPDATE attribution_events SET channel_code = 'sms' WHERE OURS AND channel_code = 'email'",
    )
    audit = await audit_tenant(db, shop)
    assert failed(audit) == {"journeys"}
    assert "order paid: the stored journey holds other touches" in sentences(audit)


async def test_a_journey_without_an_order_is_found_and_the_cure_says_what_a_rebuild_cannot_do(
    db: Database, clone: Clone, shop: UUID
) -> None:
    change(
        clone,
        shop,
        """INSERT INTO order_journeys
           SELECT tenant_id, 'nobody', converted_at, previous_age, reach, generation, path, entries
           FROM order_journeys WHERE OURS AND order_id = 'paid'""",
    )
    audit = await audit_tenant(db, shop)
    assert failed(audit) == {"journeys", "credit_sums"}
    assert "order nobody: the stored journey belongs to no order in the ledger." in sentences(audit)
    (check,) = [one for one in audit.checks if one.name == "journeys"]
    assert "delete its row of order_journeys as skeldir_owner" in check.cure(shop)
