"""What a credit run reads: everything that the credit of some orders is computed from, within bounds.

A reading is one repeatable-read snapshot. Its transaction ends before anything is computed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar
from uuid import UUID

import orjson

from skeldir.attribution.definitions import active_versions
from skeldir.attribution.journeys import reach_of
from skeldir.attribution.long_journeys import read_long_journey
from skeldir.attribution.orders import (
    LongJourney,
    Order,
    Reading,
    Restatement,
    find_spans,
    make_journeys,
    make_kept,
    make_orders,
    make_stored,
)
from skeldir.attribution.packing import TOUCH_BYTES, us_to_moment
from skeldir.attribution.renewals import read_renewals
from skeldir.attribution.store import queries
from skeldir.attribution.stored_versions import versions_in_force
from skeldir.attribution.withdrawn import read_withdrawn
from skeldir.days import stored_days
from skeldir.db import plan_for_each_list, try_lock, wait_for_lock
from skeldir.rollups import credit_lock

if TYPE_CHECKING:
    from skeldir.attribution.bounds import Bounds
    from skeldir.attribution.long_journeys import SelectPage
    from skeldir.attribution.store import SelectTouchesRow
    from skeldir.db import Connection, Database

_T = TypeVar("_T")
_Row = TypeVar("_Row")
_P = ParamSpec("_P")
# Up to this many rows are turned into objects on the event loop: a thread would cost more.
_FEW_ROWS = 500
_JOURNEYS_OF_A_PAGE = 1_000
ANY_LENGTH = 2**31 - 1
"""As a limit on the length of stored paths, in bytes: none."""


async def read_orders(
    database: Database,
    tenant_id: UUID,
    order_ids: Sequence[str],
    bounds: Bounds,
    *,
    may_wait: bool = False,
) -> Reading | None:
    """Read the orders with short journeys among `order_ids`; None when another worker is writing credit.

    A run that has written credit may wait for the other worker (`may_wait`): the other may just be finding that its
    reading is outdated, and if both stopped for each other, neither would continue.

    A short journey has up to `touches_of_light_journey` touches and, where captures cut it, as many captures.
    """
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        reader = await _begin(connection, tenant_id, order_ids, bounds, may_wait=may_wait)
        if reader is None:
            return None
        if reader.reading.versions:
            await reader.read_light(order_ids)
            await _read_renewals(reader)
            return reader.reading
    async with database.tenant(tenant_id) as connection:
        await active_versions(connection, tenant_id)
    return await read_orders(database, tenant_id, order_ids, bounds, may_wait=may_wait)


async def read_journey(
    database: Database,
    tenant_id: UUID,
    order_ids: Sequence[str],
    bounds: Bounds,
    *,
    may_wait: bool = False,
    known: LongJourney | None = None,
) -> Reading | None:
    """Read orders of one journey, however many touches it has; None when another worker is writing credit.

    Touches are read from the first order's window on, up to `touches_at_once`. Orders whose windows they cover can be
    credited, as many as fit into one transaction; orders whose windows contain more than the last `touches_of_order` of
    them are too long; the others are left unread. The first order is never left unread, so each reading makes progress.
    Touches that are `known` from a reading since the orders' marks were chosen are not read again: a transaction that
    has added a touch since has marked its orders again.
    """
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        reader = await _begin(connection, tenant_id, order_ids, bounds, may_wait=may_wait)
        if reader is None:
            return None
        await reader.read_heavy(order_ids, known)
        await _read_renewals(reader)
        return reader.reading


async def _read_renewals(reader: Reader) -> None:
    names = [order.order_id for order in reader.reading.orders]
    await read_renewals(reader.connection, reader.tenant_id, reader.reading, names)


async def _begin(
    connection: Connection,
    tenant_id: UUID,
    order_ids: Sequence[str],
    bounds: Bounds,
    *,
    may_wait: bool,
) -> Reader | None:
    if not await take_credit_lock(connection, tenant_id, may_wait=may_wait):
        return None
    return await open_reader(connection, tenant_id, order_ids, bounds)


async def open_reader(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str], bounds: Bounds
) -> Reader:
    """Return a reader for these orders, with a reading that has none yet. It takes no lock."""
    await plan_for_each_list(connection, len(order_ids))
    reading, has_kept = await begin_reading(connection, tenant_id)
    return Reader(connection, tenant_id, bounds, reading, has_kept)


async def take_credit_lock(connection: Connection, tenant_id: UUID, *, may_wait: bool) -> bool:
    """Take the lock of the tenant's credit; False when another worker holds it and `may_wait` is False."""
    if may_wait:
        await wait_for_lock(connection, credit_lock(tenant_id))
        return True
    return await try_lock(connection, credit_lock(tenant_id))


