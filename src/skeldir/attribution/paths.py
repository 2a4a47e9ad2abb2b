"""The most frequent journeys of the newest orders of some days: which channels, in which order, for how much money.

A journey is what one model may credit: the touches within its lookback and, if it resets, since the order before.
Touches of one channel that follow each other are one step of its path.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from skeldir.attribution.evaluating import Channels
from skeldir.attribution.orders import unpack_moments
from skeldir.attribution.packing import (
    AGE_BITS,
    ENTRY_BYTES,
    ENTRY_COLUMNS,
    OLDEST_AGE,
    TOUCH_BYTES,
    us_to_moment,
)
from skeldir.attribution.reading import begin_reading
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.attribution.models import ModelName, ModelVersion
    from skeldir.attribution.orders import Reading
    from skeldir.attribution.store import SelectNewestJourneysRow
    from skeldir.db import Connection

    Ints = npt.NDArray[np.int64]

MOST_ORDERS_OF_PATHS: Final = 10_000
"""How many orders the paths are of at most: the newest ones."""

_MOST_CAPTURES: Final = 12_000
_LONGEST_PATH: Final = 1_000 * TOUCH_BYTES
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY_US: Final = timedelta(days=1) // _MICROSECOND
_CODE_BITS: Final = 24
_CODE_MASK: Final = (1 << _CODE_BITS) - 1
_MOST_LISTED: Final = 50
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()

ChannelPath = tuple[str, ...]
"""The channels of a journey, the first touch first; empty if no touch is known."""


@dataclass(frozen=True, slots=True)
class PathOrders:
    """Orders with money in one currency, of one path or of several: how many, and what is left of that money.

    `cents` are signed minor units. `touches` adds up those of all these orders. `median_age_us` is how long before its
    order the first touch was, for half of the orders of one path; None for several paths, and without a touch.
    """

    path: ChannelPath | None
    orders: int
    cents: int
    touches: int
    median_age_us: int | None = None


@dataclass(frozen=True, slots=True)
class CurrencyPaths:
    """The paths of the orders with money in one currency: the most frequent ones, how many others, and their sums."""

    shown: list[PathOrders]
    other_paths: int
    others: PathOrders
    every: PathOrders


@dataclass(slots=True)
class PathsReport:
    """The paths by currency; `by_touches` counts orders by their touches.

    `by_days` counts the orders with a touch by the whole days that the first one was before it. `orders` is how many
    were read, the first of them of the moment `earliest`; `is_cut` if there are earlier ones on the days. Those
    `left_out` have no stored journey, since they await their first credit or were credited before journeys were stored,
    or have more than 1,000 touches. `currencies` are those of all orders that were read, and `listed` the newest orders
    of the path asked for.
    """

    paths: dict[str, CurrencyPaths] = field(default_factory=dict)
    orders: int = 0
    left_out: int = 0
    earliest: datetime | None = None
    is_cut: bool = False
    by_touches: Counter[int] = field(default_factory=Counter)
    by_days: Counter[int] = field(default_factory=Counter)
    currencies: set[str] = field(default_factory=set)
    listed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PathsAsked:
    """The days of the orders' first captures, both included, the model, and a path whose orders are listed.

    With a currency, only orders with money in it count. `most_paths` are shown of each currency.
    """

    first_day: date
    last_day: date
    model: ModelName
    path: ChannelPath | None = None
    currency: str | None = None
    most_paths: int = 20


async def report_paths(
    connection: Connection,
    tenant_id: UUID,
    asked: PathsAsked,
    *,
    most_orders: int = MOST_ORDERS_OF_PATHS,
) -> PathsReport:
    """Return the paths of the newest orders of the transaction's tenant that were first paid on some days."""
    reading, _ = await begin_reading(connection, tenant_id)
    version = next((v.version for v in reading.versions if v.version.model == asked.model), None)
    if version is None:
        return PathsReport()
    row = await queries.select_newest_journeys(
        connection,
        tenant_id=tenant_id,
        first_moment=reading.days.start_of(asked.first_day),
        end_moment=reading.days.end_of(asked.last_day),
        most_read=_MOST_CAPTURES,
        longest=_LONGEST_PATH,
        most=most_orders + 1,
        with_ids=asked.path is not None,
    )
    return await asyncio.to_thread(_report, row, reading, version, asked, most_orders)


