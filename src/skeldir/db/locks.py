"""Advisory locks with readable names, held by a transaction and never longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.db.lock_keys import lock_key

if TYPE_CHECKING:
    from skeldir.db.pool import Connection


async def try_lock(connection: Connection, name: str) -> bool:
    """Take the lock `name` until the end of the transaction; False, at once, when somebody else has it."""
    taken: bool = await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", lock_key(name))
    return taken


async def wait_for_lock(connection: Connection, name: str) -> None:
    """Take the lock `name` until the end of the transaction, waiting for its holders to finish."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", lock_key(name))


async def share_lock(connection: Connection, name: str) -> None:
    """Hold the lock `name` together with others of the same kind until the end of the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", lock_key(name))
