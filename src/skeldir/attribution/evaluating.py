"""The credit of stored orders: sums over many orders, and the allocations of one.

The columnar engine computes the sums of many orders. A few orders, and those that the engine is uncertain of, are
computed by `splits`, one by one. Both give the same result.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from skeldir.attribution.columns import OrderColumns, number_distinct
from skeldir.attribution.engine import Credit, Engine
from skeldir.attribution.journeys import Journey
from skeldir.attribution.models import DIRECT, JourneyTouch, ModelVersion
from skeldir.attribution.packing import (
    AGE_BITS,
    CAPTURE_LETTER,
    ENTRY_BYTES,
    ENTRY_COLUMNS,
    LARGEST_CHANNEL_NUMBER,
    NO_CONVERSION,
    OLDEST_AGE,
    TOUCH_BYTES,
    PackedOrder,
    letters_of,
    unpack_entries,
    unpack_path,
)
from skeldir.attribution.splits import (
    UNATTRIBUTED,
    Allocation,
    LedgerEntry,
    allocate_order_for_versions,
    earliest_capture,
)
from skeldir.days import UTC_DAYS

if TYPE_CHECKING:
    from skeldir.attribution.columns import Ints
    from skeldir.days import LocalDays

SumKey = tuple[date, str, str, str]
"""The local day of the entry, the model version, the channel code and the currency."""
Sums = dict[SumKey, tuple[int, int, int]]
"""By key: the parts per 10**12 of conversions, the minor units, and the number of allocations summed."""

_FEW: Final = 200
"""Below this size, in touches and entries, `splits` takes less time for all orders than the engine."""
_ORDER_ITSELF: Final = 16
"""The fixed cost of an order in `splits`, in touches."""
_AT_ONCE: Final = 1 << 18
"""How much is evaluated at once, in touches and entries: about 100 MB of columns."""

_FIRST_DAY: Final = date(1970, 1, 1).toordinal()


class Channels:
    """The channels of a tenant and their numbers in paths. `direct` and `unattributed` exist without a number, too."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        """Take the number of each channel code; raises `ValueError` if one is used twice or does not fit a path."""
        self._codes = {number: code for code, number in numbers.items()}
        if len(self._codes) < len(numbers):
            raise ValueError("Two channels have the same number.")
        if not all(0 <= number <= LARGEST_CHANNEL_NUMBER for number in self._codes):
            raise ValueError(f"A channel number is from 0 to {LARGEST_CHANNEL_NUMBER}.")
        self.codes: Final = sorted({*numbers, DIRECT, UNATTRIBUTED})
        """All codes, in the order of their text; the index of a code is its rank."""
        rank_of = {code: rank for rank, code in enumerate(self.codes)}
        self._ranks = np.full(LARGEST_CHANNEL_NUMBER + 1, -1)
        self._ranks[list(numbers.values())] = [rank_of[code] for code in numbers]

    def code_of(self, number: int) -> str:
        """Return the code of a number; `ValueError` when no channel has it."""
        code = self._codes.get(number)
        if code is None:
            raise _number_unknown(number)
        return code

    def ranks_of(self, numbers: Ints) -> Ints:
        """Return the rank of each number; `ValueError` when no channel has one of them."""
        ranks = self._ranks[numbers]
        unknown = np.flatnonzero(ranks < 0)
        if len(unknown):
            raise _number_unknown(int(numbers[unknown[0]]))
        return ranks


@dataclass(frozen=True, slots=True)
class VersionInForce:
    """A model version, and the generation since which it has been in force without a break."""

    version: ModelVersion
    since: int


def sum_credit(
    orders: Sequence[PackedOrder],
    versions: Sequence[VersionInForce],
    channels: Channels,
    days: LocalDays = UTC_DAYS,
    kinds: Collection[str] | None = None,
) -> Sums:
    """Return the credit of the orders, summed by local day, version, channel and currency.

    With `kinds`, only that of entries of these kinds; each is credited as beside all the others.

    An order is credited by the versions that have been in force since its generation or earlier. The sums are exact,
    however large they are. Ages of touches count from the first capture in `entries`; `converted_at` is not read.

    Raises `ValueError` when a version that resets applies to an order whose `previous_age` is None, for a path with a
    number that no channel has, and for an order without a capture or with an incomplete record.
    """
    sums: Sums = {}
    for some, counted in _group_by_versions(orders, versions):
        _refuse_unread_conversions(some, counted)
        for chunk, is_few in _cut(some):
            if is_few:
                for order in chunk:
                    _add_one(sums, order, counted, channels, days, kinds)
            else:
                _add_many(sums, chunk, counted, channels, days, kinds)
    return sums


def subtract(new: Sums, old: Sums) -> Sums:
    """Return what must be added to `old` to get `new`, without the keys whose sums are equal."""
    nothing = (0, 0, 0)
    change: Sums = {}
    for key in new.keys() | old.keys():
        parts, cents, count = new.get(key, nothing)
        old_parts, old_cents, old_count = old.get(key, nothing)
        difference = (parts - old_parts, cents - old_cents, count - old_count)
        if difference != nothing:
            change[key] = difference
    return change


def add_sums(sums: Sums, others: Sums) -> None:
    """Add other sums to `sums`, key by key."""
    for key, (parts, cents, count) in others.items():
        _add(sums, key, parts, cents, count)


def add_allocations(
    sums: Sums,
    entries: Iterable[LedgerEntry],
    allocations: Iterable[Allocation],
    days: LocalDays = UTC_DAYS,
) -> None:
    """Add the allocations of an order's entries to `sums`."""
    of_entry = {
        entry.entry_id: (days.day_of(entry.occurred_at), entry.currency) for entry in entries
    }
    for row in allocations:
        day, currency = of_entry[row.entry_id]
        key = (day, row.model_version, row.channel_code, currency)
        _add(sums, key, row.conversion_ppt, row.allocated_cents, 1)


