"""What one model credits to the source and campaign of touches, order by order, computed when it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.computing import pack_all
from skeldir.attribution.counted_touches import counted_touches
from skeldir.attribution.evaluating import Channels, VersionInForce, derive_allocations
from skeldir.attribution.models import SEPARATOR
from skeldir.attribution.origin_credit import ALWAYS, BEFORE_CAMPAIGN, Numbering
from skeldir.attribution.origins import ORDERS_READ_AT_ONCE, OriginsAsked, find_orders
from skeldir.attribution.packing import unpack_entries
from skeldir.attribution.parameters import ModelNotInForce
from skeldir.attribution.reading import open_reader
from skeldir.attribution.splits import CAPTURE
from skeldir.attribution.store import queries
from skeldir.attribution.stored_versions import versions_of

if TYPE_CHECKING:
    from skeldir.attribution.models import ModelVersion
    from skeldir.attribution.orders import Reading
    from skeldir.attribution.packing import PackedOrder
    from skeldir.db import Connection


class Origin(NamedTuple):
    """Where touches came from; without source and campaign: direct ones, forgotten ones, and no touch at all."""

    channel: str
    source: str | None = None
    campaign: str | None = None
    is_known: bool = False


@dataclass(slots=True)
class OrderCredit:
    """An order's captured money, and its credit by origin and currency, in minor units.

    `day` is the local day of the first capture. `credit` has the captured money and what later entries took from it,
    which is negative if they added to it. `origins` are those of all touches that the model may credit.
    """

    order_id: str
    day: date
    captured: dict[str, int] = field(default_factory=dict)
    credit: dict[tuple[Origin, str], tuple[int, int]] = field(default_factory=dict)
    origins: set[Origin] = field(default_factory=set)


async def find_version(connection: Connection, tenant_id: UUID, model_version: str) -> ModelVersion:
    """Return a version in force of the transaction's tenant.

    Raises:
        ModelNotInForce: it is not in force, or not any more.
    """
    rows = await queries.select_active_models(connection, tenant_id=tenant_id)
    for version in versions_of(rows):
        if version.model_version == model_version:
            return version
    raise ModelNotInForce(
        f"{model_version} is not in force any more.",
        cure="Ask again, with a model that `skeldir models list` shows.",
    )


@dataclass(slots=True)
class OrderOrigins:
    """Reads the credit of all orders whose first capture is on one of the days [first, end).

    `orders` counts those that were read, `left_out` those of these days or with other entries on them that cannot be:
    their journeys or entries are too many, their credit was kept without touches, or nothing was captured.
    """

    connection: Connection
    tenant_id: UUID
    version: ModelVersion
    first: date
    end: date
    most_orders: int
    orders: int = 0
    left_out: int = 0

    async def read(self) -> AsyncIterator[OrderCredit]:
        """Yield the orders. The transaction must be repeatable read; memory does not grow with their touches.

        Raises:
            ReportTooLarge: there are more orders than `most_orders`.
        """
        asked = OriginsAsked("campaign", (self.first, self.end))
        left = await find_orders(self.connection, self.tenant_id, asked, self.most_orders)
        in_force = [VersionInForce(self.version, ALWAYS)]
        select = queries.select_touches_with_origins
        while left:
            some, left = left[:ORDERS_READ_AT_ONCE], left[ORDERS_READ_AT_ONCE:]
            reader = await open_reader(self.connection, self.tenant_id, some, BOUNDS)
            reading = replace(reader.reading, versions=in_force)
            await replace(reader, reading=reading, select_touches=select).read_light(some)
            credited = await asyncio.to_thread(_credit, reading, self.version)
            has_progress = len(reading.unread) < len(some)
            self.left_out += len(some) - len(credited) - len(reading.unread)
            for order in credited:
                if self.first <= order.day < self.end:
                    self.orders += 1
                    yield order
            if has_progress:
                left = [*reading.unread, *left]
            else:
                self.left_out += len(reading.unread)


def _credit(reading: Reading, version: ModelVersion) -> list[OrderCredit]:
    """Return the orders of the reading that have a capture and a journey, each with its credit."""
    numbering = Numbering.of(reading)
    channels = Channels(numbering.codes)
    origin_of = {code: _origin_of(code) for code in channels.codes}
    return [
        _credit_one(reading, order, version, channels, origin_of)
        for order in pack_all(reading, BOUNDS).values()
    ]


def _credit_one(
    reading: Reading,
    order: PackedOrder,
    version: ModelVersion,
    channels: Channels,
    origin_of: Mapping[str, Origin],
) -> OrderCredit:
    entries = {entry.entry_id: entry for entry in unpack_entries(order.entries)}
    found = OrderCredit(order.order_id, reading.days.day_of(order.converted_at))
    for entry in entries.values():
        if entry.kind == CAPTURE:
            found.captured[entry.currency] = (
                found.captured.get(entry.currency, 0) + entry.amount_cents
            )
    for number, _ in counted_touches(order, version):
        found.origins.add(origin_of[channels.code_of(number)])
    for row in derive_allocations(order, [version], channels):
        entry = entries[row.entry_id]
        key = origin_of[row.channel_code], entry.currency
        captured, taken = found.credit.get(key, (0, 0))
        if entry.kind == CAPTURE:
            captured += row.allocated_cents
        else:
            taken -= row.allocated_cents
        found.credit[key] = captured, taken
    return found


def _origin_of(code: str) -> Origin:
    channel, separator, rest = code.partition(SEPARATOR)
    source, between, campaign = rest.partition(BEFORE_CAMPAIGN)
    if not separator or not between:
        return Origin(channel)
    return Origin(channel, source or None, campaign or None, is_known=True)
