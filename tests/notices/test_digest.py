"""What a digest says: the numbers of the API, per currency, and that they add up."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from skeldir.attribution import credit_dirty_orders
from skeldir.days import UTC_DAYS, LocalDays, read_rules
from skeldir.db.pool import Database
from skeldir.ingest import add_channels
from skeldir.notices import read_current_digest
from skeldir.notices.digest import read_digest_back, write_digest_down
from skeldir.notices.weeks import last_week
from skeldir.rollups import roll_up_dirty_days
from skeldir.web import write_digest
from tests.conftest import Clone
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.noticed import TUESDAY, sell_for_weeks
from tests.support.reading import get, key_of, open_client, read_all, settle

pytestmark = pytest.mark.shares_clone

MONDAY = date(2026, 3, 2)
DAYS = {"from_": MONDAY, "to": MONDAY + timedelta(days=7)}
DAYS_BEFORE = {"from_": MONDAY - timedelta(days=7), "to": MONDAY}


async def test_the_numbers_are_those_of_the_api(db: Database, clone: Clone, tenant: UUID) -> None:
    await sell_for_weeks(db, tenant)
    digest = await read_current_digest(db, tenant, TUESDAY)
    key = await key_of(db, tenant)
    async with open_client(clone) as client:
        for days, money_of in ((DAYS, "week"), (DAYS_BEFORE, "week_before")):
            rows = await read_all(client, "/v1/revenue/daily", key, **days)
            for block in digest.currencies:
                shown = getattr(block, money_of)
                sums = _sums(rows, block.currency)
                assert shown.captured_cents == sums["captured"]
                assert shown.refunded_cents == sums["refunded"]
                assert shown.net_cents == sum(sums.values())
        asked = {"model": digest.model, **DAYS}
        page = await get(client, "/v1/attribution/channels", key, **asked)
    assert page["model_versions"] == {digest.model: digest.model_version}
    assert page["orders_awaiting_credit"] == digest.orders_awaiting_credit
    assert page["time_zone"] == digest.time_zone
    assert {
        (block.currency, one.channel): one.credited_cents
        for block in digest.currencies
        for one in block.channels
    } == {
        (row["currency"], row["channel"]): row["models"][digest.model]["credited_cents"]
        for row in page["data"]
    }


def _sums(rows: list[dict[str, Any]], currency: str) -> Counter[str]:
    sums: Counter[str] = Counter()
    for row in rows:
        if row["currency"] == currency:
            sums[row["state"]] += row["amount_cents"]
    return sums


async def test_the_money_of_each_currency_is_apart_and_its_credit_equals_the_ledger(
    db: Database, tenant: UUID
) -> None:
    await sell_for_weeks(db, tenant)
    digest = await read_current_digest(db, tenant, TUESDAY)
    assert (digest.first_day, digest.last_day) == (MONDAY, date(2026, 3, 8))
    kwd, usd = digest.currencies
    assert (kwd.currency, usd.currency) == ("KWD", "USD")
    assert (usd.week.captured_cents, usd.week.refunded_cents) == (25_000, -3_000)
    assert (usd.week.net_cents, usd.week_before.net_cents) == (22_000, 10_000)
    assert usd.ledger_cents == usd.credited_cents == 22_000
    assert (usd.unattributed_cents, usd.uncredited_cents) == (5_000, 0)
    assert kwd.ledger_cents == kwd.credited_cents == 1_234_567
    assert digest.complete_up_to <= digest.as_of
    assert read_digest_back(write_digest_down(digest)) == digest


async def test_a_second_tenant_has_a_digest_of_its_own(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await sell_for_weeks(db, tenant)
    assert (await read_current_digest(db, other_tenant, TUESDAY)).currencies == ()


async def test_orders_that_await_credit_are_said_and_the_difference_to_the_ledger_too(
    db: Database, tenant: UUID
) -> None:
    await sell_for_weeks(db, tenant)
    late = make_conversion(amount_cents=700, occurred_at=at(4.5))
    await send_conversions(db, tenant, late)
    await roll_up_dirty_days(db)
    digest = await read_current_digest(db, tenant, TUESDAY)
    assert digest.orders_awaiting_credit == 1
    assert digest.currencies[1].uncredited_cents == 700
    letter = write_digest(digest, "Shop", "en")
    assert "The credit is 7.00\xa0USD less than the ledger, which has 227.00\xa0USD" in letter.text
    assert "1 order awaits credit." in letter.text
    await credit_dirty_orders(db)


async def test_the_first_ten_channels_are_shown_and_the_rest_is_one_sum(
    db: Database, tenant: UUID
) -> None:
    codes = {f"own_{number}": f"Own <{number}>" for number in range(12)}
    async with db.tenant(tenant) as connection:
        await add_channels(connection, tenant, codes)
    for number, code in enumerate(codes):
        visitor = f"of-{code}"
        await send_touches(
            db, tenant, make_touch(journey_key=visitor, channel=code, occurred_at=at(1))
        )
        sold = make_conversion(
            journey_key=visitor, amount_cents=1_000 + number, occurred_at=at(2), order_id=code
        )
        await send_conversions(db, tenant, sold)
    await settle(db)
    digest = await read_current_digest(db, tenant, TUESDAY)
    (block,) = digest.currencies
    assert [one.credited_cents for one in block.channels] == list(range(1_011, 1_001, -1))
    assert (block.other_channels, block.others_cents) == (2, 2_001)
    assert block.credited_cents == block.ledger_cents == 12_066
    letter = write_digest(digest, "Shop", "en")
    assert "2 other channels" in letter.text
    assert "Own <11>" in letter.text
    assert "Own &lt;11&gt;" in letter.html
    assert "Own <11>" not in letter.html


async def test_without_a_model_nothing_is_credited(db: Database) -> None:
    bare = await make_tenant(db, "Bare", has_models=False)
    digest = await read_current_digest(db, bare, TUESDAY)
    assert (digest.model, digest.model_version, digest.currencies) == (None, None, ())
    assert "no entries" in write_digest(digest, "Bare", "en").text


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ["Week from 2\xa0Mar\xa02026 to 8\xa0Mar\xa02026", "22.7%", "1,234.567", "Email"]),
        ("de", ["Woche vom 2.\xa0März\xa02026 bis 8.\xa0März\xa02026", "22,7\xa0%", "1.234,567"]),
        (
            "fr",
            ["Semaine du 2\xa0mars\xa02026 au 8\xa0mars\xa02026", "1\u202f234,567", "grand livre"],
        ),
    ],
)
async def test_a_letter_has_the_numbers_in_its_language_and_fetches_nothing(
    db: Database, tenant: UUID, language: Any, texts: list[str]
) -> None:
    await sell_for_weeks(db, tenant)
    letter = write_digest(await read_current_digest(db, tenant, TUESDAY), "Shop & Co", language)
    for text in texts if language != "en" else texts[:3]:
        assert text in letter.text
        assert text in letter.html
    assert "Shop &amp; Co" in letter.html
    assert not any(word in letter.html for word in ("http:", "https:", "src=", "href=", "<img"))
    assert "\n" not in letter.subject


def _week(days: LocalDays, moment: str) -> tuple[date, datetime]:
    week = last_week(days, datetime.fromisoformat(moment))
    return week.first_day, week.due_at


def test_a_week_is_due_on_monday_at_seven_in_the_tenants_zone() -> None:
    berlin, tokyo = LocalDays(read_rules("Europe/Berlin")), LocalDays(read_rules("Asia/Tokyo"))
    of_second = (MONDAY, datetime(2026, 3, 9, 7, tzinfo=UTC))
    assert _week(UTC_DAYS, "2026-03-09T00:00+00:00") == of_second
    assert _week(UTC_DAYS, "2026-03-15T23:59+00:00") == of_second
    assert _week(UTC_DAYS, "2026-03-08T23:59+00:00")[0] == date(2026, 2, 23)
    assert _week(berlin, "2026-03-09T12:00+00:00") == (MONDAY, datetime(2026, 3, 9, 6, tzinfo=UTC))
    assert _week(tokyo, "2026-03-08T15:00+00:00") == (MONDAY, datetime(2026, 3, 8, 22, tzinfo=UTC))
    assert _week(berlin, "2026-03-30T12:00+00:00")[1] == datetime(2026, 3, 30, 5, tzinfo=UTC)