async def begin_reading(connection: Connection, tenant_id: UUID) -> tuple[Reading, bool]:
    """Return a reading without orders, and whether the tenant has kept credit."""
    state = await queries.select_credit_state(connection, tenant_id=tenant_id)
    return Reading(
        state["turn"],
        state["generation"],
        versions_in_force(orjson.loads(state["models"])),
        state["touches_forgotten_before"],
        timedelta(days=state["longest_days"] or 0),
        orjson.loads(state["numbers"]),
        [Restatement(**row) for row in orjson.loads(state["restatements"])],
        days=stored_days(state["time_zone"], state["changes"], state["offsets_s"]),
        has_withdrawals=state["has_withdrawals"],
        has_renewals=state["has_renewals"],
    ), state["has_kept"]


@dataclass(frozen=True, slots=True)
class Reader:
    """Fills a reading in a transaction; orders too large to be held at once go, in halves, to `unread` for later."""

    connection: Connection
    tenant_id: UUID
    bounds: Bounds
    reading: Reading
    has_kept: bool
    select_touches: Callable[..., Awaitable[list[SelectTouchesRow]]] = queries.select_touches
    select_page: SelectPage | None = None
    """These read short journeys and pages of long ones; a report reads other codes than those of channels."""

    async def read_light(self, order_ids: Sequence[str]) -> None:
        reading = self.reading
        orders = await self._load_orders(order_ids)
        orders = await self._load_stored(
            orders, longest=TOUCH_BYTES * self.bounds.touches_of_light_journey
        )
        orders = await self._load_kept(orders)
        for order in orders:
            if order.journey_key is not None:
                reading.starts[order.order_id] = reading.looks_back_to(order)
        if reading.resets:
            orders = await self._leave_crowded(orders)
            await self._load_previous(orders)
        reading.orders = await self._load_short_journeys(orders)
        await read_withdrawn(self.connection, self.tenant_id, self.bounds, reading)

    async def read_heavy(self, order_ids: Sequence[str], known: LongJourney | None) -> None:
        reading = self.reading
        if known is not None and known.is_whole:
            together = self._count_together(known)
            reading.unread += order_ids[together:]
            order_ids = order_ids[:together]
        orders = await self._load_orders(order_ids)
        # A new fact may have moved an order to another journey since the order was found crowded.
        keys = [order.journey_key for order in orders if order.journey_key is not None]
        if keys:
            reading.unread += [o.order_id for o in orders if o.journey_key not in (keys[0], None)]
            orders = [order for order in orders if order.journey_key in (keys[0], None)]
            if reading.resets:
                for order in orders:
                    if order.journey_key is not None:
                        reading.starts[order.order_id] = reading.looks_back_to(order)
                await self._load_previous(orders)
            orders = await self._load_long_journey(orders, keys[0], known)
        orders = await self._load_stored(orders, longest=ANY_LENGTH)
        reading.orders = await self._load_kept(orders)
        await read_withdrawn(self.connection, self.tenant_id, self.bounds, reading)

    async def _load_orders(self, order_ids: Sequence[str]) -> list[Order]:
        bounds = self.bounds
        while True:
            rows = await queries.select_entries(
                self.connection,
                tenant_id=self.tenant_id,
                order_ids=list(order_ids),
                most=bounds.entries_at_once + 1,
            )
            counts = Counter(row["order_id"] for row in rows)
            large = {name for name, entries in counts.items() if entries > bounds.entries_of_order}
            self.reading.too_large += large
            order_ids = [name for name in order_ids if name not in large]
            if len(rows) <= bounds.entries_at_once:
                return await _off_loop(make_orders, rows, order_ids)
            if not large:
                order_ids = self._take_half(order_ids)

    def _take_half(self, order_ids: Sequence[str]) -> Sequence[str]:
        half = len(order_ids) // 2
        self.reading.unread += order_ids[half:]
        return order_ids[:half]

    async def _load_stored(self, orders: list[Order], *, longest: int) -> list[Order]:
        """Load the stored journeys; orders with a longer path are crowded, and those beyond the bounds are left."""
        bounds, reading = self.bounds, self.reading
        while True:
            rows = await queries.select_stored_journeys(
                self.connection,
                tenant_id=self.tenant_id,
                order_ids=[order.order_id for order in orders],
                longest=longest,
            )
            long = {row["order_id"] for row in rows if row["path"] is None}
            touches = sum(len(row["path"] or b"") for row in rows) // TOUCH_BYTES
            if touches <= bounds.touches_at_once or len(orders) == 1:
                break
            self._leave_half(orders)
        reading.stored = make_stored(rows, reading.restatements)
        reading.crowded += sorted(long)
        return [order for order in orders if order.order_id not in long]

    async def _load_kept(self, orders: list[Order]) -> list[Order]:
        """Load the kept credit of orders without a stored journey; return the orders that fit within the bounds."""
        most = self.bounds.allocations_of_order
        while orders and self.has_kept:
            rows = await queries.select_kept_allocations(
                self.connection,
                tenant_id=self.tenant_id,
                order_ids=[o.order_id for o in orders if o.order_id not in self.reading.stored],
                most=most + 1,
            )
            if len(rows) <= most:
                self.reading.kept = await _off_loop(make_kept, rows)
                break
            if len(orders) == 1:
                self.reading.too_large.append(orders.pop().order_id)
            self._leave_half(orders)
        return orders

    def _leave_half(self, orders: list[Order]) -> None:
        half = len(orders) // 2
        self.reading.unread += [order.order_id for order in orders[half:]]
        del orders[half:]

    async def _leave_crowded(self, orders: list[Order]) -> list[Order]:
        """Return the orders whose journeys have no more captures than a short one may have."""
        spans = find_spans(orders, self.reading.starts)
        rows = await queries.count_captures(
            self.connection,
            tenant_id=self.tenant_id,
            journey_keys=list(spans),
            first_moments=[first for first, _ in spans.values()],
            last_moments=[last for _, last in spans.values()],
            most=self.bounds.touches_of_light_journey + 1,
        )
        keys = list(spans)
        crowded = {
            keys[row["place"] - 1]
            for row in rows
            if row["captures"] > self.bounds.touches_of_light_journey
        }
        return self._without(orders, crowded)

    def _without(self, orders: list[Order], crowded: set[bytes]) -> list[Order]:
        self.reading.crowded += [o.order_id for o in orders if o.journey_key in crowded]
        return [order for order in orders if order.journey_key not in crowded]

    async def _load_previous(self, orders: list[Order]) -> None:
        spans = find_spans(orders, self.reading.starts)
        rows = await queries.select_previous_conversions(
            self.connection,
            tenant_id=self.tenant_id,
            order_ids=[order.order_id for order in orders],
            journey_keys=list(spans),
            first_moments=[first for first, _ in spans.values()],
            last_moments=[last for _, last in spans.values()],
        )
        self.reading.previous = {row["order_id"]: row["occurred_at"] for row in rows}

    async def _load_short_journeys(self, orders: list[Order]) -> list[Order]:
        """Load journeys, page by page, until the bound is reached; the orders of the others are left unread."""
        reading, bounds = self.reading, self.bounds
        spans = find_spans(orders, reading.starts_of_facts(orders))
        keys = list(spans)
        touches, end = 0, 0
        while end < len(keys) and touches <= bounds.touches_at_once:
            page = keys[end : end + _JOURNEYS_OF_A_PAGE]
            end += len(page)
            rows = await self.select_touches(
                self.connection,
                tenant_id=self.tenant_id,
                journey_keys=page,
                first_moments=[spans[key][0] for key in page],
                last_moments=[spans[key][1] for key in page],
                most_of_each=bounds.touches_of_light_journey + 1,
            )
            touches += sum(len(row["codes"]) for row in rows)
            reading.journeys |= await _off_loop(make_journeys, rows, page)
        left = set(keys[end:])
        reading.unread += [order.order_id for order in orders if order.journey_key in left]
        crowded = {
            key
            for key, journey in reading.journeys.items()
            if len(journey) > bounds.touches_of_light_journey
        }
        for key in crowded:
            del reading.journeys[key]
        return self._without([o for o in orders if o.journey_key not in left], crowded)

    async def _load_long_journey(
        self, orders: list[Order], journey_key: bytes, known: LongJourney | None
    ) -> list[Order]:
        """Load the journey; return the orders whose windows it covers, as many as may be credited together."""
        reading, bounds = self.reading, self.bounds
        on_journey = sorted(
            (order for order in orders if order.journey_key is not None),
            key=attrgetter("converted_at"),
        )
        # The part before a conversion that cuts the journey is not read: a journey like this may be very long.
        versions = [v.version for v in reading.versions]
        for order in on_journey:
            start = reach_of(versions, order.converted_at, reading.previous.get(order.order_id))
            assert start is not None  # noqa: S101 - without versions nothing is read
            reading.starts[order.order_id] = start
        first_moment = reading.starts[on_journey[0].order_id]
        last_moment = on_journey[-1].converted_at
        journey = known
        if journey is None or not journey.covers(journey_key, first_moment, last_moment):
            span = first_moment, last_moment
            journey = await read_long_journey(
                self.connection, self.tenant_id, bounds, journey_key, span, self.select_page
            )
        reading.long_journey, reading.journeys = journey, {journey_key: journey.touches}
        covered_to = dense_from = None
        if not journey.is_whole:
            moments = journey.touches.moments
            covered_to = us_to_moment(moments[-1])
            dense_from = us_to_moment(moments[-1 - bounds.touches_of_order])
        together = self._count_together(journey)
        left = {order.order_id for order in on_journey[together:]}
        for order in on_journey[:together]:
            start = reading.starts[order.order_id]
            if covered_to is not None and order.converted_at >= covered_to:
                is_dense = dense_from is not None and start <= dense_from
                (reading.too_long if is_dense else left).add(order.order_id)
            elif start < journey.first_moment:
                left.add(order.order_id)
        reading.unread += sorted(left)
        return [order for order in orders if order.order_id not in left]

    def _count_together(self, journey: LongJourney) -> int:
        """Return how many orders of the journey fit into one transaction, if each has all of its touches."""
        return max(1, self.bounds.touches_of_part // max(1, len(journey.touches)))


async def _off_loop(
    make: Callable[Concatenate[Sequence[_Row], _P], _T],
    rows: Sequence[_Row],
    *arguments: _P.args,
    **options: _P.kwargs,
) -> _T:
    """Turn rows into objects; in a thread when there are many."""
    if len(rows) <= _FEW_ROWS:
        return make(rows, *arguments, **options)
    return await asyncio.to_thread(make, rows, *arguments, **options)
