"""The sweep: every second it wakes workers for jobs that wait; every minute it deletes leftovers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.jobs import QUEUE_OF, Pulse, list_claimable_kinds
from skeldir.wakeups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Database


async def wake_for_waiting_jobs(database: Database) -> None:
    """Wake the workers for every kind with a job that is due, or that was lost by its worker."""
    waiting = await list_claimable_kinds(database, QUEUE_OF)
    if waiting and database.wake is not None:
        database.wake(waiting)


async def clean_leftovers(database: Database) -> None:
    """Delete messages that were received or are too old, old results, and heartbeats of processes long gone."""
    async with database.unbound() as connection:
        await queries.delete_old_messages(connection)
        await queries.delete_old_results(connection)
        await queries.delete_old_heartbeats(connection)


PULSES = (
    Pulse("jobs.sweep", 1.0, wake_for_waiting_jobs),
    Pulse("jobs.clean", 60.0, clean_leftovers),
)
