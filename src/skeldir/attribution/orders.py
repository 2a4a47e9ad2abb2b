"""The orders of a credit run and the data their credit is computed from, built from database rows."""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution.packing import (
    NO_CONVERSION,
    PackedOrder,
    PathColumns,
    first_capture_of,
    moment_to_us,
    pack_columns,
)
from skeldir.attribution.splits import Allocation, LedgerEntry, earliest_capture
from skeldir.days import UTC_DAYS

if TYPE_CHECKING:
    from skeldir.attribution.evaluating import VersionInForce
    from skeldir.attribution.store import (
        SelectEntriesRow,
        SelectKeptAllocationsRow,
        SelectStoredJourneysRow,
        SelectTouchesRow,
    )
    from skeldir.days import LocalDays

# The database sends moments as microseconds since 2000.
_US_OF_2000 = 946_684_800_000_000
_MICROSECOND = timedelta(microseconds=1)
# The number of touches at which packing by columns becomes faster than touch by touch.
_LONG = 200


@dataclass(frozen=True, slots=True)
class Order:
    """An order to be credited: its entries and, once it has a capture, its journey.

    `journey_key` is that of the earliest capture, `journey_keys` are those of all captures, by entry.
    """

    order_id: str
    entries: list[LedgerEntry]
    capture: LedgerEntry | None
    journey_key: bytes | None
    journey_keys: Mapping[UUID, bytes | None]

    @property
    def converted_at(self) -> datetime:
        """The moment of the earliest capture; the order must have one."""
        assert self.capture is not None  # noqa: S101 - the callers' own condition
        return self.capture.occurred_at

    def has_journey_of(self, stored: PackedOrder) -> bool:
        """Return whether `stored`, a journey of this order, holds touches of the same journey key."""
        first = first_capture_of(stored.entries)
        return first is not None and self.journey_keys.get(first) == self.journey_key

    def was_erased_since(self, stored: PackedOrder) -> bool:
        """Return whether the captures lost their journey's key after `stored` was stored.

        Entries never change otherwise, and an order without a key has no touches.
        """
        first = first_capture_of(stored.entries)
        is_known = first is not None and first in self.journey_keys
        return (
            is_known
            and self.journey_key is None
            and bool(stored.path)
            and self.has_journey_of(stored)
        )


def holds_enough(journey: PackedOrder, lookback: timedelta, *, resets: bool) -> bool:
    """Return whether a stored journey holds all that models with this lookback, which may reset, need."""
    if journey.reach < lookback // _MICROSECOND:
        return False
    return journey.previous_age is not None or not resets


@dataclass(slots=True)
class Touches:
    """The touches of one journey in time order: moments in microseconds since 1970, and the codes of their channels."""

    moments: Sequence[int]
    codes: Sequence[str]
    _columns: PathColumns | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def find(self, first_moment: int, last_moment: int) -> slice:
        """Return the slice of the touches between two moments, both included."""
        first = bisect_left(self.moments, first_moment)
        return slice(first, bisect_right(self.moments, last_moment, lo=first))

    def pack(self, window: slice, converted_at: int, numbers: Mapping[str, int]) -> bytes:
        """Return the touches in `window` as the path of an order that converted at `converted_at`.

        For a long journey, the columns are built once and shared by all its orders.
        """
        if window.stop - window.start >= _LONG:
            if self._columns is None:
                self._columns = PathColumns.of([numbers[code] for code in self.codes], self.moments)
            return self._columns.pack(window, converted_at)
        return pack_columns(
            [numbers[code] for code in self.codes[window]],
            [converted_at - moment for moment in self.moments[window]],
        )


NO_TOUCHES = Touches([], [])


@dataclass(frozen=True, slots=True)
class LongJourney:
    """The first touches of a journey between two moments, both included; all of them if `is_whole`."""

    key: bytes
    first_moment: datetime
    last_moment: datetime
    touches: Touches
    is_whole: bool

    def covers(self, key: bytes, first_moment: datetime, last_moment: datetime) -> bool:
        """Return whether these include all touches of the given journey between two moments."""
        is_within = self.first_moment <= first_moment and last_moment <= self.last_moment
        return self.is_whole and self.key == key and is_within


