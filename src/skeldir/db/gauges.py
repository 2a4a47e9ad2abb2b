"""For how long somebody waits for a lock, asked of the database when the metrics are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.db.queries import load_queries
from skeldir.observability import LONGEST_LOCK_WAIT

if TYPE_CHECKING:
    from skeldir.db.pool import Database

queries = load_queries("skeldir.db")


async def sample_lock_waits(database: Database) -> None:
    """Set LONGEST_LOCK_WAIT, in seconds: PostgreSQL shows every role who waits, and not for which statement.

    Raises:
        DatabaseUnreachable: and then the gauge stays as it was.
    """
    async with database.statement() as connection:
        waited_s = await queries.select_longest_lock_wait(connection)
    LONGEST_LOCK_WAIT.set(max(0.0, waited_s))
