"""How far the credit lies behind, asked of the database when the metrics are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.attribution.store import queries
from skeldir.observability.metrics import CREDIT_BACKLOG, CREDIT_LAG

if TYPE_CHECKING:
    from skeldir.db.pool import Database


async def sample_credit(database: Database) -> None:
    """Set CREDIT_LAG in seconds and CREDIT_BACKLOG in marks, of all tenants together.

    Raises:
        DatabaseUnreachable: and then the gauges stay as they were.
    """
    async with database.statement() as connection:
        row = await queries.credit_backlog(connection)
    CREDIT_BACKLOG.set(row["marks"])
    CREDIT_LAG.set(max(0.0, row["oldest_s"] or 0.0))
