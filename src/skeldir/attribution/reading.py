"""What a credit run reads: everything that some orders' credit is worked out from, at one moment, and no more at once.

A reading is one repeatable-read snapshot. It has ended before anything is computed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from skeldir.attribution.definitions import active_versions, versions_of
from skeldir.attribution.journeys import Journey
from skeldir.attribution.marks import credit_lock
from skeldir.attribution.orders import (
    Order,
    Reading,
    find_spans,
    make_journey,
    make_journeys,
    make_kept,
    make_orders,
)
from skeldir.attribution.store import queries
from skeldir.db.locks import try_lock, wait_for_lock
from skeldir.db.plans import plan_for_each_list

if TYPE_CHECKING:
    import asyncpg

    from skeldir.attribution.bounds import Bounds
    from skeldir.db.pool import Connection, Database

_T = TypeVar("_T")
# So many rows are turned into objects on the loop: a thread would cost more.
_FEW_ROWS = 500


async def read_orders(
    database: Database,
    tenant_id: UUID,
    order_ids: Sequence[str],
    bounds: Bounds,
    *,
    does_wait: bool = False,
) -> Reading | None:
    """Read the orders with short journeys among `order_ids`; None when another worker is writing credit.

    Who has written already lets another's transaction end (`does_wait`): the other may only have found out that it
    came too late, and if both stopped for each other nobody would go on.

    A journey is short with `touches_of_light_journey` touches and, where they cut it, as many captures.
    """
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        reader = await _begin(connection, tenant_id, order_ids, bounds, does_wait=does_wait)
        if reader is None:
            return None
        if reader.reading.versions:
            await reader.read_light(order_ids)
            return reader.reading
    async with database.tenant(tenant_id) as connection:
        await active_versions(connection, tenant_id)
    return await read_orders(database, tenant_id, order_ids, bounds, does_wait=does_wait)


async def read_journey(
    database: Database,
    tenant_id: UUID,
    order_ids: Sequence[str],
    bounds: Bounds,
    *,
    does_wait: bool = False,
) -> Reading | None:
    """Read orders of one journey, however many touches it has; None when another worker is writing credit.

    Touches are read from the first order's window on, up to `touches_at_once`. Orders whose windows they cover can be
    credited; orders whose windows hold the last `touches_of_order` of them, and one more, are too long; the others are
    left unread. The first order is never left, so each reading brings the work forward.
    """
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        reader = await _begin(connection, tenant_id, order_ids, bounds, does_wait=does_wait)
        if reader is None:
            return None
        await reader.read_heavy(order_ids)
        return reader.reading


async def _begin(
    connection: Connection,
    tenant_id: UUID,
    order_ids: Sequence[str],
    bounds: Bounds,
    *,
    does_wait: bool,
) -> _Reader | None:
    if does_wait:
        await wait_for_lock(connection, credit_lock(tenant_id))
    elif not await try_lock(connection, credit_lock(tenant_id)):
        return None
    await plan_for_each_list(connection, len(order_ids))
    versions = versions_of(await queries.select_active_models(connection, tenant_id=tenant_id))
    state = await queries.select_credit_state(connection, tenant_id=tenant_id)
    reading = Reading(state["turn"], versions, state["touches_forgotten_before"])
    return _Reader(connection, tenant_id, bounds, reading)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Fills a reading in an open transaction. What is too much to be held at once is left unread, by halves."""

    connection: Connection
    tenant_id: UUID
    bounds: Bounds
    reading: Reading

    async def read_light(self, order_ids: Sequence[str]) -> None:
        orders = await self._load_kept(await self._load_orders(order_ids))
        if self._is_cutting:
            orders = await self._leave_crowded(orders)
            await self._load_previous(orders)
        self.reading.orders = await self._load_short_journeys(orders)

    async def read_heavy(self, order_ids: Sequence[str]) -> None:
        reading = self.reading
        orders = await self._load_kept(await self._load_orders(order_ids))
        # A new fact may have moved an order to another journey since it was found to be crowded.
        keys = [order.journey_key for order in orders if order.journey_key is not None]
        if keys:
            reading.orders = [order for order in orders if order.journey_key in (keys[0], None)]
            reading.unread += [o.order_id for o in orders if o.journey_key not in (keys[0], None)]
            if self._is_cutting:
                await self._load_previous(reading.orders)
            await self._load_long_journey(keys[0])
        else:
            reading.orders = orders

    @property
    def _is_cutting(self) -> bool:
        return any(version.after_conversion == "reset" for version in self.reading.versions)

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

    async def _load_kept(self, orders: list[Order]) -> list[Order]:
        """Load what is kept; return the orders that it was not too much for."""
        gone_before = self.reading.forgotten_before
        if gone_before is None:
            return orders
        most = self.bounds.allocations_of_order
        while orders:
            reaching = [
                (order.order_id, version.model_version)
                for order in orders
                if order.capture is not None
                for version in self.reading.versions
                if order.capture.occurred_at - version.lookback < gone_before
            ]
            rows = await queries.select_kept_allocations(
                self.connection,
                tenant_id=self.tenant_id,
                order_ids=[order_id for order_id, _ in reaching],
                model_versions=[model_version for _, model_version in reaching],
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
        """Return the orders of journeys that are not cut at more places than a light one may be."""
        spans = find_spans(orders, {order.order_id: self._looks_back_to(order) for order in orders})
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

    def _looks_back_to(self, order: Order) -> datetime | None:
        if order.journey_key is None:
            return None
        return order.converted_at - max(version.lookback for version in self.reading.versions)

    async def _load_previous(self, orders: list[Order]) -> None:
        spans = find_spans(orders, {order.order_id: self._looks_back_to(order) for order in orders})
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
        reading, bounds = self.reading, self.bounds
        while True:
            spans = find_spans(orders, {o.order_id: reading.reaches_from(o) for o in orders})
            if not spans:
                return orders
            rows = await queries.select_touches(
                self.connection,
                tenant_id=self.tenant_id,
                journey_keys=list(spans),
                first_moments=[first for first, _ in spans.values()],
                last_moments=[last for _, last in spans.values()],
                most_of_each=bounds.touches_of_light_journey + 1,
                most=bounds.touches_at_once + 1,
            )
            if len(rows) <= bounds.touches_at_once:
                break
            self._leave_half(orders)
        journeys = await _off_loop(make_journeys, rows, list(spans))
        crowded = {
            key
            for key, journey in journeys.items()
            if len(journey.touches) > bounds.touches_of_light_journey
        }
        reading.journeys = {key: journeys[key] for key in journeys.keys() - crowded}
        return self._without(orders, crowded)

    async def _load_long_journey(self, journey_key: bytes) -> None:
        reading, bounds = self.reading, self.bounds
        reaching: dict[str, datetime] = {}
        for order in sorted(
            (order for order in reading.orders if order.journey_key is not None),
            key=attrgetter("converted_at"),
        ):
            start = reading.reaches_from(order)
            if start is not None:
                reaching[order.order_id] = start
        if not reaching:
            return
        first_moment = next(iter(reaching.values()))
        last_moment = max(o.converted_at for o in reading.orders if o.order_id in reaching)
        rows = await read_touches(
            self.connection,
            self.tenant_id,
            journey_key=journey_key,
            first_moment=first_moment,
            last_moment=last_moment,
            most=bounds.touches_at_once,
            bounds=bounds,
        )
        journey = (await _off_loop(make_journey, rows)) if rows else Journey([])
        reading.journeys = {journey_key: journey}
        if len(rows) < bounds.touches_at_once:
            covered_to = dense_from = None
        else:
            covered_to = rows[-1]["occurred_at"]
            dense_from = rows[-1 - bounds.touches_of_order]["occurred_at"]
        left: set[str] = set()
        for order in reading.orders:
            start = reaching.get(order.order_id)
            if start is None:
                continue
            if covered_to is not None and order.converted_at >= covered_to:
                is_dense = dense_from is not None and start <= dense_from
                (reading.too_long if is_dense else left).add(order.order_id)
            elif start < first_moment:
                left.add(order.order_id)
        reading.unread += sorted(left)
        reading.orders = [order for order in reading.orders if order.order_id not in left]


async def read_touches(
    connection: Connection,
    tenant_id: UUID,
    *,
    journey_key: bytes,
    first_moment: datetime,
    last_moment: datetime,
    most: int,
    bounds: Bounds,
) -> list[asyncpg.Record]:
    """Return the journey's first touches between two moments, both included, page by page, up to `most` of them."""
    rows: list[asyncpg.Record] = []
    after_key = ""
    while len(rows) < most:
        wanted = min(bounds.touches_of_page, most - len(rows))
        page = await queries.select_touches_of_journey(
            connection,
            tenant_id=tenant_id,
            journey_key=journey_key,
            first_moment=first_moment,
            last_moment=last_moment,
            after_key=after_key,
            most=wanted,
        )
        rows += page
        if len(page) < wanted:
            break
        first_moment, after_key = page[-1]["occurred_at"], page[-1]["idempotency_key"]
    return rows


async def _off_loop(
    make: Callable[..., _T], rows: Sequence[asyncpg.Record], *arguments: object
) -> _T:
    """Turn rows into objects, many of them in a thread."""
    if len(rows) <= _FEW_ROWS:
        return make(rows, *arguments)
    return await asyncio.to_thread(make, rows, *arguments)
