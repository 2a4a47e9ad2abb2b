"""The refresh of a view: which names it accepts, which statement it runs, and what it records of each refresh."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from skeldir.attribution import credit_dirty_orders
from skeldir.clock import utc_now
from skeldir.db.pool import Database, open_database
from skeldir.matviews import CANONICAL_VIEWS, ViewUnknown, find_view, refresh_view, view_statuses
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import Clone
from tests.support.make import make_conversion, send_conversions
from tests.support.refreshing import OTHER_VIEW, VIEW, held_up, read_log, refresh, superuser_of
from tests.support.two_tenants import refresh_all

CONTRACT = (
    "mv_allocation_summary",
    "mv_channel_performance",
    "mv_daily_revenue_summary",
    "mv_realtime_revenue",
    "mv_reconciliation_status",
)
NOT_A_VIEW = {
    "unregistered": "mv_everything",
    "a table": "tenants",
    "a reader": "realtime_revenue",
    "its index": "idx_mv_realtime_revenue",
    "another statement": "x; DROP TABLE tenants",
    "another statement after a name": "mv_realtime_revenue; DROP TABLE tenants",
    "a comment": "mv_realtime_revenue--",
    "a schema": "public.mv_realtime_revenue",
    "double quotes": '"mv_realtime_revenue"',
    "single quotes": "'mv_realtime_revenue'",
    "a quote inside": 'mv_realtime_revenue"',
    "a Cyrillic letter": "mv_r\u0435altime_revenue",
    "a full-width letter": "\uff4dv_realtime_revenue",
    "an invisible letter": "mv_realtime_revenue\u200b",
    "upper case": "MV_REALTIME_REVENUE",
    "title case": "Mv_realtime_revenue",
    "nothing": "",
    "NUL": "\x00",
    "NUL at the end": "mv_realtime_revenue\x00",
    "a blank before": " mv_realtime_revenue",
    "a blank after": "mv_realtime_revenue ",
    "a line's end": "mv_realtime_revenue\n",
    "a pattern": "mv_%",
    "too much": "mv_realtime_revenue" * 1000,
}


@pytest.mark.parametrize("kind", list(NOT_A_VIEW))
def test_a_name_that_is_not_exactly_a_views_is_refused(kind: str) -> None:
    with pytest.raises(ViewUnknown) as refusal:
        find_view(NOT_A_VIEW[kind])
    assert "mv_realtime_revenue" in refusal.value.cure
    assert len(refusal.value.detail) < 200
    assert "\x00" not in refusal.value.detail


async def test_a_refused_name_reaches_the_database_in_no_form(db: Database, clone: Clone) -> None:
    async with superuser_of(clone) as superuser:
        before = await superuser.fetchval("SELECT count(*) FROM pg_class")
        for name in NOT_A_VIEW.values():
            with pytest.raises(ViewUnknown):
                await refresh_view(db, name, requested_at=utc_now())
        assert await superuser.fetchval("SELECT count(*) FROM pg_class") == before
        assert await superuser.fetchval("SELECT count(*) FROM matview_refreshes") == 0


def test_the_registry_has_the_names_and_statements_of_the_contract() -> None:
    assert tuple(view.name for view in CANONICAL_VIEWS) == CONTRACT
    for view in CANONICAL_VIEWS:
        assert (
            view.refresh_statement == f'REFRESH MATERIALIZED VIEW CONCURRENTLY public."{view.name}"'
        )
        assert view.name == f"mv_{view.reader}"
        assert view.unique_index == f"idx_{view.name}"


async def test_app_user_refreshes_all_five_views(db: Database, clone: Clone) -> None:
    assert await refresh_all(db) == ["success"] * 5
    for name in CONTRACT:
        assert await read_log(clone, name) == [("success", None)]


async def test_a_view_of_the_same_name_in_a_schema_that_comes_first_stays_untouched(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion(amount_cents=4_200))
    await roll_up_dirty_days(db)
    async with superuser_of(clone) as superuser:
        await superuser.execute("""
            CREATE SCHEMA decoy;
            CREATE TABLE decoy.source (n integer);
            CREATE MATERIALIZED VIEW decoy.mv_realtime_revenue AS SELECT n FROM decoy.source;
            CREATE UNIQUE INDEX idx_mv_realtime_revenue ON decoy.mv_realtime_revenue (n);
            GRANT USAGE ON SCHEMA decoy TO app_user;
            GRANT MAINTAIN ON decoy.mv_realtime_revenue TO app_user;
            ALTER MATERIALIZED VIEW decoy.mv_realtime_revenue OWNER TO matview_owner;
            GRANT USAGE ON SCHEMA decoy TO matview_owner;
            GRANT SELECT ON decoy.source TO matview_owner;
            INSERT INTO decoy.source VALUES (1)""")
        settings = {"search_path": "decoy, public"}
        async with asyncpg.create_pool(
            clone.app_url, min_size=1, max_size=1, server_settings=settings
        ) as pool:
            # The trap is real: without a schema prefix the decoy would be refreshed.
            assert await pool.fetchval(
                "SELECT 'mv_realtime_revenue'::regclass::oid"
            ) == await superuser.fetchval("SELECT 'decoy.mv_realtime_revenue'::regclass::oid")
            assert (await refresh(Database(pool), "mv_realtime_revenue")).outcome == "success"
        assert await superuser.fetchval("SELECT count(*) FROM decoy.mv_realtime_revenue") == 0
        assert await superuser.fetchval("SELECT net_cents FROM public.mv_realtime_revenue") == 4_200


async def test_the_program_uses_no_other_schema_even_if_the_roles_search_path_has_one(
    clone: Clone,
) -> None:
    async with superuser_of(clone) as superuser:
        await superuser.execute(
            f"ALTER ROLE app_user IN DATABASE {clone.name} SET search_path = decoy, public"
        )
    async with (
        open_database(clone.app_url, pool_size=1, statement_timeout_ms=5_000) as database,
        database.unbound() as connection,
    ):
        assert await connection.fetchval("SHOW search_path") == "public"


async def test_a_refresh_that_takes_too_long_fails_with_a_message(
    db: Database, clone: Clone
) -> None:
    async with held_up(clone, VIEW):
        result = await refresh(db, VIEW, timeout_ms=50)
    assert result.outcome == "failed"
    assert "statement timeout" in str(result.error)
    assert await read_log(clone, VIEW) == [("failed", result.error)]
    assert (await refresh(db, VIEW)).outcome == "success"


async def test_a_view_without_its_unique_index_fails_and_keeps_its_rows(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion(amount_cents=7))
    await roll_up_dirty_days(db)
    await refresh(db, OTHER_VIEW)
    async with superuser_of(clone) as superuser:
        await superuser.execute(f"DROP INDEX idx_{OTHER_VIEW}")
        result = await refresh(db, OTHER_VIEW)
        assert (result.outcome, "unique index" in str(result.error)) == ("failed", True)
        assert await superuser.fetchval(f"SELECT net_cents FROM {OTHER_VIEW}") == 7


async def test_the_time_limit_of_a_refresh_ends_with_its_transaction(clone: Clone) -> None:
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=4_321) as database:
        await refresh(database, OTHER_VIEW, timeout_ms=60_000)
        async with database.unbound() as connection:
            assert await connection.fetchval("SHOW statement_timeout") == "4321ms"


async def change_a_rollup(db: Database, tenant: UUID) -> None:
    await send_conversions(db, tenant, make_conversion())
    assert await roll_up_dirty_days(db) >= 1


async def test_an_unchanged_view_is_skipped_if_requested(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await change_a_rollup(db, tenant)
    outcomes = [(await refresh(db, OTHER_VIEW, only_if_changed=True)).outcome for _ in range(2)]
    await change_a_rollup(db, tenant)
    outcomes += [(await refresh(db, OTHER_VIEW, only_if_changed=True)).outcome for _ in range(2)]
    assert outcomes == ["success", "skipped_unchanged"] * 2
    # Without `only_if_changed` it is refreshed anyway.
    assert (await refresh(db, OTHER_VIEW)).outcome == "success"
    assert [outcome for outcome, _ in await read_log(clone, OTHER_VIEW)] == [*outcomes, "success"]


async def test_a_view_that_was_never_refreshed_counts_as_changed(db: Database) -> None:
    assert (await refresh(db, OTHER_VIEW, only_if_changed=True)).outcome == "success"


async def test_after_a_failed_refresh_the_view_still_counts_as_changed(
    db: Database, clone: Clone
) -> None:
    async with held_up(clone, VIEW):
        assert (await refresh(db, VIEW, timeout_ms=50)).outcome == "failed"
    assert (await refresh(db, VIEW, only_if_changed=True)).outcome == "success"


async def test_a_refresh_requested_before_another_began_is_done_by_it(
    db: Database, tenant: UUID
) -> None:
    await change_a_rollup(db, tenant)
    asked_at = utc_now()
    assert (await refresh(db, OTHER_VIEW)).outcome == "success"
    assert (
        await refresh(db, OTHER_VIEW, requested_at=asked_at)
    ).outcome == "skipped_already_running"
    assert (await refresh(db, OTHER_VIEW, requested_at=utc_now())).outcome == "success"


async def test_a_change_that_no_refresh_has_seen_is_never_skipped(
    db: Database, tenant: UUID
) -> None:
    long_ago = utc_now() - timedelta(hours=1)
    await change_a_rollup(db, tenant)
    assert (await refresh(db, OTHER_VIEW)).outcome == "success"
    await change_a_rollup(db, tenant)
    assert (await refresh(db, OTHER_VIEW, requested_at=long_ago)).outcome == "success"
    assert (
        await refresh(db, OTHER_VIEW, requested_at=long_ago)
    ).outcome == "skipped_already_running"


async def test_a_change_that_was_uncommitted_during_a_refresh_does_not_count_as_seen(
    db: Database, tenant: UUID
) -> None:
    """It begins and writes its note before the refresh, and commits after it. By the clock it would be older."""
    long_ago = utc_now() - timedelta(hours=1)
    async with db.tenant(tenant) as writer:
        await writer.execute(
            "INSERT INTO rollup_revenue_day VALUES ($1, '2026-03-01', 'USD', 'captured', 5, 1, 1, now())",
            tenant,
        )
        await writer.execute("INSERT INTO rollup_changes DEFAULT VALUES")
        assert await refresh_all(db) == ["success"] * 5
    result = await refresh(db, OTHER_VIEW, requested_at=long_ago, only_if_changed=True)
    assert result.outcome == "success"
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT net_cents FROM realtime_revenue") == 5


async def test_a_change_is_forgotten_once_all_five_views_have_seen_it(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await change_a_rollup(db, tenant)
    async with superuser_of(clone) as superuser:
        left = []
        for view in CONTRACT:
            await refresh(db, view)
            left.append(await superuser.fetchval("SELECT count(*) FROM rollup_changes"))
    assert left == [1, 1, 1, 1, 0]


async def test_the_status_of_each_view_shows_its_last_success_and_its_last_outcome(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await change_a_rollup(db, tenant)
    await credit_dirty_orders(db)
    before = utc_now()
    await refresh(db, VIEW)
    async with held_up(clone, VIEW):
        await refresh(db, VIEW, timeout_ms=50)
    async with db.unbound() as connection:
        statuses = {status.view_name: status for status in await view_statuses(connection)}
    assert tuple(statuses) == CONTRACT
    assert statuses[OTHER_VIEW].last_success_at is statuses[OTHER_VIEW].last_outcome is None
    status = statuses[VIEW]
    assert status.last_success_at is not None
    assert before <= status.last_success_at <= utc_now()
    assert status.last_outcome == "failed"
    assert "statement timeout" in str(status.last_error)
