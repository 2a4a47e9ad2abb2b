"""The columnar engine: thousands of orders evaluated at once, to the same cent and part as `splits` does one by one.

Where a model's weights are small whole numbers, 64-bit integers give the very result. A time decay's are approximated,
with a bound on the error: a split that is not certain within it, or a product that 64 bits do not hold, is left to
`splits`, and the orders concerned are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from skeldir.attribution.models import DIRECT
from skeldir.attribution.models.rules import half_life_microseconds
from skeldir.attribution.splits import PARTS_OF_A_CONVERSION, UNATTRIBUTED

if TYPE_CHECKING:
    from datetime import timedelta

    from skeldir.attribution.models import ModelVersion

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

NEVER: Final = -1
"""The age of a conversion before that there was not."""

_LARGEST: Final = 2**62
# The oracle's weights are off by 2^-54 at most; see `models.halving`.
_ORACLE_ERROR: Final = 2.0**-54
_MOST_HALVINGS: Final = 130


@dataclass(frozen=True, slots=True)
class OrderColumns:
    """Orders that have a capture, as columns.

    `channels` are the codes that are numbered, in the order of their text, `direct` and `unattributed` among them.
    The touches of order i are those from `touch_starts[i]` to before `touch_starts[i + 1]`, in time order, ties by
    idempotency key: `touch_channels` by number, `touch_ages` in microseconds before the conversion, not negative.
    `previous_ages[i]` is how long before it the journey converted last, NEVER when it had not. The entries from
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
class Credit:
    """What entries bring channels by one model version, a row each; none of them says nothing.

    `entries` are places among all entries, ascending, and of one entry the `channels`, by number, are; `cents` and
    `parts` are `allocated_cents` and `conversion_ppt` of an `Allocation`. The orders `uncertain` have no rows.
    """

    entries: Ints
    channels: Ints
    cents: Ints
    parts: Ints
    uncertain: Ints


@dataclass(slots=True)
class Engine:
    """Evaluates the same orders by one model version after another; what versions have in common is worked out once."""

    orders: OrderColumns
    _balances: _Balances = field(init=False)
    _windows: dict[tuple[int, str], _Window] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._balances = _Balances.of(self.orders)

    def evaluate(self, version: ModelVersion) -> Credit:
        """Return what the model version credits; raises `ValueError` for a half-life that is none."""
        window = self._window_of(version)
        if version.model in _CHOOSERS:
            chosen = window.channels[_CHOOSERS[version.model](window)]
            return self._give_all_to(chosen)
        if version.model == "time_decay":
            shares = _decay(window, half_life_microseconds(version.half_life_days))
        else:
            shares = _WHOLE_WEIGHTS[version.model](window)
        return self._divide(window, shares)

    def _window_of(self, version: ModelVersion) -> _Window:
        key = (_microseconds(version.lookback), version.after_conversion)
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window.of(self.orders, *key)
        return window

    def _give_all_to(self, channels: Ints) -> Credit:
        """Credit every entry of an order to the one channel that earned it."""
        amounts = self.orders.entry_amounts
        parts = np.zeros(len(amounts), np.int64)
        parts[self.orders.captures] = PARTS_OF_A_CONVERSION
        entries = np.flatnonzero((amounts != 0) | (parts != 0))
        return Credit(
            entries,
            channels[self._balances.orders[entries]],
            amounts[entries],
            parts[entries],
            _NONE,
        )

    def _divide(self, window: _Window, shares: _Shares) -> Credit:
        """Divide each balance over the channels, and credit the entry with the change; see `splits`."""
        balances, orders = self._balances, self.orders
        count = len(orders)
        widths = np.diff(window.group_starts)
        # The balances after each entry, and behind them one whole conversion an order.
        totals = np.concatenate([balances.cents, np.full(count, PARTS_OF_A_CONVERSION)])
        of_order = np.concatenate([balances.orders, np.arange(count)])
        rows = _Rows.of(totals, of_order, window.group_starts[:-1], widths)
        divided, is_uncertain = shares.split(rows)
        starts = np.cumsum(widths[balances.orders]) - widths[balances.orders]
        entries = np.repeat(np.arange(len(balances.orders)), widths[balances.orders])
        after, whole = divided[: len(entries)], divided[len(entries) :]
        places = np.arange(len(entries)) - starts[entries]
        before = balances.before[entries]
        follows = np.flatnonzero(before >= 0)
        cents = after.copy()
        cents[follows] -= after[starts[before[follows]] + places[follows]]
        parts = np.zeros(len(entries), np.int64)
        capture_rows = _spread(starts[orders.captures], widths)
        parts[capture_rows] = whole
        uncertain = np.zeros(count, np.bool_)
        uncertain[of_order[is_uncertain]] = True
        says = np.flatnonzero(((cents != 0) | (parts != 0)) & ~uncertain[balances.orders[entries]])
        return Credit(
            entries[says],
            window.group_channels[rows.groups[says]],
            cents[says],
            parts[says],
            np.flatnonzero(uncertain),
        )


