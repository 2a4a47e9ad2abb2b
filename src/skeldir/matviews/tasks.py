"""The refresh as a job: a pulse per staleness class enqueues it, at a pace, when a view does not show every change."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from skeldir.clock import utc_now
from skeldir.jobs import NO_TENANT, Job, JobKind, Pulse, enqueue, is_running
from skeldir.matviews.kinds import REFRESH
from skeldir.matviews.refresh import (
    RefreshFailed,
    forget_old_refreshes,
    is_refresh_due,
    refresh_view,
    stale_views,
)
from skeldir.matviews.registry import CANONICAL_VIEWS
from skeldir.rollups import has_dirty_days, roll_up_in_turn
from skeldir.settings import load_settings

if TYPE_CHECKING:
    from skeldir.db import Database


# Less than the five seconds that a view may be old.
_ROLL_UP_S = 2.0
_FAST_S, _SLOW_S = _CLASSES = 5, 60
# No view is of this class, so its job only rolls up.
_ROLL_UP_ALONE = {"staleness_s": 0}


async def refresh_class(database: Database, job: Job) -> None:
    """Roll up dirty days for up to `_ROLL_UP_S`, then refresh the changed views of the job's staleness class, if any.

    Days that are left, such as after a large import, are rolled up by the next jobs, and do not delay the views.

    Raises:
        RefreshFailed: a view was not refreshed; the others were.
    """
    await roll_up_in_turn(database, deadline=monotonic() + _ROLL_UP_S)
    timeout_ms = load_settings().skeldir_refresh_timeout_ms
    names = [v.name for v in CANONICAL_VIEWS if v.staleness_s == job.arguments["staleness_s"]]
    failed: list[str] = []
    for name in names:
        is_last = name == names[-1] and not failed
        result = await refresh_view(
            database,
            name,
            requested_at=utc_now(),
            only_if_changed=True,
            timeout_ms=timeout_ms,
            fence=job.finish if is_last else job.hold,
        )
        if result.outcome == "failed":
            failed.append(name)
    if failed:
        raise RefreshFailed(
            f"{', '.join(failed)} could not be refreshed.",
            cure="`skeldir matviews` shows why.",
        )


async def enqueue_refresh(staleness_s: int, database: Database) -> bool:
    """Enqueue the refresh of a class; return whether that was needed and no equal job waited already.

    None is enqueued while all views of the class show everything there is, while the class is being refreshed, and
    while it would take more than its part of the time that refreshes may take (SKELDIR_REFRESH_SHARE). A later pulse
    enqueues what comes until then, so one class never holds the capacity of the other.
    """
    arguments = {"staleness_s": staleness_s}
    share = load_settings().skeldir_refresh_share / len(_CLASSES)
    async with database.tenant(NO_TENANT) as connection:
        if (
            await is_running(connection, NO_TENANT, REFRESH, arguments)
            or not await stale_views(connection, staleness_s)
            or not await is_refresh_due(connection, staleness_s, share)
        ):
            return False
        return await enqueue(connection, NO_TENANT, REFRESH, arguments) is not None


async def enqueue_roll_up(database: Database) -> None:
    """Enqueue the roll-up of the dirty days alone, unless there are none, or they are being rolled up alone."""
    async with database.tenant(NO_TENANT) as connection:
        if await has_dirty_days(connection) and not await is_running(
            connection, NO_TENANT, REFRESH, _ROLL_UP_ALONE
        ):
            await enqueue(connection, NO_TENANT, REFRESH, _ROLL_UP_ALONE)


async def enqueue_fast(database: Database) -> None:
    """Enqueue the refresh of the fast class, or else the roll-up alone: reports wait for no view."""
    if not await enqueue_refresh(_FAST_S, database):
        await enqueue_roll_up(database)


async def enqueue_slow(database: Database) -> None:
    """Enqueue the refresh of the slow class."""
    await enqueue_refresh(_SLOW_S, database)


async def clean_refresh_log(database: Database) -> None:
    """Delete old entries of the log of refreshes."""
    async with database.unbound() as connection:
        await forget_old_refreshes(connection)


# A worker that is killed delays the views until its lease has expired.
REFRESH_KIND = JobKind(REFRESH, refresh_class, lease_s=10.0)

# A class limits the age of its views, as long as refreshes are short. Its pulse is several times as frequent, because
# credit, roll-up and the refresh itself all take part of that time.
PULSES = (
    Pulse("matviews.ask_for_fast", 1.0, enqueue_fast),
    Pulse("matviews.ask_for_slow", 15.0, enqueue_slow),
    Pulse("matviews.clean", 3_600.0, clean_refresh_log),
)
