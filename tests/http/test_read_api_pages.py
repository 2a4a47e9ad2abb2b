"""Pages of a list that grows while it is read: no row twice, and no existing row missing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from skeldir.attribution.kinds import CREDIT
from skeldir.db.pool import Database
from skeldir.jobs import enqueue
from tests.conftest import Clone
from tests.support.make import DAY_0, make_conversion, make_touch, send_conversions, send_touches
from tests.support.reading import get, key_of, open_client, settle

pytestmark = pytest.mark.shares_clone

Add = Callable[[Database, UUID, int], Awaitable[None]]
ROUNDS = 6


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def add_sales(db: Database, tenant: UUID, turn: int) -> None:
    """Sell on days before, between and after those of the other turns, in two currencies."""
    days = [(7 * turn + step * 5) % 60 for step in range(4)]
    await send_conversions(
        db,
        tenant,
        *(
            make_conversion(
                occurred_at=(DAY_0 + timedelta(days=day)).isoformat(), currency=currency
            )
            for day in days
            for currency in ("USD", "EUR")
        ),
    )
    await settle(db)


async def add_refusals(db: Database, tenant: UUID, turn: int) -> None:
    """Send three touches that are rejected."""
    bad = [make_touch(occurred_at="yesterday") for _ in range(3)]
    await send_touches(db, tenant, *bad, origin=f"delivery-{turn}")


async def add_jobs(db: Database, tenant: UUID, turn: int) -> None:
    """Enqueue four jobs, more than a page holds, in one transaction, so that they have the same moment."""
    async with db.tenant(tenant) as connection:
        for part in range(4):
            await enqueue(connection, tenant, CREDIT, {"turn": turn, "part": part}, delay_s=60)


def whole_row(row: dict[str, Any]) -> object:
    return row.get("id") or tuple(
        row[name] for name in ("date", "period", "currency", "state", "channel") if name in row
    )


@pytest.mark.parametrize(
    ("path", "filters", "add"),
    [
        ("/v1/revenue/daily", {}, add_sales),
        ("/v1/attribution/channels", {"granularity": "day"}, add_sales),
        ("/v1/attribution/channels", {"granularity": "week", "model": "linear"}, add_sales),
        ("/v1/dead-events", {}, add_refusals),
        ("/v1/dead-events", {"item_kind": "touch"}, add_refusals),
        ("/v1/jobs", {"kind": CREDIT}, add_jobs),
    ],
    ids=["daily", "channels by day", "channels by week", "dead events", "filtered", "jobs"],
)
async def test_a_list_that_grows_is_read_without_a_gap_or_a_repeat(
    client: httpx2.AsyncClient,
    db: Database,
    tenant: UUID,
    path: str,
    filters: dict[str, str],
    add: Add,
) -> None:
    key = await key_of(db, tenant)
    for turn in range(ROUNDS):
        await add(db, tenant, turn)
    old = {whole_row(row) for row in (await get(client, path, key, **filters, limit=1000))["data"]}
    assert len(old) >= 8
    seen: list[object] = []
    cursor, turn = None, ROUNDS
    while True:
        page = await get(client, path, key, **filters, limit=3, cursor=cursor)
        seen += [whole_row(row) for row in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        if turn < 3 * ROUNDS:
            await add(db, tenant, turn)
            turn += 1
    assert turn > ROUNDS
    assert len(seen) == len(set(seen))
    assert old <= set(seen)
    new = {whole_row(row) for row in (await get(client, path, key, **filters, limit=1000))["data"]}
    assert new > old, "nothing was added during the reading"
