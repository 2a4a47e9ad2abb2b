"""The ledger by kind, currency and month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.revenue.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """Entries of one kind in one currency and month ("2026-05", UTC); `cents` is signed, in minor units."""

    kind: str
    currency: str
    month: str
    entries: int
    cents: int


async def read_months(connection: Connection, tenant_id: UUID) -> list[MonthTotal]:
    """Return the totals of the transaction's tenant, by month, kind and currency."""
    rows = await queries.select_months(connection, tenant_id=tenant_id)
    totals = [
        MonthTotal(r["kind"], r["currency"], r["month"], r["entries"], int(r["cents"]))
        for r in rows
    ]
    return sorted(totals, key=lambda total: (total.month, total.kind, total.currency))
