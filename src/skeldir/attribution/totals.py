"""What the channels have by each model over all days, and what the orders that are set aside have not brought them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.db.pool import Connection


@dataclass(frozen=True, slots=True)
class ChannelTotal:
    """What one model gives one channel in one currency, over all days. `conversions` are exact to 10⁻¹²."""

    currency: str
    channel_code: str
    model: str
    credited_cents: int
    conversions: Decimal


@dataclass(frozen=True, slots=True)
class SetAsideTotal:
    """What the ledger holds, in one currency, of `orders` that are set aside, and one model has not credited."""

    currency: str
    model: str
    orders: int
    uncredited_cents: int


async def channel_totals(connection: Connection, tenant_id: UUID) -> list[ChannelTotal]:
    """Return what each active model gives each channel of the transaction's tenant, a row a currency.

    Read from the sums of days: credit is in them once its days have been rolled up.
    """
    rows = await queries.select_channel_totals(connection, tenant_id=tenant_id)
    return [ChannelTotal(**{**row, "credited_cents": int(row["credited_cents"])}) for row in rows]


async def set_aside_totals(connection: Connection, tenant_id: UUID) -> list[SetAsideTotal]:
    """Return what the tenant's orders that are set aside leave uncredited by each active model, a row a currency."""
    rows = await queries.select_set_aside_totals(connection, tenant_id=tenant_id)
    return [
        SetAsideTotal(**{**row, "uncredited_cents": int(row["uncredited_cents"])}) for row in rows
    ]
