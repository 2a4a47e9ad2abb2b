"""The orders of a credit run with what their credit is worked out from, made of the database's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.journeys import Journey, reach_of
from skeldir.attribution.models import JourneyTouch, ModelVersion
from skeldir.attribution.splits import Allocation, LedgerEntry, earliest_capture

if TYPE_CHECKING:
    import asyncpg


@dataclass(frozen=True, slots=True)
class Order:
    """An order that is being credited: its entries and, once a capture is there, its journey."""

    order_id: str
    entries: list[LedgerEntry]
    capture: LedgerEntry | None
    journey_key: bytes | None

    @property
    def converted_at(self) -> datetime:
        """The moment of the earliest capture, of an order that has one."""
        assert self.capture is not None  # noqa: S101 - the callers' own condition
        return self.capture.occurred_at


@dataclass(slots=True)
class Reading:
    """Some orders and what their credit is worked out from, as of one moment.

    `turn` is that of the tenant's credit then. Of the orders that were asked for, `orders` can be credited now;
    `crowded` have journeys that are read one at a time, by `read_journey`; `too_large` have more entries or
    allocations than may be credited; `unread` are left for another reading. A journey holds all touches of its orders'
    windows, but for the orders `too_long`, which have more than may be credited. `kept` are, by order and model
    version, the allocations of journeys whose touches may be gone.
    """

    turn: int
    versions: list[ModelVersion]
    forgotten_before: datetime | None
    orders: list[Order] = field(default_factory=list)
    journeys: dict[bytes, Journey] = field(default_factory=dict)
    previous: dict[str, datetime] = field(default_factory=dict)
    kept: dict[str, dict[str, list[Allocation]]] = field(default_factory=dict)
    too_long: set[str] = field(default_factory=set)
    crowded: list[str] = field(default_factory=list)
    too_large: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def reaches_from(self, order: Order) -> datetime | None:
        """Return the first moment whose touches the order may earn from; None when it needs no touch."""
        if order.journey_key is None:
            return None
        asking = self.versions
        if kept := self.kept.get(order.order_id):
            asking = [version for version in asking if version.model_version not in kept]
        return reach_of(asking, order.converted_at, self.previous.get(order.order_id))


def find_spans(
    orders: Sequence[Order], starts: Mapping[str, datetime | None]
) -> dict[bytes, tuple[datetime, datetime]]:
    """Return of each journey that is needed the part from the first start to the last conversion, both included."""
    spans: dict[bytes, tuple[datetime, datetime]] = {}
    for order in orders:
        start = starts[order.order_id]
        if start is None or order.journey_key is None:
            continue
        first, last = spans.get(order.journey_key, (start, order.converted_at))
        spans[order.journey_key] = min(first, start), max(last, order.converted_at)
    return spans


def make_orders(rows: Sequence[asyncpg.Record], order_ids: Sequence[str]) -> list[Order]:
    """Return the orders, in the order of `order_ids`, from rows of `select_entries`."""
    entries: dict[str, list[LedgerEntry]] = defaultdict(list)
    journeys: dict[UUID, bytes | None] = {}
    for order_id, entry_id, business_key, moment, kind, currency, cents, journey_key in rows:
        entries[order_id].append(LedgerEntry(entry_id, business_key, moment, kind, currency, cents))
        journeys[entry_id] = journey_key
    orders = []
    for order_id in order_ids:
        capture = earliest_capture(entries[order_id])
        journey_key = None if capture is None else journeys[capture.entry_id]
        orders.append(Order(order_id, entries[order_id], capture, journey_key))
    return orders


def make_kept(rows: Sequence[asyncpg.Record]) -> dict[str, dict[str, list[Allocation]]]:
    """Return what is kept by order and model version, from rows of `select_kept_allocations`."""
    kept: dict[str, dict[str, list[Allocation]]] = defaultdict(lambda: defaultdict(list))
    for order_id, *fields in rows:
        allocation = Allocation(*fields)
        kept[order_id][allocation.model_version].append(allocation)
    return {order_id: dict(of_order) for order_id, of_order in kept.items()}


def make_journeys(rows: Sequence[asyncpg.Record], keys: Sequence[bytes]) -> dict[bytes, Journey]:
    """Return the journeys by key, from rows of `select_touches` with the places of `keys`."""
    touches: dict[bytes, list[JourneyTouch]] = defaultdict(list)
    for place, moment, channel_code, idempotency_key in rows:
        touches[keys[place - 1]].append(JourneyTouch(moment, channel_code, idempotency_key))
    # By bytes, as the database would: text of Python sorts by code point, which is the same.
    by_place = attrgetter("occurred_at", "idempotency_key")
    return {key: Journey(sorted(of_key, key=by_place)) for key, of_key in touches.items()}


def make_journey(rows: Sequence[asyncpg.Record]) -> Journey:
    """Return the journey of rows of `select_touches_of_journey`."""
    return Journey([JourneyTouch(*row) for row in rows])
