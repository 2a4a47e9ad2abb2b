"""The sums of a tenant's money, as reports read them: by day, and of all days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from skeldir.rollups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


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
) -> Sequence[Mapping[str, Any]]:
    """Return the sums of the transaction's tenant by (date, currency, state), `most` of them after one such place.

    Days are UTC, from `first_day` to before `end_day`; None leaves that side open, and every currency or state in.
    """
    after_date, after_currency, after_state = after or (None, None, None)
    rows: Sequence[Mapping[str, Any]] = await queries.select_revenue_days(
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
    )
    return rows


async def read_revenue_totals(
    connection: Connection, tenant_id: UUID
) -> Sequence[Mapping[str, Any]]:
    """Return the totals of all days of the transaction's tenant, a row a currency, in signed minor units."""
    rows: Sequence[Mapping[str, Any]] = await queries.select_revenue_totals(
        connection, tenant_id=tenant_id
    )
    return rows
