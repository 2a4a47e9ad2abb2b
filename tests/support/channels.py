"""A shop for tests of the page of channels: money, spend and claims, as they were at a moment and are now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2

from skeldir.db.pool import Database, open_database
from skeldir.rates import Rate, record_rates
from skeldir.rollups import roll_up_dirty_days
from skeldir.users import Role
from tests.conftest import Clone
from tests.support.api import asking, bearer
from tests.support.credit import credit_until_complete
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.pages import HOST, Shown, read_tables, sign_in
from tests.support.reconciling import compare

DAYS = "from=2026-03-01&to=2026-03-10"
API = "from=2026-03-01&to=2026-03-11"
MODELS = (
    "first_touch", "last_touch", "last_non_direct", "linear", "position_based", "time_decay"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant with money and spend, as it was at `then` and since; another one; and who is signed in."""

    clone: Clone
    tenant: UUID
    other: UUID
    then: datetime
    cookies: dict[str, str]
    key: dict[str, str]


async def credit(db: Database, tenant: UUID) -> None:
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)


async def fill(clone: Clone) -> Shop:
    """Make the shop. Whoever shares it does not change it."""
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db:
        tenant, other = await make_tenant(db, "Tea & <Co>"), await make_tenant(db, "B")
        await _send_facts(db, tenant)
        await _send_rates(db, tenant)
        await send_conversions(db, other, make_conversion(order_id="foreign", amount_cents=98_765))
        await credit(db, other)
        async with db.statement() as connection:
            then: datetime = await connection.fetchval("SELECT clock_timestamp()")
        refund = make_conversion(order_id="b", kind="refund", amount_cents=100, occurred_at=at(5))
        await send_conversions(db, tenant, refund)
        await credit(db, tenant)
        async with asking(clone.app_url) as (_, client):
            client.base_url = HOST
            await _send_ads(client, await bearer(db, tenant, "ingest"))
            await roll_up_dirty_days(db, tenant_id=tenant)
            await sign_in(client, clone, tenant, Role.VIEWER, "ada@shop.example")
            cookies = dict(client.cookies)
        await compare(db, tenant)
        return Shop(clone, tenant, other, then, cookies, await bearer(db, tenant, "read"))


async def _send_facts(db: Database, tenant: UUID) -> None:
    """Touches of four channels, and money in currencies of two, no and three decimals."""
    await send_touches(
        db,
        tenant,
        make_touch(
            channel="paid_search",
            occurred_at=at(0),
            source="google",
            medium="cpc",
            campaign="Brand",
        ),
        make_touch(channel="email", occurred_at=at(0.5), source="news<letter>"),
        make_touch(channel="direct", occurred_at=at(0.7)),
        make_touch(channel="referral", occurred_at=at(1), journey_key="v-2"),
    )
    old = make_conversion(order_id="old", occurred_at=at(-5), amount_cents=4_000, journey_key="v-0")
    await send_conversions(
        db,
        tenant,
        old,
        make_conversion(order_id="a", amount_cents=10_001),
        make_conversion(order_id="a", kind="refund", amount_cents=1_000, occurred_at=at(2)),
        make_conversion(order_id="b", amount_cents=5_000, journey_key="v-2", occurred_at=at(3)),
        make_conversion(order_id="b", kind="dispute", amount_cents=700, occurred_at=at(4)),
        make_conversion(order_id="lost", kind="refund", amount_cents=33, occurred_at=at(4)),
        make_conversion(order_id="yen", amount_cents=26_400, currency="JPY"),
        make_conversion(order_id="dinar", amount_cents=1_234, currency="KWD"),
    )
    await credit(db, tenant)


async def _send_rates(db: Database, tenant: UUID) -> None:
    """Rates of the euro, none of the Kuwaiti dinar."""
    days = [date(2026, 2, 27), date(2026, 3, 2), date(2026, 3, 6)]
    rates = {"USD": Decimal("1.0850"), "JPY": Decimal("158.31")}
    stated = [
        Rate(quote, day, rate + number * Decimal("0.001"))
        for quote, rate in rates.items()
        for number, day in enumerate(days)
    ]
    async with db.tenant(tenant) as connection:
        await record_rates(
            connection, tenant, "ecb", "EUR", stated, recorded_by="test", reason="test"
        )


async def _send_ads(client: httpx2.AsyncClient, key: dict[str, str]) -> None:
    """Spend and a claim for one day of a campaign."""
    day = {
        "platform": "google_ads",
        "account": "1",
        "campaign_id": "7",
        "campaign_name": "Brand",
        "day": "2026-03-02",
        "currency": "USD",
    }
    claim = {"claim_type": "purchases", "conversions": "1", "value_cents": 12_345}
    spent = await client.post("/v1/spend", headers=key, json=[day | {"cost_cents": 2_000}])
    claimed = await client.post("/v1/claims", headers=key, json=[day | claim])
    assert (spent.status_code, claimed.status_code) == (200, 200), spent.text + claimed.text


@asynccontextmanager
async def looking(shop: Shop) -> AsyncIterator[httpx2.AsyncClient]:
    """Give the browser of the shop's viewer."""
    async with asking(shop.clone.app_url) as (_, client):
        client.base_url = HOST
        client.cookies.update(shop.cookies)
        yield client


async def open_tables(browser: httpx2.AsyncClient, query: str) -> dict[str, Shown]:
    page = await browser.get(f"/channels?{query}")
    assert page.status_code == 200, page.text
    return read_tables(page.text)


async def ask(browser: httpx2.AsyncClient, shop: Shop, path: str) -> Any:
    answer = await browser.get(path, headers=shop.key)
    assert answer.status_code == 200, answer.text
    return answer.json()


def cents(text: str, places: int = 2) -> int:
    return round(float(text.replace(",", "")) * 10**places)


def by_channel(shown: Shown, column: str) -> dict[str, str]:
    place = shown.titles.index(column)
    return {row[0]: row[place] for row in shown.rows}
