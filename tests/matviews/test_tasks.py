"""The refresh as a job: enqueued when a view is behind, skipped when nothing changed, done for all tenants at once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.jobs import NO_TENANT, do_jobs
from skeldir.jobs.claiming import claim_next_job
from skeldir.matviews import CANONICAL_VIEWS
from skeldir.matviews.kinds import REFRESH
from skeldir.matviews.tasks import PULSES, REFRESH_KIND, clean_refresh_log, enqueue_refresh
from tests.conftest import Clone
from tests.support.make import make_conversion, send_conversions

KINDS = {REFRESH: REFRESH_KIND}
FAST = [view.name for view in CANONICAL_VIEWS if view.staleness_s == 5]


async def jobs(database: Database) -> list[tuple[str, str | None]]:
    async with database.tenant(NO_TENANT) as connection:
        rows = await connection.fetch("SELECT state, error FROM jobs ORDER BY id")
    return [(row["state"], row["error"]) for row in rows]


async def outcomes(database: Database) -> list[tuple[str, str]]:
    async with database.unbound() as connection:
        rows = await connection.fetch(
            "SELECT view_name, outcome FROM matview_refreshes ORDER BY id"
        )
    return [(row["view_name"], row["outcome"]) for row in rows]


async def refresh(database: Database, staleness_s: int = 5) -> None:
    await enqueue_refresh(staleness_s, database)
    await do_jobs(database, KINDS)


async def net(database: Database, tenant: UUID) -> int | None:
    async with database.tenant(tenant) as connection:
        found: int | None = await connection.fetchval("SELECT net_cents FROM realtime_revenue")
    return found


async def test_a_pulse_shows_new_facts_to_their_tenant(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion(amount_cents=4_200))
    await send_conversions(db, other_tenant, make_conversion(amount_cents=900))
    await refresh(db)
    assert (await net(db, tenant), await net(db, other_tenant)) == (4_200, 900)
    assert await outcomes(db) == [(name, "success") for name in FAST]
    assert await jobs(db) == [("done", None)]


async def test_a_pulse_without_a_change_leaves_no_job_and_no_log(
    db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    await refresh(db)
    before = await outcomes(db), await jobs(db)
    for _ in range(3):
        await refresh(db)
    assert (await outcomes(db), await jobs(db)) == before


async def test_each_class_has_its_own_views(db: Database, tenant: UUID) -> None:
    await send_conversions(db, tenant, make_conversion())
    await refresh(db)
    await refresh(db, 60)
    slow = [view.name for view in CANONICAL_VIEWS if view.staleness_s == 60]
    assert await outcomes(db) == [(name, "success") for name in FAST + slow]
    assert {view.staleness_s for view in CANONICAL_VIEWS} == {5, 60}
    assert {pulse.every_s for pulse in PULSES} >= {1.0, 15.0}


async def test_two_pulses_before_a_worker_starts_are_one_job(db: Database, tenant: UUID) -> None:
    await send_conversions(db, tenant, make_conversion())
    await enqueue_refresh(5, db)
    await enqueue_refresh(5, db)
    await enqueue_refresh(60, db)
    assert [state for state, _ in await jobs(db)] == ["ready", "ready"]


async def test_a_view_that_cannot_be_refreshed_fails_the_job_and_not_the_other_views(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute("DROP INDEX idx_mv_daily_revenue_summary")
    await refresh(db)
    assert dict(await outcomes(db)) == {
        "mv_channel_performance": "success",
        "mv_daily_revenue_summary": "failed",
        "mv_realtime_revenue": "success",
    }
    ((state, error),) = await jobs(db)
    assert state == "ready"
    assert error is not None
    assert error.startswith("refresh_failed: mv_daily_revenue_summary")
    assert await net(db, tenant) == 10_000


async def test_the_log_keeps_the_last_success_however_old(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    await refresh(db)
    async with db.unbound() as connection:
        for days in (31, 40):
            moment = utc_now() - timedelta(days=days)
            await connection.execute(
                """INSERT INTO matview_refreshes (id, view_name, outcome, requested_at, started_at, finished_at)
                   VALUES (gen_random_uuid(), 'mv_realtime_revenue', 'success', $1, $1, $1),
                          (gen_random_uuid(), 'mv_allocation_summary', 'success', $1, $1, $1)""",
                moment,
            )
    await clean_refresh_log(db)
    assert sorted(await outcomes(db)) == sorted(
        [(name, "success") for name in FAST] + [("mv_allocation_summary", "success")]
    )


async def test_a_class_that_is_being_refreshed_is_not_enqueued_again_until_its_worker_is_done_or_dead(
    db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    await enqueue_refresh(60, db)
    assert await claim_next_job(db, KINDS) is not None
    await enqueue_refresh(60, db)
    assert await jobs(db) == [("running", None)]
    await enqueue_refresh(5, db)
    assert await jobs(db) == [("running", None), ("ready", None)]
    async with db.tenant(NO_TENANT) as connection:
        await connection.execute(
            "UPDATE jobs SET lease_until = now() - interval '1 s' WHERE state = 'running'"
        )
    await enqueue_refresh(60, db)
    assert [state for state, _ in await jobs(db)] == ["running", "ready", "ready"]


# ---------------------------------------------------------------- the pace


FAST_PULSE = next(pulse for pulse in PULSES if pulse.name == "matviews.ask_for_fast")


def date_refreshes(clone: Clone, *, each_took_s: float, ended_ago_s: float) -> None:
    """Change the times of all refreshes in the log."""
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            """UPDATE matview_refreshes
               SET started_at = clock_timestamp() - make_interval(secs => %(ended_ago)s + %(took)s),
                   finished_at = clock_timestamp() - make_interval(secs => %(ended_ago)s)""",
            {"ended_ago": ended_ago_s, "took": each_took_s},
        )


async def summed(database: Database, tenant: UUID) -> int | None:
    async with database.tenant(tenant) as connection:
        found: int | None = await connection.fetchval(
            "SELECT sum(amount_cents)::bigint FROM rollup_revenue_day"
        )
    return found


@pytest.mark.parametrize(
    ("share", "ended_ago_s", "is_asked"),
    [
        # Three views that took two seconds each, six in all; a class has half of the share.
        (None, 110.0, False),
        (None, 116.0, True),
        ("0.5", 17.0, False),
        ("0.5", 19.0, True),
        ("1", 5.0, False),
        ("1", 7.0, True),
        # The log was written by a server whose clock was ahead.
        (None, -60.0, True),
    ],
)
async def test_the_refreshes_of_a_class_take_at_most_their_share_of_the_time(
    db: Database,
    clone: Clone,
    tenant: UUID,
    monkeypatch: pytest.MonkeyPatch,
    share: str | None,
    ended_ago_s: float,
    is_asked: bool,
) -> None:
    if share is not None:
        monkeypatch.setenv("SKELDIR_REFRESH_SHARE", share)
    await send_conversions(db, tenant, make_conversion())
    await refresh(db)
    date_refreshes(clone, each_took_s=2.0, ended_ago_s=ended_ago_s)
    await send_conversions(db, tenant, make_conversion())
    assert await enqueue_refresh(5, db) == is_asked
    assert len(await jobs(db)) == (2 if is_asked else 1)


async def test_a_class_is_not_refreshed_before_half_of_its_staleness_has_passed(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    for staleness_s in (5, 60):
        await refresh(db, staleness_s)
    await send_conversions(db, tenant, make_conversion())
    asked = []
    for ended_ago_s in (2.0, 3.0, 29.0, 31.0):
        date_refreshes(clone, each_took_s=0.0, ended_ago_s=ended_ago_s)
        asked.append((await enqueue_refresh(5, db), await enqueue_refresh(60, db)))
    assert asked == [(False, False), (True, False), (False, False), (False, True)]


async def test_the_first_refresh_of_a_class_waits_for_no_other(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    await refresh(db)
    date_refreshes(clone, each_took_s=600.0, ended_ago_s=0.0)
    assert await enqueue_refresh(60, db)


async def test_only_the_latest_success_of_a_view_sets_the_pace(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion())
    await refresh(db)
    date_refreshes(clone, each_took_s=0.0, ended_ago_s=3.0)
    async with db.unbound() as connection:
        await connection.execute(
            """INSERT INTO matview_refreshes (id, view_name, outcome, requested_at, started_at, finished_at)
               SELECT gen_random_uuid(), 'mv_realtime_revenue', o, now(), s, now()
               FROM (VALUES ('success', now() - interval '1 day'), ('skipped_unchanged', now() - interval '5 s'),
                            ('failed', now() - interval '10 min')) AS r (o, s)"""
        )
    await send_conversions(db, tenant, make_conversion())
    assert await enqueue_refresh(5, db)


async def test_the_sums_are_rolled_up_while_the_views_wait(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion(amount_cents=700))
    await refresh(db)
    date_refreshes(clone, each_took_s=600.0, ended_ago_s=0.0)
    before = await outcomes(db)
    await send_conversions(db, tenant, make_conversion(amount_cents=11))
    await FAST_PULSE.run(db)
    await do_jobs(db, KINDS)
    assert (await summed(db, tenant), await net(db, tenant)) == (711, 700)
    assert await outcomes(db) == before
    assert [state for state, _ in await jobs(db)] == ["done", "done"]
    # No mark is left, and the views are not due.
    await FAST_PULSE.run(db)
    assert len(await jobs(db)) == 2


async def test_the_sums_are_rolled_up_while_the_views_are_being_refreshed(
    db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion(amount_cents=700))
    await FAST_PULSE.run(db)
    assert await claim_next_job(db, KINDS) is not None
    await FAST_PULSE.run(db)
    await do_jobs(db, KINDS)
    assert (await summed(db, tenant), await net(db, tenant)) == (700, None)
    assert [state for state, _ in await jobs(db)] == ["running", "done"]