@dataclass(frozen=True, slots=True)
class _Balances:
    """The entries with the balance of their order and currency after them."""

    orders: Ints
    cents: Ints
    before: Ints
    """The place of the entry before of the same order and currency; -1 for the first."""

    @classmethod
    def of(cls, columns: OrderColumns) -> _Balances:
        starts, amounts = columns.entry_starts, columns.entry_amounts
        orders = np.repeat(np.arange(len(columns)), np.diff(starts))
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
        return cls(orders, cents, before)


@dataclass(frozen=True, slots=True)
class _Window:
    """The touches that count, and the channels of each order that have any.

    An order without one has a touch of `unattributed`, so that nothing below has to ask. `starts` and `lengths` are of
    each order's touches; `groups` is each touch's group, a group being a channel of an order.
    """

    orders: Ints
    channels: Ints
    ages: Ints
    starts: Ints
    lengths: Ints
    groups: Ints
    group_channels: Ints
    group_starts: Ints
    direct: int

    @classmethod
    def of(cls, columns: OrderColumns, lookback: int, after_conversion: str) -> _Window:
        count = len(columns)
        orders = np.repeat(np.arange(count), np.diff(columns.touch_starts))
        counts = columns.touch_ages <= lookback
        if after_conversion == "reset":
            previous = columns.previous_ages[orders]
            counts &= (previous == NEVER) | (columns.touch_ages < previous)
        inside = np.flatnonzero(counts)
        orders = orders[inside]
        lonely = np.flatnonzero(np.bincount(orders, minlength=count) == 0)
        nobody = columns.channels.index(UNATTRIBUTED)
        if len(lonely):
            at = np.searchsorted(orders, lonely)
            orders = np.insert(orders, at, lonely)
            channels = np.insert(columns.touch_channels[inside], at, nobody)
            ages = np.insert(columns.touch_ages[inside], at, 0)
        else:
            channels, ages = columns.touch_channels[inside], columns.touch_ages[inside]
        lengths = np.bincount(orders, minlength=count)
        keys, groups = np.unique(orders * len(columns.channels) + channels, return_inverse=True)
        group_orders, group_channels = np.divmod(keys, len(columns.channels))
        return cls(
            orders,
            channels,
            ages,
            np.cumsum(lengths) - lengths,
            lengths,
            groups,
            group_channels,
            np.searchsorted(group_orders, np.arange(count + 1)),
            columns.channels.index(DIRECT),
        )


