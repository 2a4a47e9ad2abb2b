"""One tenant's load does not affect others: they, and monitoring, always find connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import httpx2
import orjson
import psycopg
import pytest
from fastapi import FastAPI

from skeldir.db.lock_keys import lock_key
from skeldir.db.pool import Database
from skeldir.rollups import ingest_lock
from tests.conftest import Clone
from tests.support.api import asking, bearer, serving_on_loopback
from tests.support.embedded import wait_until
from tests.support.make import make_conversion, make_tenant, make_touch

REFUSALS = {(429, "tenant_busy"), (503, "tenant_locked")}
READING = ("/v1/attribution/channels", "/v1/revenue/daily", "/v1/dead-events", "/v1/jobs")


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant, and the header with its key."""

    tenant: UUID
    key: dict[str, str]


@dataclass(frozen=True, slots=True)
class Town:
    """Three tenants and the application that they share."""

    app: FastAPI
    client: httpx2.AsyncClient
    clone: Clone
    a: Shop
    b: Shop
    c: Shop

    async def post(self, shop: Shop) -> httpx2.Response:
        return await self.client.post("/v1/touches", json=[make_touch()], headers=shop.key)

    async def post_large(self, shop: Shop) -> httpx2.Response:
        """Post a body that is large enough for a transaction of its own."""
        body = orjson.dumps([make_touch()]) + b" " * 100_000
        return await self.client.post("/v1/touches", content=body, headers=shop.key)

    def crowd(self, shop: Shop, size: int = 10) -> list[asyncio.Task[httpx2.Response]]:
        """Start `size` requests of a tenant at once, each of which needs a connection."""
        return [asyncio.create_task(self.post_large(shop)) for _ in range(size)]

    @contextmanager
    def locked(self, *shops: Shop) -> Iterator[None]:
        """Hold the ingest locks of tenants, as a run or an operator may; they end with the block."""
        with psycopg.connect(self.clone.superuser_url) as holder:
            for shop in shops:
                key = lock_key(ingest_lock(shop.tenant))
                holder.execute("SELECT pg_advisory_xact_lock(%s)", (key,))
            yield

    async def wait_for_waiters(self, how_many: int) -> None:
        """Wait until `how_many` transactions wait for a lock of the database."""

        def do_wait() -> bool:
            row = watcher.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchone()
            return row is not None and row[0] >= how_many

        with psycopg.connect(self.clone.superuser_url, autocommit=True) as watcher:
            await asyncio.to_thread(wait_until, do_wait)

    async def assert_all_is_well(self, shop: Shop) -> None:
        """Send every kind of request as a tenant, and as monitoring."""
        answers = [
            await self.post(shop),
            await self.client.post("/v1/conversions", json=[make_conversion()], headers=shop.key),
            *[await self.client.get(path, headers=shop.key) for path in READING],
            *[await self.client.get(path) for path in ("/health/ready", "/metrics")],
        ]
        assert {answer.status_code for answer in answers} == {200}, [a.text for a in answers]

    def count_touches(self, shop: Shop) -> int:
        with psycopg.connect(self.clone.superuser_url) as admin:
            row = admin.execute(
                "SELECT count(*) FROM attribution_events WHERE tenant_id = %s", (shop.tenant,)
            ).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def patience_s() -> str:
    """How long a request waits for its tenant's share; tests may override it."""
    return "1.5"


