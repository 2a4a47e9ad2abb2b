"""What the latest audits found, read from the database when the metrics are scraped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.audit.store import queries
from skeldir.observability import AUDIT_AGE, AUDIT_DIFFERENCES

if TYPE_CHECKING:
    from skeldir.db import Database


async def sample_audits(database: Database) -> None:
    """Set AUDIT_DIFFERENCES and AUDIT_AGE in seconds, from the latest audits of all tenants.

    Raises:
        DatabaseUnreachable: the gauges keep their values.
    """
    async with database.statement() as connection:
        row = await queries.audit_counts(connection)
    AUDIT_DIFFERENCES.set(row["differences"])
    AUDIT_AGE.set(max(0.0, row["oldest_s"] or 0.0))
