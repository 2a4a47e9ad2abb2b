"""What repairs lost wake-ups and leftovers: every second for the work that waits, every minute for what is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.jobs import QUEUE_OF, Pulse, list_claimable
from skeldir.wakeups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Database

_CANDIDATES = 200


async def wake_for_waiting_jobs(database: Database) -> None:
    """Wake the workers for every kind with a job that is due, or that its worker has let go of."""
    waiting = await list_claimable(database, list(QUEUE_OF), most=_CANDIDATES)
    if waiting and database.wake is not None:
        database.wake(frozenset(kind for _, _, kind in waiting))


async def clean_leftovers(database: Database) -> None:
    """Delete messages that were read or that nobody came for, old results, and what is left of processes long gone."""
    async with database.unbound() as connection:
        await queries.delete_old_messages(connection)
        await queries.delete_old_results(connection)
        await queries.delete_old_heartbeats(connection)


PULSES = (
    Pulse("jobs.sweep", 1.0, wake_for_waiting_jobs),
    Pulse("jobs.clean", 60.0, clean_leftovers),
)