@dataclass(frozen=True, slots=True)
class Restatement:
    """The progress of a change of models through the stored journeys: up to `after_order_id`, through all if None."""

    generation: int
    after_order_id: str | None

    def has_passed(self, order_id: str) -> bool:
        """Return whether the order is credited by the models of this generation."""
        return self.after_order_id is None or order_id <= self.after_order_id


@dataclass(frozen=True, slots=True)
class KeptCredit:
    """Credit, by model version, of an order whose touches may have been forgotten before journeys were packed.

    The sums include the versions that have been in force since `generation` or earlier.
    """

    generation: int
    allocations: Mapping[str, Sequence[Allocation]]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A touch that was taken back, (moment in microseconds since 1970, channel), and what stands under its key now."""

    touch: tuple[int, str]
    instead: tuple[int, str] | None


@dataclass(slots=True)
class Reading:
    """Some orders and the data their credit is computed from, as of one moment.

    `turn` is that of the tenant's credit at this moment, `generation` that of its models. Of the requested orders,
    `orders` can be credited now; `crowded` have journeys that are read one at a time, by `read_journey`; `too_large`
    have more entries or allocations than may be credited; `unread` are left for another reading. A journey holds all
    touches of its orders' windows, from `starts` on, except for the orders `too_long`, which have more than may be
    credited. `long_journey` is the one that was read by itself, to be reused for its remaining orders. `stored` and
    `kept` are the current sources of the orders' credit.
    """

    turn: int
    generation: int
    versions: list[VersionInForce]
    forgotten_before: datetime | None
    longest_lookback: timedelta
    """The longest of all versions that the tenant ever had."""
    numbers: dict[str, int]
    restatements: Sequence[Restatement]
    days: LocalDays = UTC_DAYS
    """The days of the tenant's reporting time zone."""
    has_withdrawals: bool = False
    """Whether some touch was taken back: then a stored path may hold touches that no longer stand."""
    has_renewals: bool = False
    """Whether the tenant has renewals, or credit that is counted as theirs."""
    renewals: set[str] = field(default_factory=set)
    """Those of the orders that are later payments of a subscription."""
    counted_renewals: set[str] = field(default_factory=set)
    """Those of the orders whose credit is in the sums of renewals."""
    orders: list[Order] = field(default_factory=list)
    stored: dict[str, PackedOrder] = field(default_factory=dict)
    kept: dict[str, KeptCredit] = field(default_factory=dict)
    starts: dict[str, datetime] = field(default_factory=dict)
    journeys: dict[bytes, Touches] = field(default_factory=dict)
    withdrawn: dict[bytes, list[Withdrawn]] = field(default_factory=dict)
    """By journey, the touches before `forgotten_before` that were taken back and whose rows still exist."""
    long_journey: LongJourney | None = None
    previous: dict[str, datetime] = field(default_factory=dict)
    too_long: set[str] = field(default_factory=set)
    crowded: list[str] = field(default_factory=list)
    too_large: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    resets: bool = field(init=False)
    """Whether some model in force resets after a conversion, so that the previous conversion must be known."""
    lookback: timedelta = field(init=False)
    """The longest of the versions in force."""

    def __post_init__(self) -> None:
        self.resets = any(v.version.after_conversion == "reset" for v in self.versions)
        self.lookback = max((v.version.lookback for v in self.versions), default=timedelta(0))

    def channels_met(self) -> set[str]:
        """Return the codes of the channels that a path may get; each needs a number."""
        codes = {code for touches in self.journeys.values() for code in touches.codes}
        for some in self.withdrawn.values():
            codes |= {one.instead[1] for one in some if one.instead is not None}
        return codes

    def looks_back_to(self, order: Order) -> datetime:
        """Return the start of the longest window of the order, which must have a capture."""
        return order.converted_at - self.lookback

    def starts_of_facts(self, orders: Sequence[Order]) -> Mapping[str, datetime]:
        """Return for each order from when on its touches are read.

        If touches were taken back, this includes all that a stored path may hold, so that each can be recognised.
        """
        if not self.has_withdrawals:
            return self.starts
        longest = max(self.longest_lookback, self.lookback)
        return {
            order.order_id: min(self.starts[order.order_id], order.converted_at - longest)
            for order in orders
            if order.order_id in self.starts
        }

    def previous_age_of(self, order: Order) -> int | None:
        """Return how many microseconds before the order's conversion the journey's previous one was, as stored."""
        if not self.resets:
            return None
        before = self.previous.get(order.order_id)
        if before is None:
            return NO_CONVERSION
        return moment_to_us(order.converted_at) - moment_to_us(before)

    def continues_from_kept(self, order: Order) -> bool:
        """Return whether the order's credit continues from its kept credit: touches may already have been deleted.

        A retired model that looked at these touches may be put in force again, so all versions count, not only those in
        force now.
        """
        if order.capture is None or self.forgotten_before is None:
            return False
        may_be_gone = order.converted_at - self.longest_lookback < self.forgotten_before
        return may_be_gone and order.order_id in self.kept