def derive_counted(
    order: PackedOrder, versions: Sequence[VersionInForce], channels: Channels
) -> list[Allocation]:
    """Return the allocations of the order that the sums include: of versions in force since its generation or before.

    Raises `ValueError` as `sum_credit` does.
    """
    counted = [v.version for v in versions if v.since <= order.generation]
    return derive_allocations(order, counted, channels)


def derive_allocations(
    order: PackedOrder, versions: Sequence[ModelVersion], channels: Channels
) -> list[Allocation]:
    """Return the allocations of the order's entries by each of the versions, as computed by `splits`.

    All versions apply, whatever the order's generation. Raises `ValueError` as `sum_credit` does.
    """
    _refuse_unread_conversions([order], versions)
    return _derive(order, unpack_entries(order.entries), versions, channels)


def _derive(
    order: PackedOrder,
    entries: Sequence[LedgerEntry],
    versions: Sequence[ModelVersion],
    channels: Channels,
) -> list[Allocation]:
    capture = earliest_capture(entries)
    if capture is None:
        raise _no_capture()
    converted_at = capture.occurred_at
    touches = [
        JourneyTouch(
            converted_at - timedelta(microseconds=age), channels.code_of(number), f"{place:09}"
        )
        for place, (number, age) in enumerate(unpack_path(order.path))
    ]
    previous = order.previous_age
    return allocate_order_for_versions(
        entries,
        Journey(touches),
        versions,
        previous_conversion_at=None
        if previous is None or previous == NO_CONVERSION
        else converted_at - timedelta(microseconds=previous),
    )


def _group_by_versions(
    orders: Sequence[PackedOrder], versions: Sequence[VersionInForce]
) -> Iterator[tuple[Sequence[PackedOrder], list[ModelVersion]]]:
    """Yield the orders to which the same versions apply, with these; orders to which none applies are left out."""
    since = sorted({in_force.since for in_force in versions})
    generations = np.array([order.generation for order in orders], np.int64)
    reached = np.searchsorted(np.array(since, np.int64), generations, side="right")
    for level in np.unique(reached).tolist():
        if level == 0:
            continue
        counted = [in_force.version for in_force in versions if in_force.since <= since[level - 1]]
        chosen = np.flatnonzero(reached == level)
        if len(chosen) == len(orders):
            yield orders, counted
        else:
            yield [orders[place] for place in chosen.tolist()], counted


def _refuse_unread_conversions(
    orders: Sequence[PackedOrder], versions: Sequence[ModelVersion]
) -> None:
    resetting = [one.model_version for one in versions if one.after_conversion == "reset"]
    if resetting and any(order.previous_age is None for order in orders):
        raise ValueError(
            f"{resetting[0]} resets, but the previous conversion of an order was not read."
        )


def _cut(orders: Sequence[PackedOrder]) -> Iterator[tuple[Sequence[PackedOrder], bool]]:
    """Yield the orders in parts of a size to evaluate at once, and whether a part is small enough for `splits`."""
    sizes = np.cumsum(
        [
            len(one.path) // TOUCH_BYTES + len(one.entries) // ENTRY_BYTES + _ORDER_ITSELF
            for one in orders
        ]
    )
    first = 0
    while first < len(orders):
        before = int(sizes[first - 1]) if first else 0
        end = max(first + 1, int(np.searchsorted(sizes, before + _AT_ONCE, side="right")))
        yield orders[first:end], int(sizes[end - 1]) - before < _FEW
        first = end


def _add_one(
    sums: Sums,
    order: PackedOrder,
    versions: Sequence[ModelVersion],
    channels: Channels,
    days: LocalDays,
    kinds: Collection[str] | None,
) -> None:
    entries = unpack_entries(order.entries)
    allocations = _derive(order, entries, versions, channels)
    if kinds is not None:
        wanted = {entry.entry_id for entry in entries if entry.kind in kinds}
        allocations = [row for row in allocations if row.entry_id in wanted]
    add_allocations(sums, entries, allocations, days)


