"""Orders as columns, and the intermediate results that models with the same window share.

A group is a channel of an order with at least one touch that counts. Groups are numbered order by order, and within an
order by the text of their channel codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skeldir.attribution.models import DIRECT
from skeldir.attribution.packing import NO_CONVERSION
from skeldir.attribution.splits import UNATTRIBUTED

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]

_LARGEST_BALANCE: Final = 2.0**61
# A lookup table with one cell per possible key costs about as much as sorting this many times fewer keys.
_TABLE_CELLS_PER_KEY: Final = 32


@dataclass(frozen=True, slots=True)
class OrderColumns:
    """Orders that have a capture, as columns.

    `channels` are the numbered codes in the order of their text, including `direct` and `unattributed`.
    The touches of order i are those in `[touch_starts[i], touch_starts[i + 1])`, in time order, ties by
    idempotency key: `touch_channels` by number, `touch_ages` in microseconds before the conversion, not negative.
    `previous_ages[i]` is the age of the journey's previous conversion, NO_CONVERSION when there was none. The entries
    from `entry_starts[i]` on are in the ledger's order: `entry_currencies` are arbitrary numbers, `entry_amounts`
    signed minor units, `captures[i]` the index, among all entries, of the capture that fixes the journey.
    """

    channels: Sequence[str]
    touch_starts: Ints
    touch_channels: Ints
    touch_ages: Ints
    previous_ages: Ints
    entry_starts: Ints
    entry_currencies: Ints
    entry_amounts: Ints
    captures: Ints

    def __len__(self) -> int:
        return len(self.captures)


@dataclass(frozen=True, slots=True)
class Balances:
    """For each entry, the balance of its order and currency after it."""

    orders: Ints
    cents: Ints
    before: Ints
    """The index of the previous entry of the same order and currency; -1 for the first."""
    too_large: Ints
    """The orders whose balances may not fit in 64 bits: these balances are 0."""

    @classmethod
    def of(cls, columns: OrderColumns) -> Balances:
        """Return the balances of all entries, in their order."""
        starts, amounts, count = columns.entry_starts, columns.entry_amounts, len(columns)
        orders = np.repeat(np.arange(count), np.diff(starts))
        sizes = np.bincount(orders, np.abs(amounts.astype(np.float64)), count)
        too_large = np.flatnonzero(sizes > _LARGEST_BALANCE)
        if len(too_large):
            amounts = np.where(np.isin(orders, too_large), 0, amounts)
        by_currency = np.lexsort((columns.entry_currencies, orders))
        sorted_orders, currencies = orders[by_currency], columns.entry_currencies[by_currency]
        begins = np.ones(len(orders), np.bool_)
        begins[1:] = (sorted_orders[1:] != sorted_orders[:-1]) | (currencies[1:] != currencies[:-1])
        # The running sum over all orders may overflow 64 bits; differences of two sums are correct all the same.
        running = np.cumsum(amounts[by_currency])
        firsts = np.flatnonzero(begins)
        lengths = np.diff(np.append(firsts, len(orders)))
        base = np.repeat(running[firsts] - amounts[by_currency][firsts], lengths)
        cents = np.empty(len(orders), np.int64)
        cents[by_currency] = running - base
        before = np.full(len(orders), -1)
        follow = np.flatnonzero(~begins)
        before[by_currency[follow]] = by_currency[follow - 1]
        return cls(orders, cents, before, too_large)


@dataclass(frozen=True, slots=True)
class Window:
    """The touches that count, and the groups that they form.

    An order without any gets one touch of `unattributed`, so that the code below needs no special case. `orders`,
    `channels`, `ages` and `groups` have one value per touch; `starts` and `lengths` give each order's touches;
    `group_channels` has one value per group. The groups of order i are `[group_starts[i], group_starts[i + 1])`.
    """

    orders: Ints
    channels: Ints
    ages: Ints
    groups: Ints
    starts: Ints
    lengths: Ints
    group_channels: Ints
    group_starts: Ints
    direct: int

    @classmethod
    def of(
        cls,
        columns: OrderColumns,
        lookback: int,
        after_conversion: str,
        is_known: Flags | None = None,
    ) -> Window:
        """Return the window of versions with this lookback, in microseconds, and `after_conversion`.

        With `is_known`, only touches of channels whose number is known count.
        """
        count = len(columns)
        orders = np.repeat(np.arange(count), np.diff(columns.touch_starts))
        channels, ages = columns.touch_channels, columns.touch_ages
        counts = ages <= lookback
        if after_conversion == "reset":
            previous = columns.previous_ages[orders]
            counts &= (previous == NO_CONVERSION) | (ages < previous)
        if is_known is not None:
            counts &= is_known[channels]
        if not counts.all():
            inside = np.flatnonzero(counts)
            orders, channels, ages = orders[inside], channels[inside], ages[inside]
        touchless = np.flatnonzero(np.bincount(orders, minlength=count) == 0)
        if len(touchless):
            at = np.searchsorted(orders, touchless)
            orders = np.insert(orders, at, touchless)
            channels = np.insert(channels, at, columns.channels.index(UNATTRIBUTED))
            ages = np.insert(ages, at, 0)
        lengths = np.bincount(orders, minlength=count)
        numbers = len(columns.channels)
        keys, groups = number_distinct(orders * numbers + channels, count * numbers)
        group_orders, group_channels = np.divmod(keys, numbers)
        return cls(
            orders,
            channels,
            ages,
            groups,
            np.cumsum(lengths) - lengths,
            lengths,
            group_channels,
            np.searchsorted(group_orders, np.arange(count + 1)),
            columns.channels.index(DIRECT),
        )

    @property
    def ends(self) -> Ints:
        """The index of each order's last touch."""
        return self.starts + self.lengths - 1


def number_distinct(keys: Ints, bound: int) -> tuple[Ints, Ints]:
    """Return the distinct keys, ascending, and for each key its index among them. Keys lie in `[0, bound)`."""
    if bound > _TABLE_CELLS_PER_KEY * len(keys):
        return np.unique(keys, return_inverse=True)
    is_there = np.zeros(bound, np.bool_)
    is_there[keys] = True
    distinct = np.flatnonzero(is_there)
    places = np.empty(bound, np.int64)
    places[distinct] = np.arange(len(distinct))
    return distinct, places[keys]


def spread(starts: Ints, lengths: Ints) -> Ints:
    """Return the ranges `[start, start + length)` of all starts, concatenated."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
