"""How long the pool waits: for a connection, a statement, its own end; and what a read-only transaction does."""

from __future__ import annotations

import asyncio
from time import monotonic
from uuid import UUID

import asyncpg
import psycopg
import pytest

from skeldir.db.pool import (
    Database,
    DatabaseBusy,
    DatabaseUnreachable,
    QueryTooSlow,
    open_database,
    wake_after_commit,
)
from tests.conftest import Clone
from tests.support.embedded import wait_until

INSERT = "INSERT INTO channels (tenant_id, code, label) VALUES ($1, 'radio', 'Radio')"


async def use(database: Database) -> None:
    async with database.statement() as connection:
        await connection.execute("SELECT 1")


async def test_a_caller_without_a_connection_in_time_learns_that_all_are_in_use(
    clone: Clone,
) -> None:
    async with open_database(
        clone.app_url, pool_size=1, statement_timeout_ms=5_000, pool_timeout_s=0.2
    ) as database:
        async with database.statement():
            began = monotonic()
            with pytest.raises(DatabaseBusy, match=r"within 0\.2 s") as caught:
                await use(database)
            assert 0.15 < monotonic() - began < 1
        assert caught.value.status == 503
        await use(database)


async def write_and_sleep(
    database: Database, tenant: UUID, *, timeout_s: float | None = None
) -> None:
    async with database.tenant(tenant) as connection:
        await connection.execute(INSERT, tenant)
        await connection.execute("SELECT pg_sleep(10)", timeout=timeout_s)


async def test_a_statement_cancelled_by_the_server_is_too_slow_and_keeps_nothing(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=100) as database:
        with pytest.raises(QueryTooSlow) as caught:
            await write_and_sleep(database, tenant)
        assert caught.value.status == 503
        async with database.tenant(tenant) as connection:
            assert await connection.fetchval("SELECT count(*) FROM channels") == 0


async def test_a_statement_abandoned_by_the_client_ends_its_connection_and_keeps_nothing(
    clone: Clone, tenant: UUID
) -> None:
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=5_000) as database:
        async with database.unbound() as connection:
            before = connection.get_server_pid()
        began = monotonic()
        with pytest.raises(DatabaseUnreachable, match="no longer answers"):
            await write_and_sleep(database, tenant, timeout_s=0.1)
        assert monotonic() - began < 1
        async with database.tenant(tenant) as connection:
            assert connection.get_server_pid() != before
            assert await connection.fetchval("SELECT count(*) FROM channels") == 0


async def sleep_longer_than_allowed(
    database: Database, sleep_s: float, timeout_s: float | None = None
) -> None:
    """Give the server a longer time-out than the pool has, as a refresh of a view does."""
    async with database.unbound() as connection:
        await connection.execute("SELECT set_config('statement_timeout', '10000', true)")
        await connection.execute("SELECT pg_sleep($1)", sleep_s, timeout=timeout_s)


async def test_the_client_waits_a_little_longer_than_the_server_works_by_default(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skeldir.db.pool.GRACE_S", 0.3)
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=100) as database:
        await sleep_longer_than_allowed(database, 0.2)
        await sleep_longer_than_allowed(database, 0.6, timeout_s=10)
        began = monotonic()
        with pytest.raises(DatabaseUnreachable):
            await sleep_longer_than_allowed(database, 10)
        assert 0.4 < monotonic() - began < 1.5


async def test_a_read_only_transaction_reads_one_moment_and_writes_nothing(
    db: Database, tenant: UUID
) -> None:
    count = "SELECT count(*) FROM channels"
    async with db.tenant(tenant, is_read_only=True) as connection:
        assert await connection.fetchval(count) == 0
        async with db.tenant(tenant) as writer:
            await writer.execute(INSERT, tenant)
        assert await connection.fetchval(count) == 0
        assert await connection.fetchval("SHOW transaction_read_only") == "on"
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute(INSERT.replace("radio", "tv"), tenant)
    async with db.tenant(tenant, is_read_only=True) as connection:
        assert await connection.fetchval(count) == 1


async def test_a_read_only_transaction_does_not_make_the_next_one_so(
    clone: Clone, tenant: UUID
) -> None:
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=5_000) as database:
        async with database.tenant(tenant, is_read_only=True) as connection:
            await connection.fetchval("SELECT 1")
        async with database.tenant(tenant) as connection:
            await connection.execute(INSERT, tenant)
            level = await connection.fetchval("SELECT current_setting('transaction_isolation')")
    assert level == "read committed"


def is_sleeping(watcher: psycopg.Connection[tuple[object, ...]]) -> bool:
    row = watcher.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event = 'PgSleep'"
    ).fetchone()
    return row == (1,)


async def test_a_task_that_is_cancelled_leaves_nothing_and_gives_its_connection_back(
    clone: Clone, tenant: UUID
) -> None:
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=5_000) as database:
        task = asyncio.create_task(write_and_sleep(database, tenant))
        with psycopg.connect(clone.superuser_url, autocommit=True) as watcher:
            await asyncio.to_thread(wait_until, lambda: is_sleeping(watcher))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with database.tenant(tenant) as connection:
            assert await connection.fetchval("SELECT count(*) FROM channels") == 0


async def commit_with(database: Database, tenant: UUID, statement: str) -> None:
    async with database.tenant(tenant) as connection:
        wake_after_commit(connection, "attribution.credit")
        await connection.execute(statement, tenant)


@pytest.mark.one_server("a distributed table has no triggers")
async def test_no_worker_is_woken_for_a_failed_commit(clone: Clone, tenant: UUID) -> None:
    woken: list[frozenset[str]] = []
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END'"
        )
        admin.execute(
            "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON channels"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()"
        )
    async with open_database(
        clone.app_url, pool_size=1, statement_timeout_ms=5_000, wake=woken.append
    ) as database:
        with pytest.raises(asyncpg.RaiseError):
            await commit_with(database, tenant, INSERT)
        assert woken == []
        await commit_with(database, tenant, "SELECT $1::uuid")
        assert woken == [frozenset({"attribution.credit"})]


async def test_a_pool_with_a_connection_that_is_never_given_back_is_closed_all_the_same(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skeldir.db.pool.CLOSE_S", 0.3)
    began = monotonic()
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=5_000) as database:
        await database.pool.acquire()
    assert monotonic() - began < 3
