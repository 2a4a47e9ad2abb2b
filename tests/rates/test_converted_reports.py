"""Converted reports: each day by its own rate, rows that add up, missing rates named, and one tenant's rates only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database, open_database
from skeldir.rates import one_rate, record_rates
from skeldir.rollups import mark_days
from tests.conftest import Clone
from tests.support.command import run_here
from tests.support.make import (
    DAY_0,
    at,
    make_conversion,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.reading import get, key_of, open_client, read_all, settle

pytestmark = pytest.mark.shares_clone

CHANNELS = "/v1/attribution/channels"
DAILY = "/v1/revenue/daily"
REALTIME = "/v1/revenue/realtime"
EUR: dict[str, object] = {"currency": "EUR", "convert": "true"}
FRIDAY = date(2026, 3, 6)


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def set_rates(db: Database, tenant: UUID, *rates: str, source: str = "ecb") -> None:
    """Record rates for one euro, each written as `USD 2026-03-06 1.08`."""
    async with db.tenant(tenant) as connection:
        await record_rates(
            connection,
            tenant,
            source,
            "EUR",
            [one_rate(*rate.split()) for rate in rates],
            reason="test",
            recorded_by="test",
            accepts_jumps=True,
        )


async def sell(db: Database, tenant: UUID, *sales: tuple[float, int, str]) -> None:
    """Send orders as (days after the first day, cents, currency), each earned by email and search."""
    await send_touches(
        db, tenant, make_touch(), make_touch(channel="paid_search", occurred_at=at(0.1))
    )
    await send_conversions(
        db,
        tenant,
        *(
            make_conversion(occurred_at=at(days), amount_cents=cents, currency=currency)
            for days, cents, currency in sales
        ),
    )
    await settle(db)


async def spend(db: Database, tenant: UUID, cents: int, currency: str, day: date) -> None:
    async with db.tenant(tenant) as connection:
        await connection.execute(
            """INSERT INTO spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
               VALUES ($1, gen_random_uuid(), gen_random_uuid()::text, $2, 'paid_search', $3, $4)""",
            tenant, day, currency, cents,
        )  # fmt: skip
        await mark_days(connection, tenant, [day])
    await settle(db)


def cents_of(rows: list[dict[str, Any]], model: str = "linear") -> dict[str, int]:
    return {row["channel"]: row["models"][model]["credited_cents"] for row in rows}


async def test_each_day_is_converted_by_its_own_rate_and_the_weekend_by_friday(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await sell(
        db, tenant, (5, 10_000, "USD"), (6, 10_000, "USD"), (8, 10_000, "USD"), (8, 100, "EUR")
    )
    await set_rates(db, tenant, "USD 2026-03-06 1.25", "USD 2026-03-09 1.6", "JPY 2026-03-07 160")
    await set_rates(db, other_tenant, "USD 2026-03-06 2")
    key = await key_of(db, tenant)
    page = await get(client, CHANNELS, key, model="linear", **EUR)
    assert cents_of(page["data"]) == {"email": 4_000 + 4_000 + 3_125 + 50, "paid_search": 11_175}
    assert page["totals"]["linear"]["credited_cents"] == 8_000 + 8_000 + 6_250 + 100
    by = page["converted_by"]
    assert (by["currency"], by["source"], by["base"], by["missing"]) == ("EUR", "ecb", "EUR", [])
    assert by["rates"] == [
        {
            "currency": "USD",
            "rate_day": "2026-03-06",
            "first_day": "2026-03-06",
            "last_day": "2026-03-07",
            "rate": "0.8",
            "stated": [{"quote": "USD", "rate": "1.25", "revision": 1}],
        },
        {
            "currency": "USD",
            "rate_day": "2026-03-09",
            "first_day": "2026-03-09",
            "last_day": "2026-03-09",
            "rate": "0.625",
            "stated": [{"quote": "USD", "rate": "1.6", "revision": 1}],
        },
    ]
    plain = await get(client, CHANNELS, key, model="linear")
    assert "converted_by" not in plain
    assert {row["currency"] for row in plain["data"]} == {"EUR", "USD"}
    refused = await client.get(CHANNELS, headers=await key_of(db, other_tenant), params=EUR)  # type: ignore[arg-type]
    assert refused.status_code == 200
    assert refused.json()["data"] == []


async def test_a_missing_rate_is_named_and_its_money_listed_beside(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await sell(db, tenant, (5, 1_000, "USD"), (20, 5_001, "USD"), (5, 700, "GBP"), (5, 100, "EUR"))
    await set_rates(db, tenant, "USD 2026-03-06 1.25")
    key = await key_of(db, tenant)
    page = await get(client, CHANNELS, key, model="linear", **EUR)
    assert cents_of(page["data"]) == {"email": 450, "paid_search": 450}
    left = {
        (row["currency"], row["channel"]): row["models"]["linear"] for row in page["not_converted"]
    }
    assert sum(one["credited_cents"] for (code, _), one in left.items() if code == "USD") == 5_001
    assert sum(one["credited_cents"] for (code, _), one in left.items() if code == "GBP") == 700
    missing = [
        (one["currency"], one["days"], one["first_day"]) for one in page["converted_by"]["missing"]
    ]
    assert missing == [("GBP", 1, "2026-03-06"), ("USD", 1, "2026-03-21")]
    days = await get(client, DAILY, key, **EUR)
    assert [(row["date"], row["amount_cents"]) for row in days["data"]] == [("2026-03-06", 900)]
    assert [(row["currency"], row["amount_cents"]) for row in days["not_converted"]] == [
        ("GBP", 700),
        ("USD", 5_001),
    ]
    now = await get(client, REALTIME, key, **EUR)
    assert (now["total"]["net_cents"], now["total"]["orders"]) == (900, 2)
    assert [(one["currency"], one["net_cents"]) for one in now["not_converted"]] == [
        ("GBP", 700),
        ("USD", 5_001),
    ]


async def test_return_on_spend_is_of_money_in_one_currency(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await sell(db, tenant, (5, 10_000, "USD"))
    await spend(db, tenant, 2_000, "EUR", FRIDAY)
    await set_rates(db, tenant, "USD 2026-03-06 1.25")
    key = await key_of(db, tenant)
    plain = await get(client, CHANNELS, key, model="last_touch")
    roas = {row["currency"]: row["models"]["last_touch"]["roas"] for row in plain["data"]}
    assert roas == {"USD": None, "EUR": "0.000000"}
    (row,) = (await get(client, CHANNELS, key, model="last_touch", **EUR))["data"]
    assert row["models"]["last_touch"]["roas"] == "4.000000"


async def test_rows_add_up_in_every_report_whatever_the_rates_are(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    chance = Random(37)
    sales = [
        (chance.randrange(24) * 3.5, chance.randrange(1, 10 ** chance.randrange(1, 7)), currency)
        for currency in ("USD", "JPY", "KWD", "EUR")
        for _ in range(8)
    ]
    await sell(db, tenant, *((days + 0.2, cents, currency) for days, cents, currency in sales))
    rates: dict[tuple[date, str], str] = {}
    for day in range(82):
        for quote, about in (("USD", 1), ("JPY", 160), ("KWD", 0)):
            rates[DAY_0.date() + timedelta(days=day), quote] = (
                f"{about}.{chance.randrange(1, 9_999):04}"
            )
    await set_rates(db, tenant, *(f"{quote} {day} {rate}" for (day, quote), rate in rates.items()))
    key = await key_of(db, tenant)
    for target, places in (("EUR", 2), ("JPY", 0)):
        asked = {"currency": target, "convert": "true"}
        by_day: dict[tuple[date, str], int] = {}
        for days, cents, currency in sales:
            day = (DAY_0 + timedelta(days=days + 0.2)).date()
            by_day[day, currency] = by_day.get((day, currency), 0) + cents
        expected = 0
        for (day, currency), cents in by_day.items():
            one, other = (Fraction(rates.get((day, code), "1")) for code in (currency, target))
            shift = places - {"JPY": 0, "KWD": 3}.get(currency, 2)
            exact = cents * other / one * Fraction(10) ** shift
            expected += cents if currency == target else round(exact)
        totals = (await get(client, CHANNELS, key, **asked))["totals"]
        assert {one["credited_cents"] for one in totals.values()} == {expected}
        for granularity in ("total", "day", "week", "month"):
            rows = await read_all(client, CHANNELS, key, **asked, granularity=granularity, limit=7)
            for model, total in totals.items():
                assert sum(row["models"][model]["credited_cents"] for row in rows) == expected
                assert total["conversions"] == str(len(sales))
        days_of = await read_all(client, DAILY, key, **asked, limit=3)
        assert sum(row["amount_cents"] for row in days_of) == expected
        now = (await get(client, REALTIME, key, **asked))["total"]
        assert (now["net_cents"], now["captured_cents"], now["orders"]) == (expected, expected, 32)


async def test_refunds_are_converted_with_their_day_and_states_add_up(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await sell(db, tenant, (5, 333, "USD"))
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="o", amount_cents=101, occurred_at=at(5)),
        make_conversion(order_id="o", kind="refund", amount_cents=100, occurred_at=at(5.1)),
    )
    await settle(db)
    await set_rates(db, tenant, "USD 2026-03-06 3")
    key = await key_of(db, tenant)
    rows = (await get(client, DAILY, key, **EUR))["data"]
    assert {row["state"]: row["amount_cents"] for row in rows} == {"captured": 145, "refunded": -34}
    assert (await get(client, DAILY, key, **EUR, state="refunded"))["data"] == [rows[1]]
    total = (await get(client, REALTIME, key, **EUR))["total"]
    assert (total["captured_cents"], total["refunded_cents"], total["net_cents"]) == (145, -34, 111)


async def test_what_a_conversion_needs_is_asked_for(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant)

    async def code_of(path: str, **asked: str) -> str:
        answer = await client.get(path, headers=key, params=asked)
        code: str = answer.json().get("code", answer.status_code)
        return code

    for path in (CHANNELS, DAILY, REALTIME):
        assert await code_of(path, convert="true") == "convert_open"
        assert await code_of(path, currency="EUR", rate_source="ecb") == "convert_open"
        assert await code_of(path, convert="true", currency="XXX") == "rate_unreadable"
        assert await code_of(path, convert="true", currency="EUR") == "rate_source_unknown"
    await set_rates(db, tenant, "USD 2026-03-06 1.25")
    await set_rates(db, tenant, "USD 2026-03-06 1.5", source="bank")
    for path in (CHANNELS, DAILY, REALTIME):
        assert await code_of(path, convert="true", currency="EUR") == "rate_source_open"
        assert (
            await code_of(path, convert="true", currency="EUR", rate_source="us")
            == "rate_source_unknown"
        )
        ask = {"convert": "true", "currency": "EUR", "rate_source": "bank"}
        assert (await client.get(path, headers=key, params=ask)).status_code == 200


async def test_a_cursor_from_before_a_rate_was_restated_is_refused(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await sell(db, tenant, (5, 10_000, "USD"))
    await set_rates(db, tenant, "USD 2026-03-06 1.25")
    key = await key_of(db, tenant)
    page = await get(client, CHANNELS, key, limit=1, **EUR)
    more = {**EUR, "limit": 1, "cursor": page["next_cursor"]}
    assert len((await get(client, CHANNELS, key, **more))["data"]) == 1
    await set_rates(db, tenant, "USD 2026-03-06 1.26")
    answer = await client.get(CHANNELS, headers=key, params=more)  # type: ignore[arg-type]
    assert answer.json()["code"] == "cursor_invalid"


async def sell_without_a_rate(clone: Clone, tenant: UUID) -> None:
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as database:
        await sell(database, tenant, (5, 1_000, "USD"), (5, 700, "GBP"), (5, 100, "EUR"))
        await set_rates(database, tenant, "USD 2026-03-06 1.25")


def test_the_command_shows_rates_what_is_missing_and_what_it_needs(
    clone: Clone, tenant: UUID
) -> None:
    def report(*words: str, status: int = 0) -> str:
        return run_here(clone.app_url, "report", str(tenant), *words, status=status)

    assert "rate_source_unknown" in report("--convert", "EUR", status=1)
    asyncio.run(sell_without_a_rate(clone, tenant))
    said = " ".join(report("--convert", "EUR").split())
    assert "2026-03-06: 1 USD = 0.8 EUR, of 2026-03-06" in said
    assert "No rate of GBP is known for 1 day with money" in said
    shown = json.loads(report("--convert", "EUR", "--json"))
    assert shown["totals"]["linear"]["credited_cents"] == 900
    assert {row["currency"] for row in shown["not_converted"]} == {"GBP"}
    assert (
        json.loads(report("--convert", "EUR", "--json", "--from", "2026-03-07"))["channels"] == []
    )
    assert "convert_open" in report("--rate-source", "ecb", status=1)
    report("--convert", "EUR", "--by", "source", status=2)
