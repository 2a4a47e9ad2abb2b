"""The sums of a tenant's money, as reports read them: by day, and over all days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.rollups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.rollups.store import (
        SelectRevenueBridgeRow,
        SelectRevenueDaysRow,
        SelectRevenueOfDaysRow,
        SelectRevenueTotalsRow,
    )


async def read_revenue_days(
    connection: Connection,
    tenant_id: UUID,
    *,
    first_day: date | None,
    end_day: date | None,
    currency: str | None,
    state: str | None,
    after: tuple[date, str, str] | None,
    most: int,
    without_renewals: bool = False,
) -> Sequence[SelectRevenueDaysRow]:
    """Return up to `most` sums of the transaction's tenant by (date, currency, state), after the key `after`.

    Days are those of the tenant's zone, in `[first_day, end_day)`; None leaves that side open. None as a currency or
    state includes them all.
    """
    after_date, after_currency, after_state = after or (None, None, None)
    return await queries.select_revenue_days(
        connection,
        tenant_id=tenant_id,
        first_day=first_day,
        end_day=end_day,
        currency=currency,
        state=state,
        after_date=after_date,
        after_currency=after_currency,
        after_state=after_state,
        most=most,
        without_renewals=without_renewals,
    )


@dataclass(frozen=True, slots=True)
class Freshness:
    """Of what moment the sums of a tenant are, `as_of`; all facts recorded before `complete_up_to` are in them.

    Days are those of `time_zone`. The moment is that of the transaction, whose reads are all of facts before it.
    """

    as_of: datetime
    complete_up_to: datetime
    time_zone: str


async def read_freshness(connection: Connection, tenant_id: UUID) -> Freshness:
    """Return of what moment the sums of the transaction's tenant are."""
    row = await queries.select_waiting_since(connection, tenant_id=tenant_id)
    as_of, since = row["as_of"], row["waiting_since"]
    time_zone = await read_time_zone(connection, tenant_id)
    return Freshness(as_of, as_of if since is None else min(as_of, since), time_zone)


async def read_time_zone(connection: Connection, tenant_id: UUID) -> str:
    """Return the name of the zone whose days the sums of the transaction's tenant are of."""
    return await queries.select_time_zone(connection, tenant_id=tenant_id)


async def read_revenue_totals(
    connection: Connection, tenant_id: UUID, *, without_renewals: bool = False
) -> Sequence[SelectRevenueTotalsRow]:
    """Return the totals of the transaction's tenant over all days, a row per currency, in signed minor units.

    Without renewals, `last_entry_at` is that of all entries of the currency nevertheless.
    """
    return await queries.select_revenue_totals(
        connection, tenant_id=tenant_id, without_renewals=without_renewals
    )


async def read_revenue_of_days(
    connection: Connection,
    tenant_id: UUID,
    first_day: date,
    end_day: date,
    *,
    without_renewals: bool = False,
) -> Sequence[SelectRevenueOfDaysRow]:
    """Return the sums of the days `[first_day, end_day)` of the transaction's tenant, a row per currency.

    In signed minor units. What has no capture of its order yet is in the sum, and beside it: it has no credit.
    """
    return await queries.select_revenue_of_days(
        connection,
        tenant_id=tenant_id,
        first_day=first_day,
        end_day=end_day,
        without_renewals=without_renewals,
    )


async def read_revenue_bridge(
    connection: Connection, tenant_id: UUID, first_day: date, end_day: date
) -> Sequence[SelectRevenueBridgeRow]:
    """Return what was booked before and on the days `[first_day, end_day)` of the transaction's tenant.

    A row per currency and state that has any entry, in signed minor units.
    """
    return await queries.select_revenue_bridge(
        connection, tenant_id=tenant_id, first_day=first_day, end_day=end_day
    )