def _report(
    row: SelectNewestJourneysRow,
    reading: Reading,
    version: ModelVersion,
    asked: PathsAsked,
    most_orders: int,
) -> PathsReport:
    report = PathsReport(left_out=row["missing"] + row["too_long"])
    read = row["orders"]
    report.is_cut = read > most_orders or row["captures_read"] >= _MOST_CAPTURES
    moments = np.array(unpack_moments(row["converted"] or b""), np.int64)
    counts = _are_on_days(moments, reading, asked)
    counts[most_orders:] = False
    if not counts.any():
        return report
    report.earliest = us_to_moment(int(moments[counts][-1]))
    money = _Money.of(row).where(counts)
    report.currencies = set(money.currencies())
    if asked.currency is not None:
        money = money.only(asked.currency)
        counts = np.zeros(read, bool)
        counts[money.order] = True
    steps = _Steps.of(row, version)
    orders = np.flatnonzero(counts)
    report.orders = len(orders)
    report.by_touches = _count(steps.touches[orders])
    report.by_days = _count(steps.first_ages[orders[steps.touches[orders] > 0]] // _DAY_US)
    groups = _Groups.of(steps, orders, Channels(reading.numbers))
    report.paths = {
        currency: groups.sum_up(money.only(currency), asked.most_paths)
        for currency in money.currencies()
    }
    if asked.path is not None:
        names = row["order_ids"] or []
        report.listed = [names[place] for place in groups.orders_of(asked.path, reading.numbers)]
    return report


def _are_on_days(moments: Ints, reading: Reading, asked: PathsAsked) -> npt.NDArray[np.bool_]:
    """Return of each moment, in microseconds since 1970, whether it is on the days asked for."""
    numbers = reading.days.numbers_of(moments)
    first, last = (day.toordinal() - _FIRST_DAY for day in (asked.first_day, asked.last_day))
    return (numbers >= first) & (numbers <= last)


def _count(numbers: Ints) -> Counter[int]:
    found, times = np.unique(numbers, return_counts=True)
    return Counter(dict(zip(found.tolist(), times.tolist(), strict=True)))


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps of all orders as numbers of channels, one after another; the orders' ends, touches and first ages."""

    numbers: bytes
    ends: list[int]
    touches: Ints
    first_ages: Ints

    @classmethod
    def of(cls, row: SelectNewestJourneysRow, version: ModelVersion) -> _Steps:
        """Return the steps of the touches that the version may credit; see `counted_touches`."""
        lengths = np.frombuffer(row["path_bytes"] or b"", ">i4") // TOUCH_BYTES
        words = np.frombuffer(row["paths"] or b"", "<u8")
        order = np.repeat(np.arange(len(lengths)), lengths)
        oldest = np.full(len(lengths), version.lookback // _MICROSECOND, np.int64)
        if version.after_conversion == "reset":
            previous = np.frombuffer(row["previous_ages"] or b"", ">i8")
            oldest = np.where(previous >= 0, np.minimum(oldest, previous - 1), oldest)
        ages = (words & np.uint64(OLDEST_AGE)).astype(np.int64)
        counts = ages <= oldest[order]
        order, ages = order[counts], ages[counts]
        numbers = (words[counts] >> np.uint64(AGE_BITS)).astype("<u2")
        touches = np.bincount(order, minlength=len(lengths))
        # The first touch of an order is its oldest.
        firsts = np.searchsorted(order, np.arange(len(lengths)))
        first_ages = np.append(ages, 0)[np.minimum(firsts, len(ages))]
        is_step = np.ones(len(order), bool)
        is_step[1:] = (numbers[1:] != numbers[:-1]) | (order[1:] != order[:-1])
        ends = np.cumsum(np.bincount(order[is_step], minlength=len(lengths)))
        return cls(numbers[is_step].tobytes(), [0, *ends.tolist()], touches, first_ages)

    def path_of(self, place: int) -> bytes:
        """Return the numbers of an order's steps, 2 bytes each."""
        return self.numbers[2 * self.ends[place] : 2 * self.ends[place + 1]]


@dataclass(frozen=True, slots=True)
class _Money:
    """What the entries of each order add up to in each of its currencies: one row for each order and currency."""

    order: Ints
    code: Ints
    cents: Ints

    @classmethod
    def of(cls, row: SelectNewestJourneysRow) -> _Money:
        """Add up the entries of all orders."""
        entries = np.frombuffer(row["entries"] or b"", ENTRY_COLUMNS)
        lengths = np.frombuffer(row["entry_bytes"] or b"", ">i4") // ENTRY_BYTES
        letters = entries["currency"].astype(np.int64)
        codes = (letters[:, 0] << 16) | (letters[:, 1] << 8) | letters[:, 2]
        pairs = (np.repeat(np.arange(len(lengths)), lengths) << _CODE_BITS) | codes
        found, of_entry = np.unique(pairs, return_inverse=True)
        cents = np.zeros(len(found), np.int64)
        np.add.at(cents, of_entry, entries["amount"])
        return cls(found >> _CODE_BITS, found & _CODE_MASK, cents)

    def where(self, counts: npt.NDArray[np.bool_]) -> _Money:
        """Return that of the orders that count."""
        return self._take(counts[self.order])

    def only(self, currency: str) -> _Money:
        """Return that in one currency."""
        return self._take(self.code == int.from_bytes(currency.encode("ascii"), "big"))

    def currencies(self) -> list[str]:
        """Return the currencies, in the order of their codes."""
        codes: list[int] = np.unique(self.code).tolist()
        return [code.to_bytes(3, "big").decode("ascii") for code in codes]

    def _take(self, which: npt.NDArray[np.bool_]) -> _Money:
        return _Money(self.order[which], self.code[which], self.cents[which])


@dataclass(frozen=True, slots=True)
class _Groups:
    """The orders of the same path are a group; `of_order` is the number of each order's group."""

    steps: _Steps
    channels: Channels
    orders: Ints
    numbers: dict[bytes, int]
    keys: list[bytes]
    of_order: Ints

    @classmethod
    def of(cls, steps: _Steps, orders: Ints, channels: Channels) -> _Groups:
        """Group these orders; those of the newest order come first."""
        numbers: dict[bytes, int] = {}
        places: list[int] = orders.tolist()
        groups = [numbers.setdefault(steps.path_of(place), len(numbers)) for place in places]
        of_order = np.zeros(len(steps.touches), np.int64)
        of_order[orders] = groups
        return cls(steps, channels, orders, numbers, list(numbers), of_order)

    def orders_of(self, path: ChannelPath, numbers: Mapping[str, int]) -> list[int]:
        """Return the newest orders of a path."""
        try:
            key = np.array([numbers[channel] for channel in path], "<u2").tobytes()
        except KeyError:
            return []
        group = self.numbers.get(key, -1)
        found: list[int] = self.orders[self.of_order[self.orders] == group][:_MOST_LISTED].tolist()
        return found

    def sum_up(self, money: _Money, most: int) -> CurrencyPaths:
        """Return the `most` frequent paths of orders in a currency; of equal ones that with more money first."""
        of_row = self.of_order[money.order]
        orders = np.bincount(of_row, minlength=len(self.keys))
        cents, touches = np.zeros_like(orders), np.zeros_like(orders)
        np.add.at(cents, of_row, money.cents)
        np.add.at(touches, of_row, self.steps.touches[money.order])
        ranked = np.lexsort((-cents, -orders))[: np.count_nonzero(orders)]
        shown = [
            PathOrders(
                tuple(map(self.channels.code_of, np.frombuffer(self.keys[one], "<u2").tolist())),
                int(orders[one]),
                int(cents[one]),
                int(touches[one]),
                self._median_age(money.order[of_row == one]),
            )
            for one in ranked[:most].tolist()
        ]
        every, others = (
            PathOrders(
                None, int(orders[some].sum()), int(cents[some].sum()), int(touches[some].sum())
            )
            for some in (ranked, ranked[most:])
        )
        return CurrencyPaths(shown, len(ranked[most:]), others, every)

    def _median_age(self, orders: Ints) -> int | None:
        ages = np.sort(self.steps.first_ages[orders[self.steps.touches[orders] > 0]])
        return int(ages[(len(ages) - 1) // 2]) if len(ages) else None
