"""Refreshes that are delayed on purpose, and the holders of locks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg

from skeldir.clock import utc_now
from skeldir.db.lock_keys import lock_key
from skeldir.db.pool import Database
from skeldir.matviews import RefreshResult, refresh_view
from tests.conftest import Clone

# The table under a view whose refresh waits when the table is locked; no other of these views reads it.
HELD_UP_BY = {"mv_reconciliation_status": "reconciliation_runs"}
VIEW = "mv_reconciliation_status"
OTHER_VIEW = "mv_realtime_revenue"


@asynccontextmanager
async def superuser_of(clone: Clone) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection that sees every row and every lock."""
    connection = await asyncpg.connect(clone.superuser_url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def held_up(clone: Clone, view: str) -> AsyncIterator[None]:
    """During the block, a refresh of `view` waits in the middle of its statement."""
    async with superuser_of(clone) as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE public.{HELD_UP_BY[view]} IN ACCESS EXCLUSIVE MODE")
        yield


async def count_holders(clone: Clone, view: str) -> int:
    """Return how many sessions hold the lock of `view`'s refresh in this database."""
    key = lock_key(f"matview_refresh:{view}:GLOBAL") & 0xFFFF_FFFF_FFFF_FFFF
    async with superuser_of(clone) as connection:
        held: int = await connection.fetchval(
            """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND classid::bigint = $1 AND objid::bigint = $2""",
            key >> 32,
            key & 0xFFFF_FFFF,
        )
    return held


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Wait until `holds` returns true."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - another process changes the state
            await asyncio.sleep(0.01)


async def refresh(
    database: Database, view: str, *, requested_at: datetime | None = None, **options: object
) -> RefreshResult:
    """Refresh `view`, by default as requested now."""
    return await refresh_view(database, view, requested_at=requested_at or utc_now(), **options)  # type: ignore[arg-type]  # options of the same names


async def read_log(clone: Clone, view: str) -> list[tuple[str, str | None]]:
    """Return (outcome, error) of every recorded refresh of `view`, in the order of their ends."""
    async with superuser_of(clone) as connection:
        rows = await connection.fetch(
            "SELECT outcome, error FROM matview_refreshes WHERE view_name = $1 ORDER BY finished_at, id",
            view,
        )
    return [(row["outcome"], row["error"]) for row in rows]
