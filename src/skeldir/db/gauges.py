"""How long the longest wait for a lock has lasted, queried when the metrics are scraped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.db.store import queries
from skeldir.observability import LONGEST_LOCK_WAIT

if TYPE_CHECKING:
    from skeldir.db.pool import Database


async def sample_lock_waits(database: Database) -> None:
    """Set LONGEST_LOCK_WAIT, in seconds: PostgreSQL shows to every role who waits, but not for which statement.

    Raises:
        DatabaseUnreachable: the gauge then keeps its value.
    """
    async with database.statement() as connection:
        waited_s = await queries.select_longest_lock_wait(connection)
    LONGEST_LOCK_WAIT.set(max(0.0, waited_s))
