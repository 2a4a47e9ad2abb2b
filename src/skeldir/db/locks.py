"""Advisory locks with readable names, held until the transaction ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.db.lock_keys import lock_key

if TYPE_CHECKING:
    from skeldir.db.pool import Connection


async def try_lock(connection: Connection, name: str) -> bool:
    """Take the lock `name` until the transaction ends; return False at once when another transaction has it."""
    taken: bool = await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", lock_key(name))
    return taken


async def wait_for_lock(connection: Connection, name: str) -> None:
    """Take the lock `name` until the end of the transaction, waiting for its holders to finish."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", lock_key(name))


async def share_lock(connection: Connection, name: str) -> None:
    """Hold the lock `name` in shared mode until the end of the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", lock_key(name))