@dataclass(frozen=True, slots=True)
class _Rows:
    """Totals that are divided, each over the groups of an order: a row for each total and group."""

    totals: Ints
    of_order: Ints
    starts: Ints
    lengths: Ints
    parents: Ints
    """The place of the row's total."""
    groups: Ints

    @classmethod
    def of(cls, totals: Ints, of_order: Ints, group_starts: Ints, widths: Ints) -> _Rows:
        lengths = widths[of_order]
        return cls(
            totals,
            of_order,
            np.cumsum(lengths) - lengths,
            lengths,
            np.repeat(np.arange(len(totals)), lengths),
            _spread(group_starts[of_order], lengths),
        )

    def sum_up(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of each total's rows."""
        return np.add.reduceat(values, self.starts) if len(values) else values

    def finish(self, floors: Ints, remainders: NDArray[Any]) -> tuple[Ints, Ints, Ints]:
        """Hand out what is left of each total, the largest remainder first, the first of equals first.

        Return the parts with the totals' signs, and of each total where something was left the rows, by their
        remainders, of the last that got a unit and of the first that did not.
        """
        left = np.abs(self.totals) - self.sum_up(floors)
        wanting = np.flatnonzero(left[self.parents] > 0)
        ranked = wanting[np.lexsort((-remainders[wanting], self.parents[wanting]))]
        parents = self.parents[ranked]
        begins = np.flatnonzero(np.append(True, parents[1:] != parents[:-1])) if len(ranked) else _NONE  # fmt: skip
        rank = np.arange(len(ranked)) - np.repeat(begins, np.diff(np.append(begins, len(ranked))))
        gets = rank < left[parents]
        floors[ranked[gets]] += 1
        floors[self.totals[self.parents] < 0] *= -1
        last = np.flatnonzero(rank == left[parents] - 1)
        last = last[last + 1 < len(ranked)]
        last = last[parents[last + 1] == parents[last]]
        return floors, ranked[last], ranked[last + 1]


class _Shares:
    """How much of the whole each group has."""

    def split(self, rows: _Rows) -> tuple[Ints, Ints]:
        """Return the part of each row, and the places of the totals that are not divided for certain."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _WholeShares(_Shares):
    """Weights that are whole numbers."""

    weights: Ints
    wholes: Ints
    """The sum of each order's weights."""

    def split(self, rows: _Rows) -> tuple[Ints, Ints]:
        """See `_Shares`; a product that 64 bits may not hold is not certain."""
        wholes = self.wholes[rows.of_order]
        sizes = np.abs(rows.totals)
        uncertain = np.flatnonzero(sizes > _LARGEST // wholes)
        sizes[uncertain] = 0
        products = sizes[rows.parents] * self.weights[rows.groups]
        floors, remainders = np.divmod(products, wholes[rows.parents])
        if len(uncertain):
            rows = _Rows(
                np.where(sizes == 0, 0, rows.totals),
                rows.of_order,
                rows.starts,
                rows.lengths,
                rows.parents,
                rows.groups,
            )
        parts, _, _ = rows.finish(floors, remainders)
        return parts, uncertain


@dataclass(frozen=True, slots=True)
class _RealShares(_Shares):
    """Weights that are known to within a relative error."""

    weights: NDArray[np.longdouble]
    wholes: NDArray[np.longdouble]
    error: float

    def split(self, rows: _Rows) -> tuple[Ints, Ints]:
        """See `_Shares`; what depends on digits beyond the error is not certain."""
        sizes = np.abs(rows.totals)
        is_alone = (rows.lengths == 1)[rows.parents]
        exact = sizes[rows.parents] * (
            self.weights[rows.groups] / self.wholes[rows.of_order][rows.parents]
        )
        doubt = (sizes.astype(np.float64) * self.error)[rows.parents]
        floors = np.floor(exact).astype(np.int64)
        floors[is_alone] = sizes[rows.parents[is_alone]]
        remainders = (exact - floors).astype(np.float64)
        remainders[is_alone] = 0.5
        is_doubtful = (remainders <= doubt) | (remainders >= 1 - doubt)
        is_doubtful &= ~is_alone & (sizes[rows.parents] > 0)
        parts, gets, gets_not = rows.finish(floors, remainders)
        is_close = remainders[gets] - remainders[gets_not] <= 2 * doubt[gets]
        uncertain = np.concatenate([rows.parents[is_doubtful], rows.parents[gets[is_close]]])
        return parts, np.unique(uncertain)


def _first(window: _Window) -> Ints:
    return window.starts


def _last(window: _Window) -> Ints:
    return window.starts + window.lengths - 1


def _last_non_direct(window: _Window) -> Ints:
    last = _last(window)
    others = np.flatnonzero(window.channels != window.direct)
    # Of several places for one order the last is kept, since they ascend.
    last[window.orders[others]] = others
    return last


_CHOOSERS: Final = {
    "first_touch": _first,
    "last_touch": _last,
    "last_non_direct": _last_non_direct,
}


def _linear(window: _Window) -> _WholeShares:
    return _WholeShares(
        np.bincount(window.groups, minlength=len(window.group_channels)), window.lengths
    )


def _position_based(window: _Window) -> _WholeShares:
    weights = np.bincount(window.groups, minlength=len(window.group_channels))
    between = window.lengths - 2
    has_between = np.flatnonzero(between > 0)
    wholes = window.lengths.copy()
    wholes[has_between] = 5 * between[has_between]
    for ends in (_first(window), _last(window)):
        np.add.at(weights, window.groups[ends[has_between]], 2 * between[has_between] - 1)
    return _WholeShares(weights, wholes)


_WHOLE_WEIGHTS: Final = {"linear": _linear, "position_based": _position_based}


def _decay(window: _Window, half_life: int) -> _RealShares:
    newest = window.ages[_last(window)]
    halvings = (window.ages - np.repeat(newest, window.lengths)).astype(np.longdouble) / half_life
    np.minimum(halvings, _MOST_HALVINGS, out=halvings)
    touches = np.exp2(-halvings)
    weights = np.zeros(len(window.group_channels), np.longdouble)
    np.add.at(weights, window.groups, touches)
    wholes = np.add.reduceat(touches, window.starts) if len(touches) else touches
    unit = float(np.finfo(np.longdouble).eps)
    most = float(halvings.max(initial=0))
    longest = int(window.lengths.max(initial=0))
    # Of a weight: its exponent's rounding and its own. Of a share: two such, their sums, a quotient and a product.
    error = 2 * _ORACLE_ERROR + 2 * (most + 4 + longest) * unit
    return _RealShares(weights, wholes, error)


def _spread(starts: Ints, lengths: Ints) -> Ints:
    """Return the numbers from each start on, as many as its length, one after another."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)


def _microseconds(span: timedelta) -> int:
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


_NONE: Final[Ints] = np.empty(0, np.int64)
