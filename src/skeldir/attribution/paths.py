"""The most frequent journeys of the newest orders of some days: which channels, in which order, for how much money.

A journey is what one model may credit: the touches within its lookback and, if it resets, since the order before.
Touches of one channel that follow each other are one step of its path.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
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
_MOST_LISTED: Final = 50
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()

ChannelPath = tuple[str, ...]
"""The channels of a journey, the first touch first; empty if no touch is known."""


@dataclass(slots=True)
class PathOrders:
    """The orders of one path: how many there are by currency, and what is left of their money, in signed minor units.

    `touches` counts those of all orders; `ages_us` is for each order how long its first touch was before it.
    """

    path: ChannelPath
    orders: int = 0
    touches: int = 0
    ages_us: list[int] = field(default_factory=list)
    orders_of: dict[str, int] = field(default_factory=dict)
    cents_of: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class PathsReport:
    """Paths by their number of orders, the most frequent first; `by_touches` counts orders by their touches.

    `ages_us` is for each order with a touch how long the first one was before it. `orders` is how many were read, the
    first of them of the moment `earliest`; `is_cut` if there are earlier ones on the days. Those `left_out` have no
    stored journey, since they await their first credit or were credited before journeys were stored, or have more
    than 1,000 touches. `currencies` are those of all orders that were read, and `listed` the newest orders of the path
    asked for.
    """

    paths: list[PathOrders] = field(default_factory=list)
    orders: int = 0
    left_out: int = 0
    earliest: datetime | None = None
    is_cut: bool = False
    by_touches: Counter[int] = field(default_factory=Counter)
    ages_us: list[int] = field(default_factory=list)
    currencies: set[str] = field(default_factory=set)
    listed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PathsAsked:
    """The days of the orders' first captures, both included, the model, and a path whose orders are listed.

    With a currency, only orders with money in it count.
    """

    first_day: date
    last_day: date
    model: ModelName
    path: ChannelPath | None = None
    currency: str | None = None


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
    names = row["order_ids"]
    if names is None:
        return report
    channels = Channels(reading.numbers)
    moments = unpack_moments(row["converted"] or b"")
    steps = _Steps.of(row, version)
    is_wanted = _on_days(moments, reading, asked)
    report.is_cut = len(names) > most_orders or row["captures_read"] >= _MOST_CAPTURES
    groups: dict[bytes, PathOrders] = {}
    last, counted = 0, list[int]()
    for place, (name, cents) in enumerate(zip(names[:most_orders], _money(row), strict=False)):
        if not is_wanted[place]:
            continue
        last = place
        report.currencies.update(cents)
        if asked.currency is not None and asked.currency not in cents:
            continue
        counted.append(place)
        key = steps.path_of(place)
        group = groups.get(key)
        if group is None:
            path = tuple(map(channels.code_of, np.frombuffer(key, "<u2").tolist()))
            group = groups[key] = PathOrders(path)
        _add(group, steps, place, cents)
        if group.path == asked.path and len(report.listed) < _MOST_LISTED:
            report.listed.append(name)
    report.orders = len(counted)
    report.by_touches.update(steps.touches[place] for place in counted)
    report.ages_us += [steps.first_ages[place] for place in counted if steps.touches[place]]
    report.earliest = us_to_moment(moments[last]) if report.currencies else None
    report.paths = sorted(groups.values(), key=lambda group: (-group.orders, group.path))
    return report


def _on_days(moments: Sequence[int], reading: Reading, asked: PathsAsked) -> list[bool]:
    """Return of each moment, in microseconds since 1970, whether it is on the days asked for."""
    numbers = reading.days.numbers_of(np.array(moments, np.int64))
    first, last = (day.toordinal() - _FIRST_DAY for day in (asked.first_day, asked.last_day))
    is_wanted: list[bool] = ((numbers >= first) & (numbers <= last)).tolist()
    return is_wanted


def _add(group: PathOrders, steps: _Steps, place: int, cents: dict[str, int]) -> None:
    touches = steps.touches[place]
    group.orders += 1
    group.touches += touches
    if touches:
        group.ages_us.append(steps.first_ages[place])
    for currency, amount in cents.items():
        group.orders_of[currency] = group.orders_of.get(currency, 0) + 1
        group.cents_of[currency] = group.cents_of.get(currency, 0) + amount


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps of all orders as numbers of channels, one after another; the orders' ends, touches and first ages."""

    numbers: bytes
    ends: list[int]
    touches: list[int]
    first_ages: list[int]

    @classmethod
    def of(cls, row: SelectNewestJourneysRow, version: ModelVersion) -> _Steps:
        """Return the steps of the touches that the version may credit; see `counted_touches`."""
        lengths = np.array(row["path_bytes"], np.int64) // TOUCH_BYTES
        words = np.frombuffer(row["paths"] or b"", "<u8")
        order = np.repeat(np.arange(len(lengths)), lengths)
        oldest = np.full(len(lengths), version.lookback // _MICROSECOND, np.int64)
        if version.after_conversion == "reset":
            previous = [
                age if age is not None and age >= 0 else None for age in row["previous_ages"] or ()
            ]
            own = np.array([OLDEST_AGE if age is None else age - 1 for age in previous], np.int64)
            oldest = np.minimum(oldest, own)
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
        return cls(
            numbers[is_step].tobytes(), [0, *ends.tolist()], touches.tolist(), first_ages.tolist()
        )

    def path_of(self, place: int) -> bytes:
        """Return the numbers of an order's steps, 2 bytes each."""
        return self.numbers[2 * self.ends[place] : 2 * self.ends[place + 1]]


def _money(row: SelectNewestJourneysRow) -> Iterator[dict[str, int]]:
    """Yield for each order what its entries add up to, by currency."""
    entries = np.frombuffer(row["entries"] or b"", ENTRY_COLUMNS)
    amounts: Sequence[int] = entries["amount"].tolist()
    currencies = entries["currency"].tobytes().decode("ascii")
    start = 0
    for size in row["entry_bytes"] or ():
        cents: dict[str, int] = {}
        end = start + size // ENTRY_BYTES
        for place in range(start, end):
            currency = currencies[3 * place : 3 * place + 3]
            cents[currency] = cents.get(currency, 0) + amounts[place]
        start = end
        yield cents