def find_spans(
    orders: Sequence[Order], starts: Mapping[str, datetime]
) -> dict[bytes, tuple[datetime, datetime]]:
    """Return for each journey the span that the orders need: first start to last conversion, both included."""
    spans: dict[bytes, tuple[datetime, datetime]] = {}
    for order in orders:
        start, key = starts.get(order.order_id), order.journey_key
        if start is None or key is None:
            continue
        first, last = spans.get(key, (start, order.converted_at))
        spans[key] = min(first, start), max(last, order.converted_at)
    return spans


def make_orders(rows: Sequence[SelectEntriesRow], order_ids: Sequence[str]) -> list[Order]:
    """Return the orders, in the order of `order_ids`, from rows of `select_entries`."""
    entries: dict[str, list[LedgerEntry]] = defaultdict(list)
    journeys: dict[str, dict[UUID, bytes | None]] = defaultdict(dict)
    for row in rows:
        order_id, kind = row["order_id"], row["kind"]
        entries[order_id].append(
            LedgerEntry(
                row["id"],
                row["business_key"],
                row["occurred_at"],
                kind,
                row["currency"],
                row["amount_cents"],
            )
        )
        if kind == "capture":
            journeys[order_id][row["id"]] = row["journey_key"]
    orders = []
    for name in order_ids:
        capture, keys = earliest_capture(entries[name]), journeys[name]
        key = None if capture is None else keys[capture.entry_id]
        orders.append(Order(name, entries[name], capture, key, keys))
    return orders


def make_stored(
    rows: Sequence[SelectStoredJourneysRow], restatements: Sequence[Restatement]
) -> dict[str, PackedOrder]:
    """Return the stored journeys by order, except those whose paths were too long to be read."""
    stored = {}
    for row in rows:
        if (path := row["path"]) is not None:
            order_id = row["order_id"]
            stored[order_id] = PackedOrder(
                order_id,
                row["converted_at"],
                row["previous_age"],
                row["reach"],
                generation_of(row, restatements),
                path,
                row["entries"],
            )
    return stored


def generation_of(row: SelectStoredJourneysRow, restatements: Sequence[Restatement]) -> int:
    """Return the generation of a stored journey; a later restatement that has already passed the order sets it."""
    generation = row["generation"]
    if generation < 0:
        return -1 - generation
    for restatement in restatements:
        if restatement.generation > generation and restatement.has_passed(row["order_id"]):
            generation = restatement.generation
    return generation


def make_kept(rows: Sequence[SelectKeptAllocationsRow]) -> dict[str, KeptCredit]:
    """Return the kept credit by order, from rows of `select_kept_allocations`."""
    kept: dict[str, dict[str, list[Allocation]]] = defaultdict(lambda: defaultdict(list))
    generations: dict[str, int] = {}
    for row in rows:
        order_id = row["order_id"]
        allocation = Allocation(
            row["model_version"],
            row["entry_id"],
            row["channel_code"],
            row["allocated_cents"],
            row["conversion_ppt"],
        )
        kept[order_id][allocation.model_version].append(allocation)
        generations[order_id] = max(row["generation"], generations.get(order_id, 0))
    return {name: KeptCredit(generations[name], dict(by)) for name, by in kept.items()}


def make_journeys(rows: Sequence[SelectTouchesRow], keys: Sequence[bytes]) -> dict[bytes, Touches]:
    """Return the journeys by key, from rows of `select_touches`, whose `place` is the position in `keys`."""
    return {
        keys[row["place"] - 1]: Touches(unpack_moments(row["moments"]), row["codes"])
        for row in rows
    }


def unpack_moments(sent: bytes) -> list[int]:
    """Return moments in microseconds since 1970; the database sends them as 8 bytes each."""
    moments = struct.unpack(f">{len(sent) // 8}q", sent)
    return [moment + _US_OF_2000 for moment in moments]
