"""What a list of orders shows of their credit: the channels that one model credits, and what each got on some days."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution.aside import COMPUTING_FAULTS, Reason
from skeldir.attribution.changes import counted_allocations
from skeldir.attribution.counted_touches import counted_touches
from skeldir.attribution.evaluating import Channels, derive_counted
from skeldir.attribution.orders import make_kept, make_stored
from skeldir.attribution.packing import unpack_entries, unpack_path
from skeldir.attribution.reading import ANY_LENGTH, begin_reading
from skeldir.attribution.splits import UNATTRIBUTED
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.attribution.evaluating import VersionInForce
    from skeldir.attribution.models import ModelName
    from skeldir.attribution.orders import Reading
    from skeldir.attribution.packing import PackedOrder
    from skeldir.attribution.splits import Allocation
    from skeldir.db import Connection

# From this many orders on, their credit is computed in a thread, so that it does not block the event loop.
_MANY: Final = 60
_LONGEST_PATH: Final = 8 * 1_000


@dataclass(slots=True)
class OrderLine:
    """An order's credit by one model. `touches` counts those that it may credit; None if they are not stored.

    `parts` divides the order's one conversion over its channels, in parts per 10**12. `credited` is what the entries of
    the days credit, by (currency, channel), in signed minor units.
    """

    touches: int | None
    parts: dict[str, int] = field(default_factory=dict)
    credited: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LinesAsked:
    """The model, and the local days of the entries whose credit is wanted, both included; None for all days."""

    model: ModelName
    days: tuple[date, date] | None
    channel: str | None = None
    """If given, orders that cannot credit this channel may be left out."""

    def includes(self, day: date) -> bool:
        """Return whether entries of a day count."""
        return self.days is None or self.days[0] <= day <= self.days[1]


async def read_order_lines(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str], asked: LinesAsked
) -> dict[str, OrderLine]:
    """Return the credit of some orders of the transaction's tenant, as the sums of days include it, by order.

    An order without credit by the model is left out: it has no capture, awaits its first credit, or has a journey of
    more than 1,000 touches, which is not computed for a list.
    """
    reading, has_kept = await begin_reading(connection, tenant_id)
    versions = [each for each in reading.versions if each.version.model == asked.model]
    if not versions or not order_ids:
        return {}
    rows = await queries.select_stored_journeys(
        connection, tenant_id=tenant_id, order_ids=list(order_ids), longest=_LONGEST_PATH
    )
    stored = list(make_stored(rows, reading.restatements).values())
    if len(stored) < _MANY:
        lines = _lines_of(stored, reading, versions[0], asked)
    else:
        lines = await asyncio.to_thread(_lines_of, stored, reading, versions[0], asked)
    if has_kept:
        await _add_kept(connection, tenant_id, order_ids, reading, asked, lines)
    return lines


def _lines_of(
    stored: Sequence[PackedOrder], reading: Reading, version: VersionInForce, asked: LinesAsked
) -> dict[str, OrderLine]:
    channels = Channels(reading.numbers)
    lines: dict[str, OrderLine] = {}
    for order in _with_channel(stored, reading, asked.channel):
        with suppress(*COMPUTING_FAULTS):
            entries = {
                entry.entry_id: (reading.days.day_of(entry.occurred_at), entry.currency)
                for entry in unpack_entries(order.entries)
            }
            allocations = derive_counted(order, [version], channels)
            line = OrderLine(len(counted_touches(order, version.version)))
            _add(line, allocations, entries, asked)
            if allocations:
                lines[order.order_id] = line
    return lines


def _with_channel(
    stored: Sequence[PackedOrder], reading: Reading, channel: str | None
) -> Sequence[PackedOrder]:
    """Return the orders with a touch of the channel; what no touch earns may be of any."""
    if channel is None or channel == UNATTRIBUTED:
        return stored
    number = reading.numbers.get(channel)
    return [
        order
        for order in stored
        if any(of_touch == number for of_touch, _ in unpack_path(order.path))
    ]


def _add(
    line: OrderLine,
    allocations: Sequence[Allocation],
    entries: dict[UUID, tuple[date, str]],
    asked: LinesAsked,
) -> None:
    for one in allocations:
        channel = one.channel_code
        if one.conversion_ppt:
            line.parts[channel] = line.parts.get(channel, 0) + one.conversion_ppt
        day, currency = entries[one.entry_id]
        if asked.includes(day):
            key = currency, channel
            line.credited[key] = line.credited.get(key, 0) + one.allocated_cents


async def _add_kept(
    connection: Connection,
    tenant_id: UUID,
    order_ids: Sequence[str],
    reading: Reading,
    asked: LinesAsked,
    lines: dict[str, OrderLine],
) -> None:
    """Add orders whose touches were forgotten before journeys were packed."""
    wanted = [order_id for order_id in order_ids if order_id not in lines]
    kept = make_kept(
        await queries.select_kept_allocations(
            connection, tenant_id=tenant_id, order_ids=wanted, most=ANY_LENGTH
        )
    )
    if not kept:
        return
    rows = await queries.select_entries(
        connection, tenant_id=tenant_id, order_ids=sorted(kept), most=ANY_LENGTH
    )
    entries = {
        row["id"]: (reading.days.day_of(row["occurred_at"]), row["currency"]) for row in rows
    }
    versions = [each for each in reading.versions if each.version.model == asked.model]
    for order_id, credit in kept.items():
        line = OrderLine(None)
        _add(line, counted_allocations(credit, versions), entries, asked)
        if line.parts or line.credited:
            lines[order_id] = line


@dataclass(frozen=True, slots=True)
class CreditStanding:
    """Whether an order has facts that its credit does not include yet, and why it is set aside, if it is."""

    awaits_credit: bool
    reason: Reason | None


async def read_standings(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str]
) -> dict[str, CreditStanding]:
    """Return those of some orders of the transaction's tenant that await credit or are set aside."""
    rows = await queries.select_standings(
        connection, tenant_id=tenant_id, order_ids=list(order_ids)
    )
    return {row["order_id"]: CreditStanding(row["awaits_credit"], row["reason"]) for row in rows}
