"""Orders as a version would see them that may not be in force, page by page, each in a snapshot of its own.

They are what is stored, or, where that holds less than the version needs, what a credit run would store for it, read
from the facts. Nothing is written and no lock is taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.computing import pack_all
from skeldir.attribution.evaluating import Channels, VersionInForce
from skeldir.attribution.orders import holds_enough, make_stored
from skeldir.attribution.packing import NO_CONVERSION, TOUCH_BYTES, PackedOrder
from skeldir.attribution.reading import open_reader
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.attribution.models import ModelVersion
    from skeldir.attribution.orders import Reading
    from skeldir.attribution.store import SelectJourneysAfterRow
    from skeldir.db import Connection, Database

# A preview runs in a request: what it reads at once must not block the event loop.
_ORDERS_READ_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class PageAsIf:
    """Stored journeys by order, and for those too short for the wanted version the journeys it would have stored."""

    last_order_id: str
    left_out: int
    stored: Mapping[str, PackedOrder]
    short_of: frozenset[str]
    wanted: Mapping[str, PackedOrder]
    channels: Channels


async def read_page_as_if(
    database: Database, tenant_id: UUID, after: str, most: int, then: ModelVersion | None
) -> PageAsIf:
    """Return up to `most` orders after an id, by order id, for a version; with None, as they are stored."""
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        rows = await queries.select_journeys_after(
            connection,
            tenant_id=tenant_id,
            after=after,
            longest=TOUCH_BYTES * BOUNDS.touches_of_light_journey,
            most=most,
        )
        state = await queries.select_credit_state(connection, tenant_id=tenant_id)
        numbers: dict[str, int] = orjson.loads(state["numbers"])
        stored, short_of = await asyncio.to_thread(_find_short, rows, then)
        wanted: dict[str, PackedOrder] = {}
        if then is not None:
            wanted = await _read_wanted(connection, tenant_id, sorted(short_of), then, numbers)
    return PageAsIf(
        rows[-1]["order_id"] if rows else after,
        len(rows) - len(stored),
        stored,
        short_of,
        wanted,
        Channels(numbers),
    )


def _find_short(
    rows: Sequence[SelectJourneysAfterRow], then: ModelVersion | None
) -> tuple[dict[str, PackedOrder], frozenset[str]]:
    """Return the stored journeys by order, and the orders whose journeys are too short for the wanted version."""
    stored = make_stored(rows, ())
    if then is None:
        return stored, frozenset()
    resets = then.after_conversion == "reset"
    return stored, frozenset(
        name for name, one in stored.items() if not holds_enough(one, then.lookback, resets=resets)
    )


async def _read_wanted(
    connection: Connection,
    tenant_id: UUID,
    order_ids: Sequence[str],
    then: ModelVersion,
    numbers: dict[str, int],
) -> dict[str, PackedOrder]:
    """Return the journeys of the orders as the wanted version would store them, except those that are too large.

    Channels without a number get one for this preview only.
    """
    wanted: dict[str, PackedOrder] = {}
    left = list(order_ids)
    while left:
        some, left = left[:_ORDERS_READ_AT_ONCE], left[_ORDERS_READ_AT_ONCE:]
        reading = await _read_as_if(connection, tenant_id, some, always(then))
        for code in sorted(reading.channels_met()):
            numbers.setdefault(code, 1 + max(numbers.values(), default=0))
        reading.numbers = numbers
        wanted |= await asyncio.to_thread(pack_all, reading, BOUNDS)
        if reading.orders:
            left = reading.unread + left
    return wanted


async def _read_as_if(
    connection: Connection,
    tenant_id: UUID,
    order_ids: Sequence[str],
    version: VersionInForce,
) -> Reading:
    """Read orders with short journeys as a run would for a single version, whether it is in force or not.

    This is for a preview and takes no lock on the tenant's credit, so nothing computed from it may be written.
    """
    reader = await open_reader(connection, tenant_id, order_ids, BOUNDS)
    longest = max(reader.reading.longest_lookback, version.version.lookback)
    wanted = replace(reader.reading, versions=[version], longest_lookback=longest)
    await replace(reader, reading=wanted).read_light(order_ids)
    return wanted


def always(version: ModelVersion) -> VersionInForce:
    """Return the version as in force for every order, whatever the order's generation."""
    return VersionInForce(version, -(2**31))


def cut_nowhere(orders: Sequence[PackedOrder]) -> list[PackedOrder]:
    """Return the orders, not cut by the conversion before where that was not read."""
    return [
        replace(one, previous_age=NO_CONVERSION) if one.previous_age is None else one
        for one in orders
    ]
