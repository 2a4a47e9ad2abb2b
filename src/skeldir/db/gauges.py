"""How long waits for locks have lasted, and archiving has failed, queried when the metrics are scraped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.db.store import queries
from skeldir.observability import ARCHIVE_FAILING, LONGEST_LOCK_WAIT

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


async def sample_archive(database: Database) -> None:
    """Set ARCHIVE_FAILING, in seconds; 0 also if the server archives nothing.

    Raises:
        DatabaseUnreachable: the gauge then keeps its value.
    """
    async with database.statement() as connection:
        ARCHIVE_FAILING.set(await queries.select_archive_failing(connection))
