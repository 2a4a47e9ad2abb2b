"""Two tenants at once over a pool of two connections: no answer holds a foreign row, and no connection stays bound."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch
from uuid import UUID

import asyncpg
import httpx2
import psycopg
import pytest
from asyncpg.pool import Pool

from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.api import PROBLEM_FIELDS, asking, bearer
from tests.support.make import make_conversion, make_tenant, make_touch, send_conversions
from tests.support.reading import settle

REQUESTS = 1_000
AT_ONCE = 16
ORDERS = 20
# A mark and a currency of each tenant alone: one of them is in every row that can be read.
MARKS = {"alpha": "USD", "beta": "EUR"}


@pytest.fixture(autouse=True)
def two_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKELDIR_POOL_SIZE", "2")
    monkeypatch.setenv("SKELDIR_POOL_TIMEOUT_S", "30")


@contextmanager
def watching_check_ins() -> Iterator[list[tuple[int, str | None]]]:
    """Record, for each connection that is returned, its server process and the tenant that it is still bound to."""
    seen: list[tuple[int, str | None]] = []
    release = Pool.release

    async def ask_and_release(
        pool: asyncpg.Pool[asyncpg.Record],
        connection: asyncpg.Connection[asyncpg.Record],
        **options: float,
    ) -> None:
        bound = await connection.fetchval("SELECT current_setting('app.current_tenant_id', true)")
        seen.append((connection.get_server_pid(), bound))
        await release(pool, connection, **options)

    with patch.object(Pool, "release", ask_and_release):
        yield seen


async def send(client: httpx2.AsyncClient, mark: str, headers: dict[str, str], turn: int) -> str:
    """Send one request of a tenant, of a kind that `turn` chooses; return the text of the response."""
    order_id = f"{mark}-{turn % ORDERS}"
    match turn % 6:
        case 0:
            touch = make_touch(idempotency_key=f"touch-{turn}", journey_key=mark)
            answer = await client.post("/v1/touches", json=[touch], headers=headers)
        case 1:
            # Both tenants send the same keys, which must not be duplicates of each other's.
            sale = make_conversion(
                idempotency_key=f"sale-{turn}", order_id=order_id, currency=MARKS[mark]
            )
            answer = await client.post("/v1/conversions", json=[sale], headers=headers)
        case 2:
            bad = make_touch(idempotency_key=f"{mark}-{turn}", occurred_at="yesterday")
            answer = await client.post("/v1/touches", json=[bad], headers=headers)
        case 3:
            answer = await client.get("/v1/dead-events", params={"limit": 1000}, headers=headers)
        case 4:
            answer = await client.get(f"/v1/attribution/orders/{order_id}", headers=headers)
            assert answer.json()["order_id"] == order_id
        case _:
            answer = await client.get("/v1/revenue/realtime", headers=headers)
            (total,) = answer.json()["data"]
            assert (total["currency"], total["orders"]) == (MARKS[mark], ORDERS)
    assert answer.status_code == 200, answer.text
    if turn % 6 < 2:
        assert (answer.json()["accepted"], answer.json()["duplicates"]) == (1, 0)
    return answer.text


async def sell(db: Database, mark: str) -> UUID:
    """Make a tenant with sales in each of its orders, and a key to read them."""
    tenant = await make_tenant(db, mark)
    sales = [
        make_conversion(order_id=f"{mark}-{number}", currency=MARKS[mark])
        for number in range(ORDERS)
    ]
    await send_conversions(db, tenant, *sales)
    await settle(db)
    return tenant


@pytest.mark.slow
async def test_a_thousand_requests_of_two_tenants_over_two_connections_stay_apart(
    clone: Clone, db: Database
) -> None:
    tenants = {mark: await sell(db, mark) for mark in MARKS}
    keys = {mark: await bearer(db, tenants[mark], "ingest", "read") for mark in MARKS}
    turns = [(mark, turn) for turn in range(REQUESTS // 2) for mark in MARKS]
    random.Random(1).shuffle(turns)
    slots = asyncio.Semaphore(AT_ONCE)
    answers: dict[str, list[str]] = {mark: [] for mark in MARKS}

    async with asking(clone.app_url) as (_, client):

        async def take_turn(mark: str, turn: int) -> None:
            async with slots:
                answers[mark].append(await send(client, mark, keys[mark], turn))

        with watching_check_ins() as seen:
            await asyncio.gather(*(take_turn(mark, turn) for mark, turn in turns))

    for mark, other in (("alpha", "beta"), ("beta", "alpha")):
        assert len(answers[mark]) == REQUESTS // 2
        for foreign in (other, MARKS[other], str(tenants[other])):
            assert not [text for text in answers[mark] if foreign in text]
        # Own rows were read; otherwise the line above would pass for empty responses.
        assert sum(text.count(f"{mark}-") for text in answers[mark]) > REQUESTS
    assert {bound for _, bound in seen} <= {"", None}
    assert len({pid for pid, _ in seen}) == 2
    # Half of the requests read, each in a transaction of its own; those that wrote may have shared theirs.
    assert len(seen) > REQUESTS // 2
    async with db.tenant(tenants["alpha"]) as connection:
        kept = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM attribution_events), (SELECT count(*) FROM revenue_ledger)"
        )
    assert tuple(kept or ()) == (84, ORDERS + 84)  # every sixth turn of 500 wrote one


def defer_a_refusal(clone: Clone) -> None:
    """Make every transaction that writes into the ledger fail at its commit."""
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END'"
        )
        admin.execute(
            "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON revenue_ledger"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()"
        )


@pytest.mark.one_server("a distributed table has no triggers")
async def test_a_failed_commit_is_a_problem_and_nothing_is_kept(clone: Clone, db: Database) -> None:
    headers = await bearer(db, await make_tenant(db, "A"), "ingest", "read")
    defer_a_refusal(clone)
    async with asking(clone.app_url) as (_, client):
        for _ in range(3):  # more often than there are connections
            answer = await client.post("/v1/conversions", json=[make_conversion()], headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
            assert answer.headers["content-type"] == "application/problem+json"
            assert set(answer.json()) == PROBLEM_FIELDS
            assert "no" not in answer.json()["detail"].split()
        # The connections are still usable.
        answer = await client.post("/v1/touches", json=[make_touch()], headers=headers)
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    with psycopg.connect(clone.superuser_url) as admin:
        kept = admin.execute(
            "SELECT (SELECT count(*) FROM revenue_ledger), (SELECT count(*) FROM dirty_orders)"
        ).fetchone()
    assert kept == (0, 0)
