"""Orders as columns, and what models that look at the same touches have in common.

A group is a channel of an order: one that has a touch which counts. Groups are numbered order by order, and within an
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
# A table of all possible keys costs about as much as sorting this many times fewer keys.
_TABLE_CELLS_PER_KEY: Final = 32


@dataclass(frozen=True, slots=True)
class OrderColumns:
    """Orders that have a capture, as columns.

    `channels` are the codes that are numbered, in the order of their text, `direct` and `unattributed` among them.
    The touches of order i are those from `touch_starts[i]` to before `touch_starts[i + 1]`, in time order, ties by
    idempotency key: `touch_channels` by number, `touch_ages` in microseconds before the conversion, not negative.
    `previous_ages[i]` is how long before it the journey converted last, NO_CONVERSION when it had not. The entries from
    `entry_starts[i]` on are in the ledger's order: `entry_currencies` are numbers of any kind, `entry_amounts` signed
    minor units, `captures[i]` the place, among all entries, of the capture that fixes the journey.
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
    """The entries with the balance of their order and currency after them."""

    orders: Ints
    cents: Ints
    before: Ints
    """The place of the entry before of the same order and currency; -1 for the first."""
    too_large: Ints
    """The orders whose balances 64 bits may not hold: theirs are given as 0."""

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
        # Sums of all orders may go round 64 bits: the difference of two is right all the same.
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
    """The touches that count, and the groups that they make.

    An order without one has a touch of `unattributed`, so that nothing below has to ask. `orders`, `channels`, `ages`
    and `groups` are of each touch; `starts` and `lengths` are of each order's touches; `group_channels` is of each
    group. The groups of order i are those from `group_starts[i]` to before `group_starts[i + 1]`.
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
    def of(cls, columns: OrderColumns, lookback: int, after_conversion: str) -> Window:
        """Return the window of versions with this lookback, in microseconds, and `after_conversion`."""
        count = len(columns)
        orders = np.repeat(np.arange(count), np.diff(columns.touch_starts))
        channels, ages = columns.touch_channels, columns.touch_ages
        counts = ages <= lookback
        if after_conversion == "reset":
            previous = columns.previous_ages[orders]
            counts &= (previous == NO_CONVERSION) | (ages < previous)
        if not counts.all():
            inside = np.flatnonzero(counts)
            orders, channels, ages = orders[inside], channels[inside], ages[inside]
        lonely = np.flatnonzero(np.bincount(orders, minlength=count) == 0)
        if len(lonely):
            at = np.searchsorted(orders, lonely)
            orders = np.insert(orders, at, lonely)
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
        """The place of each order's last touch."""
        return self.starts + self.lengths - 1


def number_distinct(keys: Ints, bound: int) -> tuple[Ints, Ints]:
    """Return the distinct keys, ascending, and of each key its place among them. Keys are from 0 to before `bound`."""
    if bound > _TABLE_CELLS_PER_KEY * len(keys):
        return np.unique(keys, return_inverse=True)
    is_there = np.zeros(bound, np.bool_)
    is_there[keys] = True
    distinct = np.flatnonzero(is_there)
    places = np.empty(bound, np.int64)
    places[distinct] = np.arange(len(distinct))
    return distinct, places[keys]


def spread(starts: Ints, lengths: Ints) -> Ints:
    """Return the numbers from each start on, as many as its length, one after another."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
