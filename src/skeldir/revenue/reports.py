"""Reports of a tenant's money from the sums of days: by day, and in total so far."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as day
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.http import Keyset, KeyText
from skeldir.revenue.known import read_days_known, read_totals_known, require_all_entries
from skeldir.revenue.schemas import (
    DailyPage,
    DailyQuery,
    DailyRevenue,
    RealtimeRevenue,
    RealtimeTotals,
)
from skeldir.rollups import (
    find_known_moment,
    read_revenue_days,
    read_revenue_totals,
    read_time_zone,
)

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.revenue.renewals import RenewalsFilter
    from skeldir.revenue.store import SelectTotalsKnownAtRow
    from skeldir.rollups import SelectRevenueTotalsRow


_DAILY = Keyset("revenue/daily@1", tuple[day, KeyText, KeyText])


async def list_daily_revenue(
    connection: Connection, tenant_id: UUID, query: DailyQuery
) -> DailyPage:
    """Return a page of the transaction's tenant by (date, currency, state).

    Raises:
        CursorInvalid: the cursor belongs to another query.
        MomentNotKnown, RenewalsNotKnown, ReportTooLarge: the report of `query.known_at` cannot be made.
    """
    if query.known_at is not None:
        return await _list_known_revenue(connection, tenant_id, query, query.known_at)
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


async def _list_known_revenue(
    connection: Connection, tenant_id: UUID, query: DailyQuery, known_at: datetime
) -> DailyPage:
    require_all_entries(query.renewals)
    known = await find_known_moment(connection, tenant_id, known_at)
    of = [known.rules.name, known.moment.isoformat()]
    rows = await read_days_known(
        connection, tenant_id, query, known, after=_DAILY.after(query, of=of)
    )
    revenue = [
        DailyRevenue(
            row["date"], row["currency"], row["state"], int(row["amount_cents"]), row["entries"]
        )
        for row in rows
    ]
    data, next_cursor = _DAILY.cut(
        query, revenue, lambda row: (row.date, row.currency, row.state), of=of
    )
    return DailyPage(known.rules.name, query.renewals, data, next_cursor, known.moment)


async def read_realtime_revenue(
    connection: Connection,
    tenant_id: UUID,
    *,
    renewals: RenewalsFilter = "include",
    currency: str | None = None,
    known_at: datetime | None = None,
) -> RealtimeTotals:
    """Return the totals of the transaction's tenant, one per currency, or of one currency only, now or as of a moment.

    Raises:
        MomentNotKnown, RenewalsNotKnown, ReportTooLarge: the totals of `known_at` cannot be made.
    """
    rows: Sequence[SelectRevenueTotalsRow | SelectTotalsKnownAtRow]
    moment = None
    if known_at is None:
        rows = await read_revenue_totals(
            connection, tenant_id, without_renewals=renewals == "exclude"
        )
    else:
        require_all_entries(renewals)
        known = await find_known_moment(connection, tenant_id, known_at)
        moment = known.moment
        rows = await read_totals_known(connection, tenant_id, known)
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
        moment,
    )
