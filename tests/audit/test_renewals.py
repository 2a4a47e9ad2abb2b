"""An audit finds whatever is wrong with what is counted as renewals, and its cure repairs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from skeldir.audit import audit_tenant
from skeldir.db.pool import Database
from skeldir.inbox import rebook_all
from tests.conftest import Clone
from tests.support.audited import change, failed, rebuild, sentences, settle
from tests.support.inbox import Post, inbox_of, make_post
from tests.support.make import make_tenant, make_touch, send_touches

FALSIFIED: dict[str, tuple[str, set[str], str]] = {
    "a cent of a day's renewals": (
        "UPDATE rollup_revenue_day SET renewal_cents = renewal_cents + 1 WHERE OURS AND renewal_entries > 0",
        {"revenue_days", "revenue_totals"},
        "2026-11-03 EUR captured: renewal_cents 701 instead of 700.",
    ),
    "an order too many in the totals": (
        "UPDATE rollup_revenue_total SET renewal_orders = renewal_orders + 1 WHERE OURS",
        {"revenue_totals"},
        "EUR captured: renewal_orders 2 instead of 1.",
    ),
    "a cent of the credit of renewals": (
        """UPDATE rollup_channel_day SET credited_cents = credited_cents + 1
           WHERE OURS AND basis = 'renewal' AND model_version = 'linear@1'""",
        {"renewals"},
        "2026-11-03 linear@1 email EUR: credited_cents 701 instead of 700.",
    ),
    "a cent of their journal": (
        """UPDATE credit_journal SET credited_cents = credited_cents + 1
           WHERE OURS AND basis = 'renewal' AND model_version = 'linear@1'""",
        {"renewals"},
        "journal 2026-11-03 linear@1 email EUR: credited_cents 701 instead of 700.",
    ),
    "a renewal whose credit is not counted": (
        "DELETE FROM credited_renewals WHERE OURS",
        {"renewals"},
        "order later: it is a renewal, and its credit is not counted as that of one.",
    ),
    "an order that is counted as a renewal": (
        "INSERT INTO credited_renewals VALUES (current_setting('app.tenant')::uuid, 'first')",
        {"renewals"},
        "order first: it is no renewal, and its credit is counted as that of one.",
    ),
    "a renewal that is not known": (
        "DELETE FROM renewal_orders WHERE OURS",
        {"renewals", "revenue_days"},
        "order later: it is a renewal by its payments, and is not known as one.",
    ),
    "an order that is known as a renewal": (
        "INSERT INTO renewal_orders VALUES (current_setting('app.tenant')::uuid, 'first')",
        {"renewals", "revenue_days"},
        "order first: it is known as a renewal, and is none by its payments.",
    ),
}  # fmt: skip


@pytest.fixture
async def posts(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[Post]]:
    """Two tenants with a subscription, of which two payments were made, each."""
    async with inbox_of(clone, monkeypatch) as (_app, client):
        made = []
        for one in (tenant, await make_tenant(db, "Other")):
            post = await make_post(client, clone, db, one, "standard")
            await send_touches(db, one, make_touch(occurred_at="2026-11-01T08:00:00Z"))
            await pay(post, "first", "10.00", "2026-11-02T10:00:00Z", is_renewal=False)
            await pay(post, "later", "7.00", "2026-11-03T10:00:00Z", is_renewal=True)
            await settle(db, one)
            made.append(post)
        yield made


async def pay(post: Post, order: str, amount: str, at: str, *, is_renewal: bool) -> None:
    data = {"payment_id": f"pay_{order}", "order_id": order, "amount": amount, "currency": "EUR"}
    about = {"agreement": "sub_1", "is_renewal": is_renewal, "skeldir_journey": "visitor-1"}
    sent = {"type": "payment.captured", "timestamp": at, "data": data | about}
    assert (await post.send(sent)).status_code == 200


@pytest.mark.parametrize("what", list(FALSIFIED))
async def test_a_falsification_of_renewals_is_found_and_its_cure_repairs_it(
    db: Database, clone: Clone, posts: list[Post], what: str
) -> None:
    ours, theirs = (post.tenant for post in posts)
    statement, checks, sentence = FALSIFIED[what]
    assert failed(await audit_tenant(db, ours)) == set()
    change(clone, ours, statement)
    audit = await audit_tenant(db, ours)
    assert failed(audit) == checks, sentences(audit)
    assert sentence in sentences(audit)
    (check,) = [one for one in audit.checks if one.name == "renewals"]
    assert f"`skeldir webhooks basis {ours} BASIS`" in check.cure(ours)
    assert failed(await audit_tenant(db, theirs)) == set()
    await rebook_all(db, ours, is_of_both=False)
    await rebuild(db, ours)
    mended = await audit_tenant(db, ours)
    assert failed(mended) == set(), sentences(mended)


async def test_a_change_of_renewals_that_awaits_credit_is_no_difference(
    db: Database, posts: list[Post]
) -> None:
    await pay(posts[0], "first", "10.00", "2026-11-02T10:00:00Z", is_renewal=True)
    audit = await audit_tenant(db, posts[0].tenant)
    assert (failed(audit), audit.awaiting_orders) == (set(), 1)


async def test_payments_that_are_booked_again_are_no_renewals_if_none_says_so(
    db: Database, clone: Clone, posts: list[Post]
) -> None:
    tenant = await make_tenant(db, "Without renewals")
    post = await make_post(posts[0].client, clone, db, tenant, "standard")
    await pay(post, "first", "10.00", "2026-11-02T10:00:00Z", is_renewal=False)
    await settle(db, tenant)
    change(
        clone,
        tenant,
        "INSERT INTO renewal_orders VALUES (current_setting('app.tenant')::uuid, 'first')",
    )
    await rebook_all(db, tenant, is_of_both=False)
    await settle(db, tenant)
    assert failed(await audit_tenant(db, tenant)) == set()
