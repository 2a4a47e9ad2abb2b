"""The executor: one refresh of a view at a time, as `app_user`, under a lock that ends with its transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import asyncpg

from skeldir.clock import utc_now
from skeldir.db import GRACE_S, DatabaseUnreachable, QueryTooSlow, new_id, try_lock
from skeldir.errors import SkeldirError
from skeldir.matviews.registry import CANONICAL_VIEWS, CanonicalView, find_view
from skeldir.matviews.store import queries
from skeldir.observability import REFRESH_SECONDS
from skeldir.rollups import has_dirty_days

if TYPE_CHECKING:
    from skeldir.db import Connection, Database

Outcome = Literal["success", "skipped_already_running", "skipped_unchanged", "failed"]
_VIEW_NAMES = [view.name for view in CANONICAL_VIEWS]


class RefreshFailed(SkeldirError):
    """The database refused or gave up the refresh of a view; its own sentence is in the log of refreshes."""

    code = "refresh_failed"
    status = 503
    title = "A view could not be refreshed"


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """How one refresh went. `error` is the database's own sentence when the outcome is `failed`."""

    view_name: str
    outcome: Outcome
    seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """What is known of a view's refreshes; its age is worked out when it is read."""

    view_name: str
    last_success_at: datetime | None
    last_outcome: Outcome | None
    last_error: str | None
    last_seconds: float | None


async def refresh_view(
    database: Database,
    name: str,
    *,
    requested_at: datetime,
    only_if_changed: bool = False,
    timeout_ms: int = 600_000,
    fence: Callable[[Connection], Awaitable[None]] | None = None,
) -> RefreshResult:
    """Refresh the canonical view `name`, unless somebody else is doing or has just done it.

    `skipped_already_running`: another refresh holds the lock, or one that began after `requested_at` has already
    shown everything there is to show. `skipped_unchanged`: asked for by `only_if_changed`, and the last success saw
    every change of the rollups. Roll up the dirty days first: a refresh shows rollups, not facts. `fence` is the
    last act of the transaction; when it raises, the refresh has not happened.

    Raises:
        ViewUnknown: `name` is not exactly the name of a canonical view.
    """
    view = find_view(name)
    began = utc_now()
    try:
        async with database.unbound() as connection:
            outcome = await _refresh_locked(
                connection, view, requested_at, only_if_changed, timeout_ms
            )
            if fence is not None:
                await fence(connection)
    except (asyncpg.PostgresError, DatabaseUnreachable, QueryTooSlow) as error:
        said = error.__cause__ if isinstance(error, QueryTooSlow) else error
        message = _describe(said)
        result = _counted(name, "failed", began, message)
        async with database.unbound() as connection:
            await _record(connection, view, "failed", requested_at, began, error=message)
        return result
    return _counted(name, outcome, began)


def _describe(fault: BaseException | None) -> str:
    """Return the kind of a fault, its sentence, and the database's hint.

    A DETAIL is left out: it quotes the row of some tenant, and the log of refreshes is everybody's.
    """
    if isinstance(fault, asyncpg.PostgresError):
        hint = f" {fault.hint}" if fault.hint else ""
        return f"{type(fault).__name__}: {fault.args[0]}{hint}"
    return f"{type(fault).__name__}: {fault}"


def _counted(
    name: str, outcome: Outcome, began: datetime, error: str | None = None
) -> RefreshResult:
    seconds = (utc_now() - began).total_seconds()
    REFRESH_SECONDS.labels(name, outcome).observe(seconds)
    return RefreshResult(name, outcome, seconds, error)


async def _refresh_locked(
    connection: Connection,
    view: CanonicalView,
    requested_at: datetime,
    only_if_changed: bool,
    timeout_ms: int,
) -> Outcome:
    is_ours = await try_lock(connection, f"matview_refresh:{view.name}:GLOBAL")
    start = await queries.start_refresh(connection)
    outcome: Outcome = "skipped_already_running"
    if is_ours:
        outcome = (
            await _outcome_without_work(connection, view, requested_at, only_if_changed)
            or "success"
        )
    if outcome == "success":
        await connection.execute(
            "SELECT set_config('statement_timeout', $1, true)", str(timeout_ms)
        )
        # The pool's own time-out is that of short statements.
        await connection.execute(view.refresh_statement, timeout=timeout_ms / 1_000 + GRACE_S)
    await _record(connection, view, outcome, requested_at, start["started_at"], seen=start["seen"])
    if outcome == "success":
        await queries.prune_rollup_changes(connection, view_names=_VIEW_NAMES)
    return outcome


async def _outcome_without_work(
    connection: Connection, view: CanonicalView, requested_at: datetime, only_if_changed: bool
) -> Outcome | None:
    last = await queries.select_last_success(connection, view_name=view.name)
    if last is None or not last["is_current"]:
        return None
    if last["started_at"] >= requested_at:
        return "skipped_already_running"
    return "skipped_unchanged" if only_if_changed else None


async def _record(
    connection: Connection,
    view: CanonicalView,
    outcome: Outcome,
    requested_at: datetime,
    started_at: datetime,
    *,
    seen: str | None = None,
    error: str | None = None,
) -> None:
    await queries.insert_refresh(
        connection,
        id=new_id(),
        view_name=view.name,
        outcome=outcome,
        requested_at=requested_at,
        started_at=started_at,
        seen=seen,
        error=error,
    )


async def stale_views(connection: Connection, staleness_s: int) -> list[CanonicalView]:
    """Return the views of a staleness class that do not show every change there is, or may not."""
    views = [view for view in CANONICAL_VIEWS if view.staleness_s == staleness_s]
    if await has_dirty_days(connection):
        return views
    stale = []
    for view in views:
        last = await queries.select_last_success(connection, view_name=view.name)
        if last is None or not last["is_current"]:
            stale.append(view)
    return stale


async def is_refresh_due(connection: Connection, staleness_s: int, share: float) -> bool:
    """Say whether a staleness class may be refreshed, so that its refreshes take at most `share` of the time.

    After refreshes that took d seconds together, it may be once d · (1 / share - 1) seconds have passed since they
    ended, and half of what its views may be old: sooner would only take time from others. A class of which no view was
    ever refreshed is always due.
    """
    names = [view.name for view in CANONICAL_VIEWS if view.staleness_s == staleness_s]
    pace = await queries.select_pace(connection, view_names=names)
    if pace["took_s"] is None:
        return True
    # An end that lies ahead is of another clock: nobody waits for that.
    pause_s = max(staleness_s / 2, pace["took_s"] * (1 / share - 1))
    return not 0.0 <= pace["ended_ago_s"] < pause_s


async def forget_old_refreshes(connection: Connection) -> None:
    """Delete what the log says of refreshes of more than a month ago; the last success of a view stays."""
    await queries.delete_old_refreshes(connection)


async def forget_view_statistics(connection: Connection) -> None:
    """Make the planner's statistics of the canonical views anew: the old ones quote values of rows that may be gone."""
    await connection.execute(
        """ANALYZE public.mv_allocation_summary, public.mv_channel_performance, public.mv_daily_revenue_summary,
                   public.mv_realtime_revenue, public.mv_reconciliation_status"""
    )


async def view_statuses(connection: Connection) -> list[ViewStatus]:
    """Return the status of each canonical view, in the order of their names."""
    rows = await queries.select_view_statuses(connection, view_names=_VIEW_NAMES)
    return [
        ViewStatus(
            row["view_name"],
            row["last_success_at"],
            row["last_outcome"],
            row["last_error"],
            None if row["last_seconds"] is None else float(row["last_seconds"]),
        )
        for row in rows
    ]
