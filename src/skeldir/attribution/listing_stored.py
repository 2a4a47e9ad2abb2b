"""Stored journeys and the credit that follows from them, row by row, for whoever takes them out of the program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution.aside import COMPUTING_FAULTS
from skeldir.attribution.changes import counted_allocations
from skeldir.attribution.evaluating import Channels, derive_allocations, derive_counted
from skeldir.attribution.packing import unpack_entries, unpack_path
from skeldir.attribution.parameters import ModelVersionUnknown
from skeldir.attribution.reading import begin_reading
from skeldir.attribution.store import queries
from skeldir.attribution.stored_pages import read_kept_pages, read_stored_pages
from skeldir.attribution.stored_versions import versions_of

if TYPE_CHECKING:
    from skeldir.attribution.models import ModelVersion
    from skeldir.attribution.orders import Reading
    from skeldir.attribution.packing import PackedOrder
    from skeldir.attribution.splits import Allocation, LedgerEntry
    from skeldir.db import Connection

_ORDERS_OF_PAGE: Final = 500
_KEPT_ORDERS_OF_PAGE: Final = 50


@dataclass(slots=True)
class JourneyRows:
    """Touches of stored journeys, a list for each column; `place` counts from 1, an order's oldest touch first."""

    order_id: list[str] = field(default_factory=list)
    place: list[int] = field(default_factory=list)
    channel: list[str] = field(default_factory=list)
    touched_at: list[datetime] = field(default_factory=list)
    converted_at: list[datetime] = field(default_factory=list)


@dataclass(slots=True)
class AllocationRows:
    """Allocations, a list for each column; amounts in signed minor units, conversions in parts per 10**12.

    `day` is that of the entry in the tenant's zone. `unreadable` are stored orders whose credit cannot be computed.
    """

    order_id: list[str] = field(default_factory=list)
    entry_id: list[UUID] = field(default_factory=list)
    day: list[date] = field(default_factory=list)
    model_version: list[str] = field(default_factory=list)
    channel: list[str] = field(default_factory=list)
    currency: list[str] = field(default_factory=list)
    allocated_cents: list[int] = field(default_factory=list)
    conversion_ppt: list[int] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


async def list_journeys(connection: Connection, tenant_id: UUID) -> AsyncIterator[JourneyRows]:
    """Yield the stored journeys of the transaction's tenant, some orders at a time, by order id.

    An order without a touch in reach has no row.
    """
    reading, _ = await begin_reading(connection, tenant_id)
    channels = Channels(reading.numbers)
    async for orders in read_stored_pages(connection, tenant_id, reading, most=_ORDERS_OF_PAGE):
        yield await asyncio.to_thread(_journeys_of, orders, channels)


async def list_allocations(
    connection: Connection, tenant_id: UUID, model_versions: Sequence[str] = ()
) -> AsyncIterator[AllocationRows]:
    """Yield the allocations of the transaction's tenant, some orders at a time, exactly, order by order.

    Without `model_versions` they are those that the sums of days include at this moment, of the versions in force.
    Named ones, which need not be in force, are worked out for all stored orders. A journey is stored as far back as the
    versions in force reach, so one that looks back longer may miss touches. Credit that was kept instead of a journey
    is there of the versions in force only.

    Raises:
        ModelVersionUnknown: the tenant never had such a version.
    """
    reading, has_kept = await begin_reading(connection, tenant_id)
    channels = Channels(reading.numbers)
    chosen = await _choose_versions(connection, tenant_id, model_versions)
    async for orders in read_stored_pages(connection, tenant_id, reading, most=_ORDERS_OF_PAGE):
        yield await asyncio.to_thread(_allocations_of, orders, reading, channels, chosen)
    if has_kept and not model_versions:
        async for kept_orders in read_kept_pages(connection, tenant_id, most=_KEPT_ORDERS_OF_PAGE):
            made = AllocationRows()
            for order, kept in kept_orders:
                counted = counted_allocations(kept, reading.versions)
                _add(made, order.order_id, order.entries, counted, reading)
            yield made


async def _choose_versions(
    connection: Connection, tenant_id: UUID, names: Sequence[str]
) -> list[ModelVersion] | None:
    if not names:
        return None
    rows = await queries.select_named_versions(
        connection, tenant_id=tenant_id, model_versions=list(names)
    )
    found = versions_of(rows)
    if missing := sorted(set(names) - {version.model_version for version in found}):
        raise ModelVersionUnknown(
            f'The tenant has no model version "{missing[0][:80]}".',
            cure="`skeldir models list` shows the versions, such as linear@1.",
        )
    return found


def _journeys_of(orders: Sequence[PackedOrder], channels: Channels) -> JourneyRows:
    made = JourneyRows()
    for order in orders:
        for place, (number, age) in enumerate(unpack_path(order.path), start=1):
            made.order_id.append(order.order_id)
            made.place.append(place)
            made.channel.append(channels.code_of(number))
            made.touched_at.append(order.converted_at - timedelta(microseconds=age))
            made.converted_at.append(order.converted_at)
    return made


def _allocations_of(
    orders: Sequence[PackedOrder],
    reading: Reading,
    channels: Channels,
    chosen: Sequence[ModelVersion] | None,
) -> AllocationRows:
    made = AllocationRows()
    for order in orders:
        try:
            allocations = (
                derive_counted(order, reading.versions, channels)
                if chosen is None
                else derive_allocations(order, chosen, channels)
            )
            entries = unpack_entries(order.entries)
        except COMPUTING_FAULTS:
            made.unreadable.append(order.order_id)
            continue
        _add(made, order.order_id, entries, allocations, reading)
    return made


def _add(
    made: AllocationRows,
    order_id: str,
    entries: Sequence[LedgerEntry],
    allocations: Sequence[Allocation],
    reading: Reading,
) -> None:
    of_entry = {
        entry.entry_id: (reading.days.day_of(entry.occurred_at), entry.currency)
        for entry in entries
    }
    for one in allocations:
        day, currency = of_entry[one.entry_id]
        made.order_id.append(order_id)
        made.entry_id.append(one.entry_id)
        made.day.append(day)
        made.model_version.append(one.model_version)
        made.channel.append(one.channel_code)
        made.currency.append(currency)
        made.allocated_cents.append(one.allocated_cents)
        made.conversion_ppt.append(one.conversion_ppt)
