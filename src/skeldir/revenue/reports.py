"""What the sums of days say of a tenant's money: by day, and in all so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as day
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.http import Keyset, KeyText, Page
from skeldir.revenue.schemas import DailyQuery
from skeldir.rollups import read_revenue_days, read_revenue_totals

if TYPE_CHECKING:
    from skeldir.db import Connection


@dataclass(frozen=True, slots=True)
class DailyRevenue:
    """The entries of one UTC day, currency and state; `amount_cents` is signed."""

    date: day
    currency: str
    state: str
    amount_cents: int
    entries: int


@dataclass(frozen=True, slots=True)
class RealtimeRevenue:
    """A tenant's money in one currency over all days, in signed minor units; `last_entry_at` is UTC."""

    currency: str
    captured_cents: int
    refunded_cents: int
    disputed_cents: int
    net_cents: int
    orders: int
    last_entry_at: datetime


# Sums of sums, which are numeric in the database: a bigint need not hold them.
_TOTALS = ("captured_cents", "refunded_cents", "disputed_cents", "net_cents")
_DAILY = Keyset("revenue/daily@1", tuple[day, KeyText, KeyText])


async def list_daily_revenue(
    connection: Connection, tenant_id: UUID, query: DailyQuery
) -> Page[DailyRevenue]:
    """Return a page of the transaction's tenant by (date, currency, state).

    Raises:
        CursorInvalid: the cursor belongs to another query.
    """
    rows = await read_revenue_days(
        connection,
        tenant_id,
        first_day=query.from_,
        end_day=query.to,
        currency=query.currency,
        state=query.state,
        after=_DAILY.after(query),
        most=query.limit + 1,
    )
    return _DAILY.page(
        query,
        [DailyRevenue(**row) for row in rows],
        lambda row: (row.date, row.currency, row.state),
    )


async def read_realtime_revenue(connection: Connection, tenant_id: UUID) -> list[RealtimeRevenue]:
    """Return the totals of the transaction's tenant, one a currency."""
    rows = await read_revenue_totals(connection, tenant_id)
    return [
        RealtimeRevenue(**{**row, **{name: int(row[name]) for name in _TOTALS}}) for row in rows
    ]
