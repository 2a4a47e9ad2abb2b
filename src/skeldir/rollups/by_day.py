"""The sums of a tenant's money by day, for readers that treat each day apart."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.rollups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.rollups.store import SelectRevenueByDayRow

DAYS_AT_ONCE: Final = timedelta(days=31)


async def revenue_span(
    connection: Connection, tenant_id: UUID, first_day: date | None, end_day: date | None
) -> tuple[date, date] | None:
    """Return the first and the last day with sums in a half-open range; None if there is none."""
    row = await queries.select_span_of_revenue(
        connection, tenant_id=tenant_id, first_day=first_day, end_day=end_day
    )
    first, last = row["first_day"], row["last_day"]
    return None if first is None or last is None else (first, last)


async def revenue_by_day(
    connection: Connection,
    tenant_id: UUID,
    first_day: date,
    last_day: date,
    *,
    without_renewals: bool = False,
) -> AsyncIterator[Sequence[SelectRevenueByDayRow]]:
    """Yield the sums of both days and those between, about a month at a time, by (day, currency)."""
    end = last_day + timedelta(days=1)
    while first_day < end:
        until = min(first_day + DAYS_AT_ONCE, end)
        yield await queries.select_revenue_by_day(
            connection,
            tenant_id=tenant_id,
            first_day=first_day,
            end_day=until,
            without_renewals=without_renewals,
        )
        first_day = until
