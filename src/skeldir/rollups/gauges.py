"""How far the sums of days lie behind, asked of the database when the metrics are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.observability import ROLLUP_LAG
from skeldir.rollups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Database


async def sample_rollups(database: Database) -> None:
    """Set ROLLUP_LAG in seconds, of all tenants together.

    Raises:
        DatabaseUnreachable: and then the gauge stays as it was.
    """
    async with database.statement() as connection:
        lag_s: float | None = await queries.rollup_lag(connection)
    ROLLUP_LAG.set(max(0.0, lag_s or 0.0))
