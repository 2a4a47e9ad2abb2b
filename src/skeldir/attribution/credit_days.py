"""Whose day a credit is shown on: that of the entry, of the order, or of the touch that earned it. Pure.

Sums have the day of the entry. For the day of the order, entries get the moment of the order's first capture. For the
day of the touch, each pair of channel and day is credited as if it were a channel, so that an entry's cents are divided
among the days exactly. Neither changes what an entry credits, nor the order in which entries are credited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from skeldir.attribution.models import DIRECT, SEPARATOR, ModelVersion
from skeldir.attribution.packing import (
    AGE_BITS,
    ENTRY_COLUMNS,
    LARGEST_CHANNEL_NUMBER,
    NO_CONVERSION,
    OLDEST_AGE,
    TOUCH_BYTES,
    PackedOrder,
    moment_to_us,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skeldir.days import LocalDays

Basis: TypeAlias = Literal["entry_day", "order_day", "touch_day"]

_EPOCH: Final = date(1970, 1, 1)
_MICROSECOND: Final = timedelta(microseconds=1)
_NO_DAY: Final = -(1 << 31)
_DAY_BITS: Final = 32


def by_order_day(orders: Sequence[PackedOrder]) -> list[PackedOrder]:
    """Return the orders with each entry at the moment of the first capture, in the same order."""
    moved = []
    for order in orders:
        entries = np.frombuffer(order.entries, ENTRY_COLUMNS).copy()
        entries["moment"] = moment_to_us(order.converted_at)
        moved.append(replace(order, entries=entries.tobytes()))
    return moved


def by_touch_day(
    orders: Sequence[PackedOrder],
    version: ModelVersion,
    channels: Mapping[str, int],
    days: LocalDays,
) -> list[tuple[list[PackedOrder], dict[str, int]]]:
    """Return the orders with codes of channel and day in their paths, and the number of each code.

    They are in several parts if they have more codes than a path has numbers for. `day_of_code` reads a code. Entries
    are as by `by_order_day`: what no touch earned is of that day. By `last_non_direct`, direct visits keep the code of
    the channel where another touch counts, since none of them is credited.

    Raises `ValueError` for a single order with too many codes.
    """
    lengths = [len(order.path) // TOUCH_BYTES for order in orders]
    words = np.frombuffer(b"".join([order.path for order in orders]), "<u8")
    order_of = np.repeat(np.arange(len(orders)), lengths)
    numbers = (words >> np.uint64(AGE_BITS)).astype(np.int64)
    ages = (words & np.uint64(OLDEST_AGE)).astype(np.int64)
    converted = np.array([moment_to_us(order.converted_at) for order in orders], np.int64)
    touch_days = days.numbers_of(converted[order_of] - ages)
    if version.model == "last_non_direct":
        counts = _counts(orders, order_of, ages, version)
        is_direct = numbers == channels.get(DIRECT, -1)
        has_other = np.bincount(order_of[counts & ~is_direct], minlength=len(orders)) > 0
        touch_days = np.where(is_direct & has_other[order_of], _NO_DAY, touch_days)
    pairs, places = np.unique(numbers << _DAY_BITS | touch_days - _NO_DAY, return_inverse=True)
    if len(pairs) > LARGEST_CHANNEL_NUMBER:
        if len(orders) == 1:
            raise ValueError(f"An order has {len(pairs)} pairs of channel and day.")
        half = len(orders) // 2
        return [
            part
            for some in (orders[:half], orders[half:])
            for part in by_touch_day(some, version, channels, days)
        ]
    code_of = {number: code for code, number in channels.items()}
    codes = {_code(code_of, pair): place for place, pair in enumerate(pairs.tolist(), 1)}
    path = ((places + 1).astype(np.uint64) << np.uint64(AGE_BITS) | ages.astype(np.uint64)).astype(
        "<u8"
    )
    ends = np.cumsum(lengths).tolist()
    moved = [
        replace(order, path=path[end - length : end].tobytes())
        for order, length, end in zip(by_order_day(orders), lengths, ends, strict=True)
    ]
    return [(moved, codes)]


def day_of_code(code: str, otherwise: date) -> tuple[str, date]:
    """Return the channel of a code and the day of its touches, or the other one if the code has no day."""
    channel, _, day = code.partition(SEPARATOR)
    return channel, date.fromisoformat(day) if day else otherwise


def _counts(
    orders: Sequence[PackedOrder],
    order_of: NDArray[np.int64],
    ages: NDArray[np.int64],
    version: ModelVersion,
) -> NDArray[np.bool_]:
    """Return which touches the version counts."""
    counts = ages <= min(version.lookback // _MICROSECOND, OLDEST_AGE)
    if version.after_conversion == "reset":
        read = [
            NO_CONVERSION if order.previous_age is None else order.previous_age for order in orders
        ]
        previous = np.array(read, np.int64)[order_of]
        counts &= (previous == NO_CONVERSION) | (ages < previous)
    return counts


def _code(code_of: Mapping[int, str], pair: int) -> str:
    number, since = pair >> _DAY_BITS, pair & ((1 << _DAY_BITS) - 1)
    if since == 0:
        return code_of[number]
    day = _EPOCH + timedelta(days=since + _NO_DAY)
    return f"{code_of[number]}{SEPARATOR}{day.isoformat()}"