@pytest.fixture
async def town(
    clone: Clone, db: Database, patience_s: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    monkeypatch.setenv("SKELDIR_LOCK_TIMEOUT_MS", "2000")
    monkeypatch.setenv("SKELDIR_POOL_TIMEOUT_S", patience_s)
    shops = []
    for name in "ABC":
        tenant = await make_tenant(db, name)
        shops.append(Shop(tenant, await bearer(db, tenant, "ingest", "read")))
    async with asking(clone.app_url) as (app, client):
        # From here on the use of each key is recorded, and its tenant has written something.
        for shop in shops:
            answer = await client.post("/v1/touches", json=[make_touch()], headers=shop.key)
            assert answer.status_code == 200
        yield Town(app, client, clone, *shops)


def assert_refused(answers: list[httpx2.Response]) -> set[tuple[int, str]]:
    """Assert that each was refused with Retry-After, without naming the cause; return the codes."""
    for answer in answers:
        assert 1 <= int(answer.headers["retry-after"]) <= 3
        assert answer.headers["content-type"] == "application/problem+json"
    refused_with = {(answer.status_code, answer.json()["code"]) for answer in answers}
    assert refused_with <= REFUSALS
    return refused_with


async def test_a_tenant_whose_requests_wait_for_a_lock_stops_neither_another_nor_readiness(
    town: Town,
) -> None:
    with town.locked(town.a):
        crowd = town.crowd(town.a)
        await town.wait_for_waiters(4)
        await town.assert_all_is_well(town.b)
        assert not any(task.done() and task.result().status_code == 200 for task in crowd)
        # Some waited for the lock, the others for these to end.
        assert assert_refused(await asyncio.wait_for(asyncio.gather(*crowd), 5)) == REFUSALS
        # Reads that need no lock succeed.
        for path in READING:
            assert (await town.client.get(path, headers=town.a.key)).status_code == 200
    assert town.count_touches(town.a) == 1
    await town.assert_all_is_well(town.a)
    assert town.count_touches(town.a) == 2


@pytest.mark.slow
async def test_two_tenants_that_wait_for_locks_do_not_stop_a_third(town: Town) -> None:
    with town.locked(town.a, town.b):
        crowd = town.crowd(town.a) + town.crowd(town.b)
        await town.wait_for_waiters(6)
        await town.assert_all_is_well(town.c)
        assert_refused(await asyncio.wait_for(asyncio.gather(*crowd), 5))
    for shop in (town.a, town.b):
        await town.assert_all_is_well(shop)


@pytest.mark.parametrize("patience_s", ["30"])
async def test_a_tenant_is_not_kept_waiting_by_how_many_of_another_wait(town: Town) -> None:
    crowd = town.crowd(town.a, 60)
    async with asyncio.timeout(10):
        assert (await town.post(town.b)).status_code == 200
        still_waiting = sum(not task.done() for task in crowd)
        answers = await asyncio.gather(*crowd)
    assert {answer.status_code for answer in answers} == {200}
    assert still_waiting > 30


@pytest.mark.parametrize("patience_s", ["30"])
async def test_waiting_requests_learn_of_a_lost_database_and_their_share_is_restored(
    town: Town,
) -> None:
    with town.locked(town.a):
        crowd = town.crowd(town.a)
        await town.wait_for_waiters(4)
        await asyncio.to_thread(change_connections, town.clone, are_allowed=False)
        answers = await asyncio.wait_for(asyncio.gather(*crowd), 5)
        assert {answer.json()["code"] for answer in answers} == {"database_unreachable"}
    change_connections(town.clone, are_allowed=True)
    with town.locked(town.a):
        crowd = town.crowd(town.a)
        await town.wait_for_waiters(4)
        await town.assert_all_is_well(town.b)
    await asyncio.gather(*crowd)
    await town.assert_all_is_well(town.a)


def change_connections(clone: Clone, *, are_allowed: bool) -> None:
    with psycopg.connect(clone.server.url(), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {clone.name} ALLOW_CONNECTIONS {are_allowed}")
        if not are_allowed:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND usename = 'app_user'",
                (clone.name,),
            )


@pytest.mark.slow
async def test_those_who_are_cancelled_while_they_wait_take_nothing_with_them(town: Town) -> None:
    for _ in range(4):
        with town.locked(town.a):
            crowd = town.crowd(town.a)
            # As many as before wait for the lock each time, so its share is complete again.
            await town.wait_for_waiters(4)
            for task in crowd:
                task.cancel()
            await asyncio.gather(*crowd, return_exceptions=True)
    await town.assert_all_is_well(town.a)


async def test_those_who_hang_up_while_they_wait_take_nothing_with_them(town: Town) -> None:
    body = orjson.dumps([make_touch()]) + b" " * 100_000
    head = (
        f"POST /v1/touches HTTP/1.1\r\nHost: test\r\nAuthorization: {town.a.key['Authorization']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    async with serving_on_loopback(town.app) as port:
        for _ in range(2):
            with town.locked(town.a):
                writers = []
                for _ in range(10):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(head.encode() + body)
                    writers.append(writer)
                await town.wait_for_waiters(4)
                for writer in writers:
                    writer.transport.abort()
            # The deliveries of clients that hung up are recorded, now that the lock is free.
            await town.assert_all_is_well(town.a)
    with town.locked(town.a):
        crowd = town.crowd(town.a)
        await town.wait_for_waiters(4)
    await asyncio.gather(*crowd)
    await town.assert_all_is_well(town.a)
