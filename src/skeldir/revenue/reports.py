"""Reports of a tenant's money from the sums of days: by day, and in total so far."""

from __future__ import annotations

from datetime import date as day
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.http import Keyset, KeyText
from skeldir.revenue.schemas import (
    DailyPage,
    DailyQuery,
    DailyRevenue,
    RealtimeRevenue,
    RealtimeTotals,
)
from skeldir.rollups import read_revenue_days, read_revenue_totals, read_time_zone

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.revenue.renewals import RenewalsFilter


_DAILY = Keyset("revenue/daily@1", tuple[day, KeyText, KeyText])


async def list_daily_revenue(
    connection: Connection, tenant_id: UUID, query: DailyQuery
) -> DailyPage:
    """Return a page of the transaction's tenant by (date, currency, state).

    Raises:
        CursorInvalid: the cursor belongs to another query.
    """
    # Pages of different zones would not add up to one report, so the cursor is bound to the zone.
    time_zone = await read_time_zone(connection, tenant_id)
    rows = await read_revenue_days(
        connection,
        tenant_id,
        first_day=query.from_,
        end_day=query.to,
        currency=query.currency,
        state=query.state,
        after=_DAILY.after(query, of=[time_zone]),
        most=query.limit + 1,
        without_renewals=query.renewals == "exclude",
    )
    revenue = [DailyRevenue(**row) for row in rows]
    data, next_cursor = _DAILY.cut(
        query, revenue, lambda row: (row.date, row.currency, row.state), of=[time_zone]
    )
    return DailyPage(time_zone, query.renewals, data, next_cursor)


async def read_realtime_revenue(
    connection: Connection,
    tenant_id: UUID,
    *,
    renewals: RenewalsFilter = "include",
    currency: str | None = None,
) -> RealtimeTotals:
    """Return the totals of the transaction's tenant, one per currency, or of one currency only."""
    rows = await read_revenue_totals(connection, tenant_id, without_renewals=renewals == "exclude")
    return RealtimeTotals(
        renewals,
        [
            RealtimeRevenue(
                currency=row["currency"],
                captured_cents=int(row["captured_cents"]),
                refunded_cents=int(row["refunded_cents"]),
                disputed_cents=int(row["disputed_cents"]),
                net_cents=int(row["net_cents"]),
                orders=row["orders"],
                last_entry_at=row["last_entry_at"],
            )
            for row in rows
            if currency in (None, row["currency"])
        ],
    )
