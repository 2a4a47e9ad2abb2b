"""How far the sums of days are behind the facts, read from the database when the metrics are scraped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.observability import ROLLUP_LAG
from skeldir.rollups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Database


async def sample_rollups(database: Database) -> None:
    """Set ROLLUP_LAG in seconds, over all tenants.

    Raises:
        DatabaseUnreachable: the gauge keeps its value.
    """
    async with database.statement() as connection:
        lag_s = await queries.rollup_lag(connection)
    ROLLUP_LAG.set(max(0.0, lag_s or 0.0))
