"""The ledger by currency, kind and month."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.revenue.reversals import MoneyOfMonth
from skeldir.revenue.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


async def read_months(connection: Connection, tenant_id: UUID) -> list[MoneyOfMonth]:
    """Return the money of the transaction's tenant that stands, by month, kind and currency."""
    rows = await queries.select_months(connection, tenant_id=tenant_id)
    months = [
        MoneyOfMonth(
            row["currency"], row["kind"], row["month"], row["entries"], int(row["amount_cents"])
        )
        for row in rows
    ]
    return sorted(months, key=lambda one: (one.month, one.kind, one.currency))
