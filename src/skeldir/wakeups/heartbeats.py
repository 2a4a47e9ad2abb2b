"""When workers and beat last gave a sign of life."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from skeldir.wakeups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


async def last_heartbeats(connection: Connection) -> dict[str, tuple[int, datetime]]:
    """Return, by role (`worker`, `beat`), how many gave a sign of life in the last 15 s, and when the last was."""
    rows = await queries.select_last_heartbeats(connection)
    return {row["role"]: (row["alive"], row["seen_at"]) for row in rows}
