"""The one place where transactions are opened: what it refuses, and its errors when the server goes away."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest

from skeldir.cli.runtime import Runtime
from skeldir.db.locks import try_lock
from skeldir.db.pool import Database, DatabaseUnreachable, open_database
from skeldir.db.requirements import RuntimeRoleUnsafe
from skeldir.settings import load_settings
from skeldir.tenants import load_profile, profile_from
from tests.conftest import Clone
from tests.support.refreshing import superuser_of
from tests.support.waiting import until_waiting_for_a_lock

if TYPE_CHECKING:
    from skeldir.db.pool import Connection


async def open_and_close(url: str) -> None:
    async with open_database(url, pool_size=1, statement_timeout_ms=1_000):
        pass


async def test_a_role_that_row_level_security_does_not_bind_is_refused(clone: Clone) -> None:
    role = f"unbound_{uuid4().hex}"
    async with superuser_of(clone) as superuser:
        await superuser.execute(f"CREATE ROLE {role} LOGIN BYPASSRLS")
        try:
            for user in ("postgres", role):
                with pytest.raises(RuntimeRoleUnsafe, match=user) as refusal:
                    await open_and_close(clone.server.url(user=user, database=clone.name))
                assert "app_user" in refusal.value.cure
        finally:
            await superuser.execute(f"DROP ROLE {role}")


async def test_a_database_that_is_not_there_is_unreachable(clone: Clone) -> None:
    for url in (
        clone.server.url(user="app_user", database="nowhere"),
        clone.server.url(user="nobody", database=clone.name),
        "postgresql://app_user@127.0.0.1:1/nowhere",
    ):
        with pytest.raises(DatabaseUnreachable):
            await open_and_close(url)


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg", "postgresql+asyncpg"])
async def test_each_of_the_three_schemes_connects(clone: Clone, scheme: str) -> None:
    await open_and_close(clone.app_url.replace("postgresql", scheme, 1))


async def end_all_sessions(clone: Clone) -> None:
    async with superuser_of(clone) as superuser:
        await superuser.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def lose_it(clone: Clone, opened: AbstractAsyncContextManager[Connection]) -> None:
    async with opened as connection:
        await end_all_sessions(clone)
        await connection.execute("SELECT 1")


async def test_a_lost_connection_is_reported_as_such_and_the_next_one_works(
    db: Database, clone: Clone
) -> None:
    for open_one in (db.statement, db.unbound, lambda: db.tenant(uuid4())):
        with pytest.raises(DatabaseUnreachable, match="was lost") as caught:
            await lose_it(clone, open_one())
        assert caught.value.status == 503
        async with open_one() as connection:
            assert await connection.fetchval("SELECT 1") == 1


async def test_a_server_that_has_gone_is_unreachable_and_not_an_internal_error(
    clone: Clone,
) -> None:
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=1_000) as database:
        await close_to_all(clone)
        for open_one in (database.statement, database.unbound, lambda: database.tenant(uuid4())):
            with pytest.raises(DatabaseUnreachable):
                await use(open_one())


async def close_to_all(clone: Clone) -> None:
    """Make the database unreachable for the program."""
    connection = await asyncpg.connect(clone.server.url())
    await connection.execute(f"ALTER DATABASE {clone.name} ALLOW_CONNECTIONS false")
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1",
        clone.name,
    )
    await connection.close()


async def use(opened: AbstractAsyncContextManager[Connection]) -> None:
    async with opened as connection:
        await connection.execute("SELECT 1")


async def test_an_error_of_a_statement_is_not_taken_for_a_lost_connection(db: Database) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with db.unbound() as connection:
            await connection.execute("SELECT 1 FROM there_is_no_such_table")
    with pytest.raises(asyncpg.DataError):
        async with db.unbound() as connection:
            await connection.fetchval("SELECT $1::integer", "not a number")


async def fail_after_writing(db: Database, tenant: UUID) -> None:
    async with db.tenant(tenant) as connection:
        await connection.execute(
            "INSERT INTO channels (tenant_id, code, label) VALUES ($1, 'radio', 'Radio')", tenant
        )
        _ = 1 / 0


async def test_what_was_written_before_an_error_is_not_kept(db: Database, tenant: UUID) -> None:
    with pytest.raises(ZeroDivisionError):
        await fail_after_writing(db, tenant)
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM channels") == 0


async def leave_marks(connection: Connection) -> None:
    """Give the session state that outlives a transaction."""
    await connection.execute("SELECT pg_advisory_lock(42)")
    await connection.execute("LISTEN somebody")
    await connection.execute("SET work_mem = '5MB'")


async def marks_of(database: Database) -> tuple[object, ...]:
    async with database.statement() as connection:
        row = await connection.fetchrow(
            """SELECT current_setting('work_mem'), array(SELECT pg_listening_channels()),
                      (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())"""
        )
    assert row is not None
    return tuple(row)


async def test_sessions_of_every_role_bind_the_tenant_on_the_nodes_of_citus_too(
    clone: Clone,
) -> None:
    setting = "SELECT current_setting('citus.propagate_set_commands')"
    for url in (clone.app_url, clone.migrator_url):
        async with (
            open_database(url, pool_size=1, statement_timeout_ms=5_000) as database,
            database.statement() as connection,
        ):
            assert await connection.fetchval(setting) == "local"
        runtime = Runtime(load_settings(), url, url)
        async with runtime.operator() as operator:
            assert await operator.fetchval(setting) == "local"


@pytest.mark.parametrize("end", ["a commit", "a fault", "a statement"])
async def test_no_session_state_reaches_the_next_user_of_a_connection(
    clone: Clone, tenant: UUID, end: str
) -> None:
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=5_000) as database:
        untouched = await marks_of(database)
        if end == "a statement":
            async with database.statement() as connection:
                await leave_marks(connection)
        else:
            with suppress(ZeroDivisionError):
                async with database.tenant(tenant) as connection:
                    await leave_marks(connection)
                    _ = 1 / (end == "a commit")
        assert await marks_of(database) == untouched


async def test_a_commit_resets_the_connection_in_the_same_round_trip(
    clone: Clone, tenant: UUID
) -> None:
    sent: list[str] = []
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=5_000) as database:
        async with database.statement() as connection:
            connection.add_query_logger(lambda logged: sent.append(logged.query))
        sent.clear()
        async with database.tenant(tenant) as connection:
            await connection.execute("SELECT 1")
        assert [text.split(" ")[0] for text in sent] == ["BEGIN", "SELECT", "SELECT", "COMMIT;"]


async def test_a_transaction_begins_with_the_lock_that_it_names(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    async with db.tenant(tenant, locked="a lock"):
        async with db.tenant(tenant) as other:
            assert not await try_lock(other, "a lock")
        waiting = asyncio.create_task(use(db.tenant(tenant, locked="a lock")))
        await until_waiting_for_a_lock(db)
        assert not waiting.done()
    await asyncio.wait_for(waiting, 5)


async def test_a_tenant_is_known_in_the_transaction_that_is_bound_to_it_and_only_there(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await connection.execute(
            "INSERT INTO channels (tenant_id, code, label) VALUES ($1, 'radio', 'Radio')", tenant
        )
        written = await load_profile(connection, tenant)
    async with db.known_tenant(tenant, is_read_only=True) as (connection, known):
        assert known is not None
        assert profile_from(tenant, known) == written
        assert written.own_channels == {"radio"}
        assert await connection.fetchval("SELECT array_agg(id) FROM tenants") == [tenant]
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("DELETE FROM dirty_days")
    async with db.known_tenant(other_tenant) as (_, known):
        assert known is not None
        assert known["own_channels"] == []


async def test_a_transaction_that_is_bound_to_a_tenant_cannot_open_another(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        rows = "SELECT count(*) FROM open_tenant($1, NULL)"
        assert await connection.fetchval(rows, other_tenant) == 0
        assert await connection.fetchval("SELECT current_tenant_id()") == tenant
        assert await connection.fetchval(rows, tenant) == 1


async def test_nothing_is_known_of_a_tenant_that_is_leaving_or_was_never_there(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    async with db.known_tenant(uuid4()) as (_, known):
        assert known is None
    async with superuser_of(clone) as superuser:
        await superuser.execute(
            "SELECT request_tenant_deletion($1, false, $2, $3, $4)",
            tenant,
            uuid4(),
            uuid4(),
            uuid4(),
        )
    async with db.known_tenant(tenant) as (connection, known):
        assert known is None
        assert await connection.fetchval("SELECT count(*) FROM tenants") == 0


async def test_a_shared_lock_is_taken_before_the_tenant_is_read(db: Database, tenant: UUID) -> None:
    async def read_own_channels() -> list[str]:
        async with db.known_tenant(tenant, shared="some lock") as (_, known):
            assert known is not None
            return list(known["own_channels"])

    async with db.known_tenant(tenant, shared="some lock"), db.tenant(tenant) as another:
        assert not await try_lock(another, "some lock")
        assert await read_own_channels() == []
    async with db.tenant(tenant, locked="some lock") as holder:
        reading = asyncio.create_task(read_own_channels())
        await until_waiting_for_a_lock(db)
        await holder.execute(
            "INSERT INTO channels (tenant_id, code, label) VALUES ($1, 'radio', 'Radio')", tenant
        )
    assert await reading == ["radio"]


async def test_a_connection_that_is_lost_while_it_is_made_is_an_unreachable_database(
    clone: Clone,
) -> None:
    proven = 0

    async def prove(_connection: Connection) -> None:
        nonlocal proven
        proven += 1
        if proven > 1:
            # What the driver raises if the server goes away between two messages of a statement.
            raise asyncpg.InternalClientError("cannot switch to state 12")

    async with (
        open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000, prove=prove) as db,
        db.statement(),
    ):
        with pytest.raises(DatabaseUnreachable):
            async with db.statement():
                pass
    with pytest.raises(DatabaseUnreachable):
        async with open_database(
            clone.app_url, pool_size=1, statement_timeout_ms=30_000, prove=prove
        ):
            pass
