"""Advisory locks: keys from readable strings, held by a transaction and never longer."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skeldir.db.pool import Connection


def lock_key(name: str) -> int:
    """Return the 64-bit signed key of `name`: the first eight bytes of its SHA-256, big-endian.

    `lock_key("matview_refresh:mv_realtime_revenue:GLOBAL")` is the test vector.
    """
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


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