def _add_many(
    sums: Sums,
    orders: Sequence[PackedOrder],
    versions: Sequence[ModelVersion],
    channels: Channels,
    days: LocalDays,
    kinds: Collection[str] | None,
) -> None:
    columns, moments, letters = _read_columns(orders, channels)
    is_wanted = None if kinds is None else np.isin(letters, letters_of(kinds))
    # Each entry's index among the distinct pairs of day and currency.
    pairs, pair_of = np.unique(
        (days.numbers_of(moments) << 24) + columns.entry_currencies, return_inverse=True
    )
    names = [_name_pair(pair) for pair in pairs.tolist()]
    width = len(channels.codes)
    engine = Engine(columns)
    for version in versions:
        credit = engine.evaluate(version)
        if is_wanted is not None:
            credit = credit.only(is_wanted)
        keys = pair_of[credit.entries] * width + credit.channels
        for key, totals in _sum_rows(keys, len(pairs) * width, credit):
            day, currency = names[key // width]
            code = channels.codes[key % width]
            _add(sums, (day, version.model_version, code, currency), *totals)
        for place in credit.uncertain.tolist():
            _add_one(sums, orders[place], [version], channels, days, kinds)


def _read_columns(
    orders: Sequence[PackedOrder], channels: Channels
) -> tuple[OrderColumns, Ints, Ints]:
    """Return the orders as columns; of each entry, the moment in microseconds since 1970 UTC, and its kind's letter."""
    touch_starts = _starts_of([len(order.path) for order in orders], TOUCH_BYTES)
    entry_starts = _starts_of([len(order.entries) for order in orders], ENTRY_BYTES)
    words = np.frombuffer(b"".join([order.path for order in orders]), "<u8")
    entries = np.frombuffer(b"".join([order.entries for order in orders]), ENTRY_COLUMNS)
    captures = np.flatnonzero(entries["letter"] == CAPTURE_LETTER[0])
    # For each order, the first capture at or after its first entry.
    places = np.searchsorted(captures, entry_starts[:-1])
    captures = np.append(captures, len(entries))[places]
    if (captures >= entry_starts[1:]).any():
        raise _no_capture()
    # No version that applies needs the previous conversion where it was not read; see `_refuse_unread_conversions`.
    previous = [
        NO_CONVERSION if order.previous_age is None else order.previous_age for order in orders
    ]
    currencies = entries["currency"].astype(np.int64)
    columns = OrderColumns(
        channels.codes,
        touch_starts,
        channels.ranks_of((words >> AGE_BITS).astype(np.int64)),
        (words & OLDEST_AGE).astype(np.int64),
        np.array(previous, np.int64),
        entry_starts,
        currencies[:, 0] << 16 | currencies[:, 1] << 8 | currencies[:, 2],
        entries["amount"].astype(np.int64),
        captures,
    )
    return columns, entries["moment"].astype(np.int64), entries["letter"].astype(np.int64)


def _starts_of(sizes: Sequence[int], record: int) -> Ints:
    lengths, rests = np.divmod(np.array(sizes, np.int64), record)
    if rests.any():
        raise ValueError(f"An order has bytes that are not records of {record} bytes.")
    return np.append(0, np.cumsum(lengths))


def _name_pair(pair: int) -> tuple[date, str]:
    day, currency = pair >> 24, pair & 0xFFFFFF
    return date.fromordinal(_FIRST_DAY + day), currency.to_bytes(3, "big").decode("ascii")


def _sum_rows(keys: Ints, bound: int, credit: Credit) -> Iterator[tuple[int, tuple[int, int, int]]]:
    """Yield each key that occurs, with the sums of its rows: parts, cents and their number."""
    distinct, places = number_distinct(keys, bound)
    count = len(distinct)
    totals = zip(
        _sum_exactly(places, credit.parts, count),
        _sum_exactly(places, credit.cents, count),
        np.bincount(places, minlength=count).tolist(),
        strict=True,
    )
    return zip(distinct.tolist(), totals, strict=True)


def _sum_exactly(places: Ints, values: Ints, count: int) -> list[int]:
    """Return the sum of the values at each index, as two 32-bit halves where it might not fit in 64 bits."""
    most = max(int(values.max(initial=0)), -int(values.min(initial=0)))
    if most * len(values) < 1 << 63:
        sums = np.zeros(count, np.int64)
        np.add.at(sums, places, values)
        return sums.tolist()
    highs, lows = np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.add.at(highs, places, values >> 32)
    np.add.at(lows, places, values & 0xFFFFFFFF)
    return [(high << 32) + low for high, low in zip(highs.tolist(), lows.tolist(), strict=True)]


def _add(sums: Sums, key: SumKey, parts: int, cents: int, count: int) -> None:
    before = sums.get(key)
    sums[key] = (
        (parts, cents, count)
        if before is None
        else (before[0] + parts, before[1] + cents, before[2] + count)
    )


def _number_unknown(number: int) -> ValueError:
    return ValueError(f"A path has the channel number {number}, which no channel has.")


def _no_capture() -> ValueError:
    return ValueError("An order has no capture, and so no journey to credit.")
