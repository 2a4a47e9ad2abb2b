"""A database that grew on one server is distributed in place: the same rows, the same reports, and nobody sees more."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from skeldir.attribution import channel_totals, credit_dirty_orders
from skeldir.db.pool import Database, open_database
from skeldir.migrations.run import upgrade
from skeldir.revenue import ledger_totals
from skeldir.scale import DISTRIBUTED, apply_scale
from tests.conftest import Clone
from tests.support.make import make_touch, send_touches
from tests.support.scaled import count_on_shards, faults_of, on_nodes
from tests.support.two_tenants import fill_two_tenants

pytestmark = pytest.mark.citus


def rows_of(clone: Clone) -> dict[str, list[str]]:
    """Return every row of the tables that are distributed, as sorted texts."""
    with psycopg.connect(clone.superuser_url, options="-c timezone=UTC") as admin:
        return {
            table: sorted(
                str(row)
                for (row,) in admin.execute(
                    sql.SQL("SELECT to_jsonb(t)::text FROM {} t").format(
                        sql.Identifier("public", table)
                    )
                )
            )
            for table in DISTRIBUTED
        }


async def reports_of(database: Database, tenants: tuple[UUID, UUID]) -> list[object]:
    found: list[object] = []
    for tenant in tenants:
        async with database.tenant(tenant, is_read_only=True) as connection:
            found.append(await ledger_totals(connection, tenant))
            found.append(await channel_totals(connection, tenant))
    return found


async def test_a_grown_database_is_distributed_in_place(empty_database: Clone) -> None:
    upgrade(empty_database.migrator_url)
    async with open_database(
        empty_database.app_url, pool_size=2, statement_timeout_ms=30_000
    ) as database:
        tenants = await fill_two_tenants(database)
        reports = await reports_of(database, tenants)
    rows = rows_of(empty_database)
    assert set(faults_of(empty_database)) >= {"tables"}

    applied = apply_scale(empty_database.superuser_url)
    assert {table: content.rows for table, content in applied.distributed.items()} == {
        table: len(found) for table, found in rows.items()
    }
    assert rows_of(empty_database) == rows
    copies = {fault.partition(" ")[0] for fault in faults_of(empty_database).pop("copies")}
    assert copies >= {table for table, found in rows.items() if found}

    assert set(apply_scale(empty_database.superuser_url, truncates_local=True).truncated) == copies
    assert faults_of(empty_database) == {}
    assert rows_of(empty_database) == rows

    async with open_database(
        empty_database.app_url, pool_size=2, statement_timeout_ms=30_000
    ) as database:
        assert await reports_of(database, tenants) == reports
        await send_touches(database, tenants[0], make_touch())
        await credit_dirty_orders(database)
    assert len(rows_of(empty_database)["attribution_events"]) == len(rows["attribution_events"]) + 1


async def test_a_tenant_sees_its_own_rows_and_nothing_else_directly_on_the_shards(
    clone: Clone, db: Database
) -> None:
    tenants = await fill_two_tenants(db)
    total = dict.fromkeys(DISTRIBUTED, 0)
    with on_nodes(clone) as admins, on_nodes(clone, user="app_user") as nodes:
        for admin, node in zip(admins, nodes, strict=True):
            assert set(count_on_shards(node).values()) == {0}
            for table, count in count_on_shards(admin).items():
                total[table] += count
            for tenant in tenants:
                node.execute(
                    "SELECT set_config('app.current_tenant_id', %s, false)", (str(tenant),)
                )
                assert count_on_shards(node) == count_on_shards(admin, tenant)
    # Every table holds rows, so that its policies were seen to work.
    assert [table for table, count in total.items() if count == 0] == []
