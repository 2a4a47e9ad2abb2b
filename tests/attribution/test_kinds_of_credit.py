"""Credit by the kinds of entries: gross, refunded and disputed are those of each entry, and add up to the net."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import date, timedelta
from random import Random
from uuid import UUID

import httpx2
import pytest

from skeldir.attribution import OriginsAsked, list_stored_credit, report_kinds
from skeldir.attribution.origins import ReportTooLarge
from skeldir.db.pool import Database, open_database
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
from tests.support.reading import get, key_of, open_client, settle

CHANNELS = ("email", "paid_search", "display", "direct")
LATER = ("refund", "refund_reversal", "dispute", "dispute_reversal")
PLACES = {"capture": 0, "refund": 1, "refund_reversal": 1, "dispute": 2, "dispute_reversal": 2}


async def fill(db: Database, tenant: UUID, seed: int, orders: int) -> None:
    chance = Random(seed)
    await send_touches(
        db,
        tenant,
        *(
            make_touch(
                journey_key=f"j{number % orders}",
                channel=chance.choice(CHANNELS),
                occurred_at=at(chance.random()),
            )
            for number in range(3 * orders)
        ),
    )
    for number in range(orders):
        fields = {"order_id": f"o{number}", "journey_key": f"j{number}"}
        entries = [
            make_conversion(
                **fields,
                amount_cents=chance.randrange(100, 99_999),
                currency=currency,
                occurred_at=at(1.1),
            )
            for currency in chance.choice((["USD"], ["USD", "EUR"]))
        ]
        entries += [
            make_conversion(
                **fields,
                kind=chance.choice(LATER),
                amount_cents=chance.randrange(1, 5_000),
                occurred_at=at(1.2 + chance.random() * 3),
            )
            for _ in range(chance.randrange(4))
        ]
        await send_conversions(db, tenant, *entries)
    await settle(db)


async def by_entry(
    db: Database, tenant: UUID, days: tuple[date, date] | None = None
) -> dict[tuple[str, str, str], list[int]]:
    """Return the credit of each entry as the exact rules give it, by currency, channel and version, in three kinds."""
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch(
            "SELECT id, order_id, kind, currency, occurred_at FROM standing_entries"
        )
        entries = {row["id"]: row for row in rows}
        order_ids = sorted({row["order_id"] for row in rows})
        credited = await list_stored_credit(connection, tenant, order_ids)
    for one in (one for of_order in credited.values() for one in of_order):
        entry = entries[one.entry_id]
        if days is None or days[0] <= entry["occurred_at"].date() < days[1]:
            key = entry["currency"], one.channel, one.model_version
            sums[key][PLACES[entry["kind"]]] += one.credited_cents
    return {key: cents for key, cents in sums.items() if any(cents)}


async def shown(
    db: Database, tenant: UUID, asked: OriginsAsked
) -> dict[tuple[str, str, str], list[int]]:
    async with db.tenant(tenant, is_read_only=True) as connection:
        report = await report_kinds(connection, tenant, asked)
    found = {}
    for row in report.data:
        for model, one in row.models.items():
            kinds = [one.gross_cents, one.refunded_cents, one.disputed_cents]
            assert one.not_known_cents == 0
            assert sum(kinds) == one.net_cents
            if any(kinds):
                found[row.currency, row.channel, report.model_versions[model]] = kinds
    return found


@pytest.mark.parametrize(("seed", "orders"), [(1, 3), (2, 40)])
async def test_kinds_are_those_of_each_entry_for_few_orders_and_for_many(
    db: Database, tenant: UUID, other_tenant: UUID, seed: int, orders: int
) -> None:
    await fill(db, tenant, seed, orders)
    await fill(db, other_tenant, seed + 10, 2)
    assert await shown(db, tenant, OriginsAsked("kind")) == await by_entry(db, tenant)
    first = DAY_0.date() + timedelta(days=2)
    days = first, first + timedelta(days=1)
    assert await shown(db, tenant, OriginsAsked("kind", days)) == await by_entry(db, tenant, days)


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def test_the_net_is_that_of_the_channel_report_and_what_awaits_credit_is_not_known(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await fill(db, tenant, 5, 6)
    key = await key_of(db, tenant)
    channels = (await get(client, "/v1/attribution/channels", key, model="linear"))["data"]
    kinds = (await get(client, "/v1/attribution/kinds", key, model="linear"))["data"]
    nets = {
        (row["currency"], row["channel"]): row["models"]["linear"]["net_cents"] for row in kinds
    }
    assert nets == {
        (row["currency"], row["channel"]): row["models"]["linear"]["credited_cents"]
        for row in channels
    }
    await send_touches(db, tenant, make_touch(channel="email", journey_key="late"))
    await send_conversions(
        db, tenant, make_conversion(journey_key="late", amount_cents=700, occurred_at=at(2))
    )
    waiting = await get(client, "/v1/attribution/kinds", key, model="linear", channel="email")
    usd = next(row["models"]["linear"] for row in waiting["data"] if row["currency"] == "USD")
    assert (usd["net_cents"], usd["not_known_cents"]) == (nets["USD", "email"], -700)
    assert {row["channel"] for row in waiting["data"]} == {"email"}
    async with db.tenant(tenant, is_read_only=True) as connection:
        with pytest.raises(ReportTooLarge):
            await report_kinds(connection, tenant, OriginsAsked("kind"), most_orders=3)


async def prepare(clone: Clone, tenant: UUID) -> None:
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db:
        await send_touches(db, tenant, make_touch())
        await send_conversions(
            db,
            tenant,
            make_conversion(order_id="o", amount_cents=10_000, occurred_at=at(1)),
            make_conversion(order_id="o", kind="refund", amount_cents=2_500, occurred_at=at(2)),
            make_conversion(order_id="o", kind="dispute", amount_cents=500, occurred_at=at(3)),
        )
        await settle(db)


def test_the_command_shows_the_kinds(clone: Clone, tenant: UUID) -> None:
    asyncio.run(prepare(clone, tenant))

    def report(*words: str) -> str:
        return run_here(clone.app_url, "report", str(tenant), "--by", "kind", *words)

    said = " ".join(report("--ratios", "linear").replace("│", " ").split())
    assert "email 100.00 -25.00 -5.00 70.00" in said
    (row,) = json.loads(report("--json"))["data"]
    assert row["models"]["last_touch"]["refunded_cents"] == -2_500
