"""Refreshes a view, as `app_user`, under a lock that ends with the transaction: at most one refresh at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import asyncpg

from skeldir.clock import utc_now
from skeldir.db import (
    GRACE_S,
    DatabaseUnreachable,
    NodeUnreachable,
    QueryTooSlow,
    new_id,
    try_lock,
)
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
    """The database refused or cancelled the refresh of a view; its message is in the log of refreshes."""

    code = "refresh_failed"
    status = 503
    title = "A view could not be refreshed"


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """The result of one refresh. `error` is the database's message when the outcome is `failed`."""

    view_name: str
    outcome: Outcome
    seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """The latest refreshes of a view. Its age is not stored; it depends on when it is read."""

    view_name: str
    last_success_at: datetime | None
    last_outcome: Outcome | None
    last_error: str | None


async def refresh_view(
    database: Database,
    name: str,
    *,
    requested_at: datetime,
    only_if_changed: bool = False,
    timeout_ms: int = 600_000,
    fence: Callable[[Connection], Awaitable[None]] | None = None,
) -> RefreshResult:
    """Refresh the canonical view `name`, unless another refresh is running or has just done it.

    `skipped_already_running`: another refresh holds the lock, or one that began after `requested_at` already shows
    every change. `skipped_unchanged`: with `only_if_changed`, the last successful refresh saw every change of the
    rollups. Roll up the dirty days first: a refresh shows rollups, not facts. `fence` is awaited last in the
    transaction, which is rolled back if it raises.

    Raises:
        ViewUnknown: `name` is not exactly the name of a canonical view.
        NodeUnreachable: a node of a Citus database is away; that is logged as `failed`, too.
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
    except (asyncpg.PostgresError, DatabaseUnreachable, NodeUnreachable, QueryTooSlow) as error:
        cause = error.__cause__ if isinstance(error, QueryTooSlow) else error
        message = _describe(cause)
        result = _measured(name, "failed", began, message)
        async with database.unbound() as connection:
            await _record(connection, view, "failed", requested_at, began, error=message)
        if isinstance(error, NodeUnreachable):
            raise
        return result
    return _measured(name, outcome, began)


def _describe(fault: BaseException | None) -> str:
    """Return the type of an error, its message, and the database's hint.

    The DETAIL is left out: it quotes a tenant's row, and everyone can read the log of refreshes.
    """
    if isinstance(fault, asyncpg.PostgresError):
        hint = f" {fault.hint}" if fault.hint else ""
        return f"{type(fault).__name__}: {fault.args[0]}{hint}"
    return f"{type(fault).__name__}: {fault}"


def _measured(
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
        # The pool's default timeout is for short statements.
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
    """Return the views of a staleness class that do not, or may not, show every change."""
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
    """Return whether a staleness class may be refreshed, so that its refreshes take at most `share` of the time.

    If its last refreshes took d seconds in total, the class is due d · (1 / share - 1) seconds after they ended, but
    not before half of its staleness has passed: an earlier refresh would only take time from others. A class is always
    due if none of its views was ever refreshed.
    """
    names = [view.name for view in CANONICAL_VIEWS if view.staleness_s == staleness_s]
    pace = await queries.select_pace(connection, view_names=names)
    took_s, ended_ago_s = pace["took_s"], pace["ended_ago_s"]
    if took_s is None or ended_ago_s is None:
        return True
    # An end in the future comes from a different clock, and is not waited for.
    pause_s = max(staleness_s / 2, took_s * (1 / share - 1))
    return not 0.0 <= ended_ago_s < pause_s


async def forget_old_refreshes(connection: Connection) -> None:
    """Delete refreshes older than 30 days from the log, except the last success of each view."""
    await queries.delete_old_refreshes(connection)


async def forget_view_statistics(connection: Connection) -> None:
    """Renew the planner's statistics of the canonical views: the old ones contain values of rows now deleted."""
    await connection.execute(
        """ANALYZE public.mv_allocation_summary, public.mv_channel_performance, public.mv_daily_revenue_summary,
                   public.mv_realtime_revenue, public.mv_reconciliation_status"""
    )


async def view_statuses(connection: Connection) -> list[ViewStatus]:
    """Return the status of each canonical view, in the order of their names."""
    rows = await queries.select_view_statuses(connection, view_names=_VIEW_NAMES)
    return [ViewStatus(**row) for row in rows]
