"""What the latest audits found, asked of the database when the metrics are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.audit.store import queries
from skeldir.observability import AUDIT_AGE, AUDIT_DIFFERENCES

if TYPE_CHECKING:
    from skeldir.db import Database


async def sample_audits(database: Database) -> None:
    """Set AUDIT_DIFFERENCES and AUDIT_AGE in seconds, of the latest audits of all tenants together.

    Raises:
        DatabaseUnreachable: and then the gauges stay as they were.
    """
    async with database.statement() as connection:
        row = await queries.audit_counts(connection)
    AUDIT_DIFFERENCES.set(row["differences"])
    AUDIT_AGE.set(max(0.0, row["oldest_s"] or 0.0))
