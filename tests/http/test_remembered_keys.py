"""A key is looked up once and then remembered, and its end takes effect in the application too."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

import httpx2
import orjson
import psycopg
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from skeldir.clock import utc_now
from skeldir.db.listening import Subscription
from skeldir.db.pool import Database
from skeldir.tenants import (
    KEYS_CHANNEL,
    KeyHolder,
    KeyMemory,
    authenticate,
    issue_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from tests.conftest import Clone
from tests.http.test_unknown_keys import listen_to_all, revoke_all
from tests.support.api import asking, bearer
from tests.support.deleting import ask_for_deletion
from tests.support.make import make_touch

if TYPE_CHECKING:
    from skeldir.db.pool import Connection

READING = "/v1/jobs"


@dataclass
class Door:
    """The application, and the statements that the requests of a test cause."""

    app: FastAPI
    client: httpx2.AsyncClient
    statements: Counter[str]

    def count(self, part: str) -> int:
        return sum(times for query, times in self.statements.items() if part in query)

    async def ask(self, headers: dict[str, str]) -> int:
        return (await self.client.get(READING, headers=headers)).status_code

    async def post(self, headers: dict[str, str]) -> httpx2.Response:
        return await self.client.post("/v1/touches", json=[make_touch()], headers=headers)

    async def seconds_accepted(self, headers: dict[str, str]) -> float:
        """Send requests until the key is refused; return after how many seconds the last accepted one was sent."""
        began_s = sent_at_s = monotonic()
        accepted_s = 0.0
        while await self.ask(headers) != 401:
            accepted_s = sent_at_s - began_s
            assert accepted_s < 10, "it is never refused"
            sent_at_s = monotonic()
        return accepted_s

    def hear_nothing(self) -> None:
        """Let the application remember keys as if there were no notifications, however slow this machine is."""
        self.app.state.key_memory = KeyMemory(Subscription(current_until_s=inf))


@pytest.fixture
async def door(clone: Clone) -> AsyncIterator[Door]:
    async with asking(clone.app_url) as (app, client):
        statements: Counter[str] = Counter()
        await listen_to_all(app.state.database, statements)
        door = Door(app, client, statements)
        await wait_until_it_remembers(door)
        yield door


async def wait_until_it_remembers(door: Door) -> None:
    memory = door.app.state.key_memory
    nobody = KeyHolder(UUID(int=0), UUID(int=0), frozenset())
    for _ in range(1_000):
        memory.remember(b"", nobody, memory.begin_look_up())
        if memory.recall(b""):
            return
        await asyncio.sleep(0.01)
    pytest.fail("the application does not listen")


def accepted() -> dict[str, float]:
    return {
        source: REGISTRY.get_sample_value("skeldir_http_keys_accepted_total", {"source": source})
        or 0.0
        for source in ("memory", "database")
    }


async def test_a_key_is_looked_up_once_and_then_used_without_a_query(
    door: Door, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    mine, theirs = [await bearer(db, owner, "read", "ingest") for owner in (tenant, other_tenant)]
    door.hear_nothing()
    before = accepted()
    for _ in range(10):
        for headers in (mine, theirs):
            assert await door.ask(headers) == 200
            assert (await door.post(headers)).json()["accepted"] == 1
    assert door.count("find_api_key") == 2
    after = accepted()
    assert {source: after[source] - before[source] for source in before} == {
        "memory": 38, "database": 2,
    }  # fmt: skip
    for owner in (tenant, other_tenant):
        async with db.tenant(owner) as connection:
            assert await connection.fetchval("SELECT count(*) FROM attribution_events") == 10


async def test_a_remembered_key_has_its_scopes_and_no_others(
    door: Door, db: Database, tenant: UUID
) -> None:
    reading, ingesting = await bearer(db, tenant, "read"), await bearer(db, tenant, "ingest")
    door.hear_nothing()
    for _ in range(2):
        assert [await door.ask(reading), await door.ask(ingesting)] == [200, 403]
        answers = [await door.post(reading), await door.post(ingesting)]
        assert [answer.status_code for answer in answers] == [403, 200]
    assert door.count("find_api_key") == 2


async def test_the_use_of_a_remembered_key_is_noted_once(
    door: Door, db: Database, tenant: UUID
) -> None:
    headers = await bearer(db, tenant, "read", "ingest")
    for _ in range(3):
        await door.ask(headers)
        await door.post(headers)
    assert door.count("last_used_at = greatest") == 1
    async with db.tenant(tenant) as connection:
        (key,) = await list_keys(connection, tenant)
    assert key.last_used_at is not None


async def test_a_use_whose_record_was_rolled_back_is_recorded_again(
    door: Door, db: Database, clone: Clone, tenant: UUID
) -> None:
    headers = await bearer(db, tenant, "read", "ingest")
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute("ALTER TABLE attribution_events ADD CONSTRAINT none_today CHECK (false)")
        assert (await door.post(headers)).status_code == 500
        admin.execute("ALTER TABLE attribution_events DROP CONSTRAINT none_today")
    for _ in range(2):
        assert (await door.post(headers)).status_code == 200
    assert door.count("last_used_at = greatest") == 2


async def test_a_revoked_key_is_refused_within_a_second_and_others_are_still_in_force(
    door: Door, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    ended, kept = await bearer(db, tenant, "read"), await bearer(db, other_tenant, "read")
    assert [await door.ask(ended), await door.ask(kept)] == [200, 200]
    async with db.tenant(tenant) as connection:
        await revoke_all(connection, tenant)
    assert await door.seconds_accepted(ended) < 1
    assert await door.ask(kept) == 200


async def test_a_rotated_key_is_refused_within_a_second_and_its_successor_is_in_force_at_once(
    door: Door, db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        old = await issue_key(connection, tenant, name="site", scopes=["read"], expires_at=None)
    headers = {"Authorization": f"Bearer {old.secret}"}
    assert await door.ask(headers) == 200
    async with db.tenant(tenant) as connection:
        new = await rotate_key(connection, tenant, old.key_id, overlap=timedelta(0))
    assert await door.ask({"Authorization": f"Bearer {new.new.secret}"}) == 200
    assert await door.seconds_accepted(headers) < 1


async def test_the_overlap_of_a_rotation_ends_a_remembered_key_by_the_clock_of_the_database(
    door: Door, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with db.tenant(tenant) as connection:
        old = await issue_key(connection, tenant, name="site", scopes=["read"], expires_at=None)
    headers = {"Authorization": f"Bearer {old.secret}"}
    assert await door.ask(headers) == 200
    async with db.tenant(tenant) as connection:
        rotation = await rotate_key(connection, tenant, old.key_id, overlap=timedelta(seconds=1.5))
    # The clock of the application's machine does not matter.
    monkeypatch.setattr("skeldir.tenants.keys.utc_now", lambda: utc_now() - timedelta(hours=1))
    answered: list[tuple[bool, int]] = []
    async with db.statement() as connection:

        async def is_over() -> bool:
            now: datetime = await connection.fetchval("SELECT clock_timestamp()")
            return now >= rotation.old_ends_at

        while len(answered) < 5_000 and not (answered and answered[-1][0]):
            was_over = await is_over()
            status = await door.ask(headers)
            # A request in progress at that very moment may get either response.
            if was_over == await is_over():
                answered.append((was_over, status))
    assert set(answered) == {(False, 200), (True, 401)}
    assert len(answered) > 10
    # Once before the rotation, once after it, and again in the last milliseconds.
    assert door.count("find_api_key") < len(answered) / 2


async def test_a_key_that_is_revoked_while_it_is_looked_up_is_not_remembered(
    door: Door, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = await bearer(db, tenant, "read")

    async def authenticate_and_revoke(connection: Connection, secret: str) -> KeyHolder | None:
        holder = await authenticate(connection, secret)
        assert holder is not None
        async with db.tenant(tenant) as revoking:
            await revoke_key(revoking, tenant, holder.key_id)
        # The notification arrives before the result of the look-up is processed.
        await asyncio.sleep(0.5)  # longer than a look-up counts as new
        return holder

    with monkeypatch.context() as patched:
        patched.setattr("skeldir.http.access.authenticate", authenticate_and_revoke)
        # It took so long that the key is looked up again.
        assert await door.ask(headers) == 401
    assert await door.ask(headers) == 401


async def test_a_revocation_without_a_notification_is_noticed_when_the_key_is_looked_up_again(
    door: Door, db: Database, clone: Clone, tenant: UUID
) -> None:
    headers = await bearer(db, tenant, "read")
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("DROP TRIGGER notify_keys_ended ON api_keys")
    nothing_is_heard = Subscription(current_until_s=inf)
    door.app.state.key_memory = KeyMemory(nothing_is_heard, longest_s=2)
    assert await door.ask(headers) == 200
    async with db.tenant(tenant) as connection:
        await revoke_all(connection, tenant)
    assert 0.3 < await door.seconds_accepted(headers) < 2


async def test_a_key_that_ends_while_the_body_arrives_records_nothing(
    door: Door, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    ended, kept = await bearer(db, tenant), await bearer(db, other_tenant)

    async def body() -> AsyncIterator[bytes]:
        yield orjson.dumps(make_touch()) + b"\n"
        async with db.tenant(tenant) as connection:
            await revoke_all(connection, tenant)
        await asyncio.sleep(0.5)  # longer than a look-up counts as new
        yield orjson.dumps(make_touch()) + b"\n"

    answers = [
        await door.client.post(
            "/v1/touches",
            content=body(),
            headers=headers | {"Content-Type": "application/x-ndjson"},
        )
        for headers in (ended, kept)
    ]
    assert (answers[0].status_code, answers[0].json()["code"]) == (401, "key_invalid")
    assert answers[1].json()["accepted"] == 2
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM attribution_events") == 0
        (key,) = await list_keys(connection, tenant)
    assert key.last_used_at is None


async def test_a_key_that_ends_while_a_connection_is_waited_for_reads_nothing(
    door: Door, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    ended, kept = await bearer(db, tenant, "read"), await bearer(db, other_tenant, "read")
    assert [await door.ask(ended), await door.ask(kept)] == [200, 200]
    pool = door.app.state.database.pool
    taken = [await pool.acquire() for _ in range(pool.get_max_size())]
    waiting = [asyncio.create_task(door.ask(headers)) for headers in (ended, kept)]
    await asyncio.sleep(0.1)  # until both wait for a connection, which cannot be observed
    async with db.tenant(tenant) as connection:
        await revoke_all(connection, tenant)
    await asyncio.sleep(0.5)  # longer than a look-up counts as new
    for each in taken:
        await pool.release(each)
    assert await asyncio.gather(*waiting) == [401, 200]


async def test_a_request_that_does_not_wait_looks_its_key_up_only_once(
    door: Door, db: Database, tenant: UUID
) -> None:
    headers = await bearer(db, tenant, "read", "ingest")
    for _ in range(5):
        await door.ask(headers)
        await door.post(headers)
    assert door.count("revoked_at IS NULL") <= 1


async def test_a_false_notification_only_makes_keys_be_looked_up_again(
    door: Door, db: Database, clone: Clone, tenant: UUID
) -> None:
    headers = await bearer(db, tenant, "read")
    assert await door.ask(headers) == 200
    with psycopg.connect(clone.app_url) as connection:
        connection.execute("SELECT pg_notify(%s, 'rubbish')", (KEYS_CHANNEL,))
    began_s = monotonic()
    while door.count("find_api_key") < 2:
        assert await door.ask(headers) == 200
        assert monotonic() - began_s < 5


@pytest.mark.parametrize("is_notified", [True, False])
async def test_a_remembered_key_of_a_deleted_tenant_does_nothing_and_is_no_longer_valid(
    door: Door, db: Database, clone: Clone, tenant: UUID, other_tenant: UUID, is_notified: bool
) -> None:
    gone, kept = [await bearer(db, owner, "read", "ingest") for owner in (tenant, other_tenant)]
    assert [await door.ask(gone), await door.ask(kept)] == [200, 200]
    if not is_notified:
        with psycopg.connect(clone.superuser_url) as admin:
            admin.execute("DROP TRIGGER notify_keys_ended ON api_keys")
    await ask_for_deletion(clone, tenant)
    answers = [
        await door.post(gone),
        await door.client.get(READING, headers=gone),
        await door.client.post("/v1/touches", json=[make_touch()] * 1_000, headers=gone),
    ]
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(401, "key_invalid")}
    assert await door.ask(kept) == 200
    with psycopg.connect(clone.superuser_url) as admin:
        assert admin.execute("SELECT count(*) FROM attribution_events").fetchone() == (0,)
