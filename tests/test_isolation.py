"""What one tenant can see or change of another's rows: nothing, in every table and view."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import psycopg
import pytest

from skeldir.db.embedded import EmbeddedServer
from skeldir.db.pool import Database, open_database
from skeldir.matviews import CANONICAL_VIEWS
from tests.conftest import TEMPLATE, Clone, scratch_database
from tests.support.make import make_tenant, make_touch, send_touches
from tests.support.two_tenants import fill_two_tenants, unknown_tenant

# Values of the setting that name no tenant. None: it was never set.
NO_TENANT = (
    None,
    "",
    " ",
    "not-a-uuid",
    "NOT-A-UUID",
    "0; DROP TABLE tenants",
    "' OR true --",
    "00000000-0000-0000-0000-000000000000",
    "00000000-0000-0000-0000-00000000000",
    "*",
    "NULL",
)

# A receipt is written by the function that erases, so that none can be made up.
WRITTEN_BY_THE_OWNER = {"erasures"}


@dataclass(frozen=True, slots=True)
class Filled:
    """A database with rows of two tenants, and how many rows each table has of each of them."""

    database: Clone
    mine: UUID
    theirs: UUID
    tables: dict[str, dict[UUID, int]]

    def column(self, relation: str) -> str:
        return "id" if relation == "tenants" else "tenant_id"


RELATIONS = """
    SELECT c.relname, c.relkind IN ('r', 'p') AS is_table FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
      AND has_table_privilege('app_user', c.oid, 'SELECT')
      AND (c.relname = 'tenants'
           OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'))
    ORDER BY 1"""


@pytest.fixture(scope="module")
def filled(server: EmbeddedServer) -> Iterator[Filled]:
    """No test of this module that passes changes a row of it."""
    with scratch_database(server, template=TEMPLATE) as database:

        async def fill() -> tuple[UUID, UUID]:
            async with open_database(
                database.app_url, pool_size=2, statement_timeout_ms=30_000
            ) as pool:
                return await fill_two_tenants(pool)

        mine, theirs = asyncio.run(fill())
        yield Filled(database, mine, theirs, count_rows(database))


def count_rows(database: Clone) -> dict[str, dict[UUID, int]]:
    """Count each tenant's rows of every table, as a superuser."""
    with psycopg.connect(database.superuser_url) as connection:
        tables = [
            str(row[0]) for row in connection.execute(RELATIONS.encode()).fetchall() if row[1]
        ]
        return {
            table: dict(
                connection.execute(
                    f"SELECT {'id' if table == 'tenants' else 'tenant_id'}, count(*) FROM {table} GROUP BY 1".encode()
                ).fetchall()
            )
            for table in tables
        }


def list_relations(database: Clone) -> list[str]:
    """Return every table and view with a tenant that app_user may read."""
    with psycopg.connect(database.superuser_url) as connection:
        return [str(row[0]) for row in connection.execute(RELATIONS.encode()).fetchall()]


@asynccontextmanager
async def bound_to(
    filled: Filled, setting: str | None
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A plain connection of app_user; a setting is that of a transaction, which is rolled back."""
    connection = await asyncpg.connect(filled.database.app_url)
    try:
        if setting is not None:
            await connection.transaction().start()
            # As text, like set_tenant(): set_config() does not reach the shards of a distributed database.
            quoted = setting.replace("'", "''")
            await connection.execute(f"SET LOCAL app.current_tenant_id = '{quoted}'")
        yield connection
    finally:
        await connection.close()


def test_both_tenants_have_the_same_number_of_rows_in_every_table(filled: Filled) -> None:
    assert {
        "revenue_ledger",
        "attribution_events",
        "api_keys",
        "dead_events",
        "rollup_channel_day",
    } <= set(filled.tables)
    for table, counts in filled.tables.items():
        assert set(counts) == {filled.mine, filled.theirs}, f"let two_tenants.py write to {table}"
        assert counts[filled.mine] == counts[filled.theirs] >= 1, table


async def test_a_tenant_sees_all_of_its_own_rows_and_no_other_in_every_table_and_view(
    filled: Filled,
) -> None:
    relations = list_relations(filled.database)
    assert {view.reader for view in CANONICAL_VIEWS} <= set(relations)
    assert "order_balances" in relations
    for tenant in (filled.mine, filled.theirs):
        async with bound_to(filled, str(tenant)) as connection:
            for relation in relations:
                column = filled.column(relation)
                rows = await connection.fetch(
                    f"SELECT {column} AS tenant, count(*) FROM {relation} GROUP BY 1"
                )
                assert [row["tenant"] for row in rows] == [tenant], relation
                if relation in filled.tables:
                    assert rows[0]["count"] == filled.tables[relation][tenant], relation


async def test_asking_for_the_others_rows_by_name_finds_none(filled: Filled) -> None:
    async with bound_to(filled, str(filled.mine)) as connection:
        for relation in list_relations(filled.database):
            column = filled.column(relation)
            found = await connection.fetch(
                f"SELECT 1 FROM {relation} WHERE {column} = $1", filled.theirs
            )
            assert found == [], relation


@pytest.mark.parametrize("setting", NO_TENANT)
async def test_without_a_tenant_there_is_no_row_anywhere(
    filled: Filled, setting: str | None
) -> None:
    async with bound_to(filled, setting) as connection:
        for relation in list_relations(filled.database):
            assert await connection.fetchval(f"SELECT count(*) FROM {relation}") == 0, relation


async def test_another_spelling_of_a_tenants_id_is_that_tenant_and_no_other(
    filled: Filled,
) -> None:
    for spelling in (str(filled.mine).upper(), f"{{{filled.mine}}}"):
        async with bound_to(filled, spelling) as connection:
            assert await connection.fetchval("SELECT current_tenant_id()") == filled.mine
            assert await connection.fetchval("SELECT id FROM tenants") == filled.mine


async def read_a_row(filled: Filled, table: str) -> str:
    """Return one row of the other tenant as JSON, as a superuser."""
    connection = await asyncpg.connect(filled.database.superuser_url)
    try:
        row: str = await connection.fetchval(
            f"SELECT to_jsonb(t)::text FROM {table} t WHERE {filled.column(table)} = $1 LIMIT 1",
            filled.theirs,
        )
        return row
    finally:
        await connection.close()


async def assert_no_write(filled: Filled, setting: str | None) -> None:
    """Try to insert, change and delete a row of the other tenant in every table."""
    async with bound_to(filled, setting) as connection:
        for table in filled.tables:
            row = await read_a_row(filled, table)
            columns = ", ".join(await columns_to(connection, table, "INSERT"))
            if table in WRITTEN_BY_THE_OWNER:
                assert not columns, table
                continue
            insert = (
                f"INSERT INTO {table} ({columns})"
                f" SELECT {columns} FROM jsonb_populate_record(NULL::{table}, $1::jsonb) RETURNING 1"
            )
            with pytest.raises(asyncpg.InsufficientPrivilegeError) as refusal:
                async with connection.transaction():
                    await connection.execute(insert, row)
            # Every other tenant table may be written to; the row is refused, not the table.
            assert "row-level security policy" in str(refusal.value), table
            for column in await columns_to(connection, table, "UPDATE"):
                changed = await connection.execute(
                    f"UPDATE {table} SET {column} = {column} WHERE {filled.column(table)} = $1",
                    filled.theirs,
                )
                assert changed == "UPDATE 0", table
            if await connection.fetchval("SELECT has_table_privilege($1, 'DELETE')", table):
                deleted = await connection.execute(
                    f"DELETE FROM {table} WHERE {filled.column(table)} = $1", filled.theirs
                )
                assert deleted == "DELETE 0", table
    assert count_rows(filled.database) == filled.tables


async def columns_to(
    connection: asyncpg.Connection[asyncpg.Record], table: str, right: str
) -> list[str]:
    """Return the columns of a table for which the connection's role has a right, such as INSERT."""
    rows = await connection.fetch(
        """SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
           AND has_column_privilege(attrelid, attnum, $2)""",
        table, right,
    )  # fmt: skip
    return [row["attname"] for row in rows]


@pytest.mark.parametrize("setting", NO_TENANT)
async def test_without_a_tenant_every_write_is_refused(filled: Filled, setting: str | None) -> None:
    await assert_no_write(filled, setting)


async def test_a_row_of_another_tenant_cannot_be_written_changed_or_deleted(filled: Filled) -> None:
    await assert_no_write(filled, str(filled.mine))
    await assert_no_write(filled, str(unknown_tenant()))


async def test_a_row_cannot_be_handed_to_another_tenant(filled: Filled) -> None:
    async with bound_to(filled, str(filled.mine)) as connection:
        for table in filled.tables:
            assert filled.column(table) not in await columns_to(connection, table, "UPDATE"), table


@pytest.mark.parametrize("view", [view.name for view in CANONICAL_VIEWS])
async def test_a_canonical_view_cannot_be_read_directly(filled: Filled, view: str) -> None:
    for statement in (
        f"SELECT * FROM public.{view}",
        f"SELECT count(*) FROM {view}",
        f"SELECT tenant_id FROM {view} LIMIT 1",
        f"COPY {view} TO STDOUT",
        f"EXPLAIN ANALYZE SELECT * FROM {view}",
    ):
        async with bound_to(filled, str(filled.mine)) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match=view):
                await connection.execute(statement)


async def test_statistics_reveal_nothing_of_other_tenants(filled: Filled) -> None:
    with psycopg.connect(filled.database.superuser_url, autocommit=True) as admin:
        admin.execute("ANALYZE")
    async with bound_to(filled, str(filled.mine)) as connection:
        statistics = await connection.fetch(
            "SELECT tablename, attname FROM pg_stats WHERE schemaname = 'public' AND tablename = ANY($1)",
            [*filled.tables, *(view.name for view in CANONICAL_VIEWS)],
        )
    assert statistics == []


async def test_after_a_transaction_a_pooled_connection_has_no_tenant(filled: Filled) -> None:
    async with open_database(
        filled.database.app_url, pool_size=1, statement_timeout_ms=5_000
    ) as database:
        async with database.tenant(filled.mine) as connection:
            assert await connection.fetchval("SELECT current_tenant_id()") == filled.mine
        with pytest.raises(ZeroDivisionError):
            async with database.tenant(filled.mine) as connection:
                _ = 1 / 0
        async with database.unbound() as connection:
            assert await connection.fetchval(
                "SELECT current_setting('app.current_tenant_id', true)"
            ) in (None, "")
            assert await connection.fetchval("SELECT current_tenant_id()") is None
            assert await connection.fetchval("SELECT count(*) FROM revenue_ledger") == 0
        async with database.statement() as connection:
            assert await connection.fetchval("SELECT current_tenant_id()") is None


async def test_the_tenant_is_the_transactions_own_and_not_the_sessions(filled: Filled) -> None:
    """A pool resets a connection that is returned; here nothing does."""
    async with bound_to(filled, None) as connection:
        for is_kept in (True, False):
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("SELECT set_tenant($1)", filled.mine)
            assert await connection.fetchval("SELECT count(*) FROM tenants") == 1
            await (transaction.commit() if is_kept else transaction.rollback())
            assert (
                await connection.fetchval("SELECT current_setting('app.current_tenant_id', true)")
                == ""
            )
            assert await connection.fetchval("SELECT count(*) FROM tenants") == 0


async def test_200_interleaved_transactions_over_two_connections_never_mix(filled: Filled) -> None:
    async with open_database(
        filled.database.app_url, pool_size=2, statement_timeout_ms=5_000
    ) as database:
        seen = await asyncio.gather(
            *(
                look_twice(database, (filled.mine, filled.theirs)[number % 2])
                for number in range(200)
            )
        )
    assert all(seen)


async def look_twice(database: Database, tenant: UUID) -> bool:
    """Read a table and a reader with a pause between; return whether both showed only the tenant's own rows."""
    async with database.tenant(tenant) as connection:
        ledger = await connection.fetch("SELECT DISTINCT tenant_id FROM revenue_ledger")
        await asyncio.sleep(0)
        reader = await connection.fetch("SELECT DISTINCT tenant_id FROM realtime_revenue")
    return [row["tenant_id"] for row in (*ledger, *reader)] == [tenant, tenant]


async def test_the_same_ids_of_two_tenants_both_succeed_and_one_tenants_are_recorded_once(
    db: Database,
) -> None:
    mine, theirs = await make_tenant(db, "A"), await make_tenant(db, "A")
    for tenant in (mine, theirs):
        first = await send_touches(db, tenant, make_touch(idempotency_key="same"))
        again = await send_touches(db, tenant, make_touch(idempotency_key="same"))
        assert (first.accepted, first.duplicates, again.accepted, again.duplicates) == (1, 0, 0, 1)


async def test_a_tenant_cannot_be_created_under_another_id(db: Database, tenant: UUID) -> None:
    async with db.tenant(tenant) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute("INSERT INTO tenants (id, name) VALUES ($1, 'C')", uuid4())
