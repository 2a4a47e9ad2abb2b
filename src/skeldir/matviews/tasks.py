"""The refresh as a job: a pulse per staleness class asks for it when a view does not show every change."""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.jobs import NO_TENANT, REFRESH, Job, JobKind, Pulse, enqueue, is_running
from skeldir.matviews.refresh import forget_old_refreshes, refresh_view, stale_views
from skeldir.matviews.registry import CANONICAL_VIEWS
from skeldir.rollups import roll_up_in_turn
from skeldir.settings import load_settings

if TYPE_CHECKING:
    from skeldir.db.pool import Database


# A view may be five seconds old.
_ROLL_UP_S = 2.0


class RefreshFailed(SkeldirError):
    """The database refused or gave up the refresh of a view; its own sentence is in the log of refreshes."""

    code = "refresh_failed"
    status = 503
    title = "A view could not be refreshed"


async def refresh_class(database: Database, job: Job) -> None:
    """Roll up the dirty days for a while, then refresh the changed views of the job's staleness class.

    What a great import leaves to be rolled up has its turn again with the next job, and holds up nobody's views.

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


async def ask_for_refresh(staleness_s: int, database: Database) -> None:
    """Ask for the refresh of a class, unless all its views show everything there is, or it is being refreshed.

    So one class never holds the capacity of the other; what comes meanwhile is asked for by the next pulse.
    """
    arguments = {"staleness_s": staleness_s}
    async with database.tenant(NO_TENANT) as connection:
        if await is_running(connection, NO_TENANT, REFRESH, arguments):
            return
        if await stale_views(connection, staleness_s):
            await enqueue(connection, NO_TENANT, REFRESH, arguments)


async def clean_refresh_log(database: Database) -> None:
    """Delete old entries of the log of refreshes."""
    async with database.unbound() as connection:
        await forget_old_refreshes(connection)


REFRESH_KIND = JobKind(REFRESH, refresh_class, lease_s=60.0)

# A class promises how old a view may be. Its pulse comes several times as often, because the credit, the roll-up and
# the refresh itself take their part of that time.
PULSES = (
    Pulse("matviews.ask_for_fast", 1.0, partial(ask_for_refresh, 5)),
    Pulse("matviews.ask_for_slow", 15.0, partial(ask_for_refresh, 60)),
    Pulse("matviews.clean", 3_600.0, clean_refresh_log),
)
