"""Totals over all days: the credit of each channel by each model, and what the set-aside orders leave uncredited."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.changes import counted_allocations
from skeldir.attribution.evaluating import Channels, Sums, add_allocations, sum_credit
from skeldir.attribution.orders import Reading, make_kept, make_orders, make_stored
from skeldir.attribution.reading import ANY_LENGTH, begin_reading
from skeldir.attribution.renewals import bases_of
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


@dataclass(frozen=True, slots=True)
class ChannelTotal:
    """What one model credits to one channel in one currency, over all days. `conversions` are exact to 10⁻¹²."""

    currency: str
    channel_code: str
    model: str
    credited_cents: int
    conversions: Decimal


@dataclass(frozen=True, slots=True)
class SetAsideTotal:
    """The money, in one currency, of `orders` that are set aside, as far as one model has not credited it.

    `orders` includes those whose journeys are too long; these leave nothing uncredited: their money is `unattributed`.
    """

    currency: str
    model: str
    orders: int
    uncredited_cents: int


async def channel_totals(
    connection: Connection, tenant_id: UUID, *, without_renewals: bool = False
) -> list[ChannelTotal]:
    """Return what each active model credits to each channel of the transaction's tenant, a row per currency.

    These are the sums of days: a credit run changes them when it writes credit.
    """
    rows = await queries.select_channel_totals(
        connection, tenant_id=tenant_id, bases=bases_of(without_renewals=without_renewals)
    )
    return [
        ChannelTotal(
            currency=row["currency"],
            channel_code=row["channel_code"],
            model=row["model"],
            credited_cents=int(row["credited_cents"]),
            conversions=row["conversions"],
        )
        for row in rows
    ]


async def set_aside_totals(
    connection: Connection, tenant_id: UUID, *, without_renewals: bool = False
) -> list[SetAsideTotal]:
    """Return what the tenant's set-aside orders leave uncredited by each active model, a row per currency."""
    held = await queries.select_set_aside_totals(
        connection, tenant_id=tenant_id, without_renewals=without_renewals
    )
    if not held:
        return []
    reading, _ = await begin_reading(connection, tenant_id)
    credited: Counter[tuple[str, str]] = Counter()
    names = sorted({name for row in held for name in row["order_ids"]})
    for start in range(0, len(names), BOUNDS.orders_of_restatement):
        page = names[start : start + BOUNDS.orders_of_restatement]
        sums = await _sum_credit_of(connection, tenant_id, page, reading)
        for (_, model_version, _, currency), (_, cents, _) in sums.items():
            credited[model_version, currency] += cents
    return [
        SetAsideTotal(
            row["currency"],
            v.version.model,
            row["orders"],
            int(row["cents"]) - credited[v.version.model_version, row["currency"]],
        )
        for row in held
        for v in sorted(reading.versions, key=lambda v: v.version.model)
    ]


async def _sum_credit_of(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str], reading: Reading
) -> Sums:
    """Return the credit of some orders, as it is included in the sums."""
    journeys = await queries.select_stored_journeys(
        connection, tenant_id=tenant_id, order_ids=order_ids, longest=ANY_LENGTH
    )
    stored = list(make_stored(journeys, reading.restatements).values())
    channels = Channels(reading.numbers)
    sums = await asyncio.to_thread(sum_credit, stored, reading.versions, channels, reading.days)
    allocations = await queries.select_kept_allocations(
        connection, tenant_id=tenant_id, order_ids=order_ids, most=BOUNDS.allocations_of_order
    )
    kept = make_kept(allocations)
    entries = await queries.select_entries(
        connection,
        tenant_id=tenant_id,
        order_ids=[name for name in kept if name not in {journey.order_id for journey in stored}],
        most=BOUNDS.entries_at_once,
    )
    for order in make_orders(entries, list(kept)):
        counted = counted_allocations(kept[order.order_id], reading.versions)
        add_allocations(sums, order.entries, counted, reading.days)
    return sums
