"""The columnar engine: evaluates thousands of orders at once, with the same results as `splits` gives one by one.

Where a model's weights are whole numbers, 64-bit integers give the exact result. Time decay is approximated with a
bound on the error. An order with a split that this leaves uncertain, or with a product that does not fit in 64 bits, is
returned as uncertain and left to `splits`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from skeldir.attribution.columns import Balances, Flags, Ints, OrderColumns, Window, spread
from skeldir.attribution.decay import Decay
from skeldir.attribution.dividing import Bucket, Division, Shares, split_by_integers
from skeldir.attribution.fitted_shares import FittedShares, FittedWeights
from skeldir.attribution.models.rules import half_life_microseconds
from skeldir.attribution.packing import OLDEST_AGE
from skeldir.attribution.splits import PARTS_OF_A_CONVERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skeldir.attribution.models import ModelVersion

_MICROSECOND: Final = timedelta(microseconds=1)
_NONE: Final[Ints] = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Credit:
    """The allocations of entries to channels by one model version, a row each; rows of zeros are left out.

    `entries` are indices among all entries, ascending, and so are the `channels`, by number, within an entry; `cents`
    and `parts` are `allocated_cents` and `conversion_ppt` of an `Allocation`. The orders `uncertain` have no rows.
    """

    entries: Ints
    channels: Ints
    cents: Ints
    parts: Ints
    uncertain: Ints

    def only(self, is_wanted: Flags) -> Credit:
        """Return the rows of the entries that are wanted, of all entries."""
        rows = is_wanted[self.entries]
        return Credit(
            self.entries[rows],
            self.channels[rows],
            self.cents[rows],
            self.parts[rows],
            self.uncertain,
        )


@dataclass(slots=True)
class Engine:
    """Evaluates the same orders by one model version after another; computes once what versions have in common."""

    orders: OrderColumns
    _balances: Balances = field(init=False)
    _views: dict[tuple[int, str], _View] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._balances = Balances.of(self.orders)

    def evaluate(self, version: ModelVersion) -> Credit:
        """Return what the model version credits."""
        if version.weights is not None:
            return self._evaluate_fit(version, version.weights)
        view = self._view_of(version)
        if version.model in _CHOOSERS:
            return self._credit_only(view.window.channels[_CHOOSERS[version.model](view.window)])
        if version.model == "time_decay":
            return self._divide(
                view, Decay.of(view.window, half_life_microseconds(version.half_life_days))
            )
        return self._divide(view, _WHOLE_WEIGHTS[version.model](view.window))

    def _evaluate_fit(self, version: ModelVersion, weights: Mapping[str, int]) -> Credit:
        """Return what a fit credits; touches of channels that it does not know are left out."""
        fitted = FittedWeights.of(self.orders.channels, weights)
        window = Window.of(self.orders, *_reach_of(version), fitted.is_known)
        view = _View.of(self.orders, self._balances, window)
        return self._divide(view, FittedShares.of(window, fitted))

    def _view_of(self, version: ModelVersion) -> _View:
        key = _reach_of(version)
        view = self._views.get(key)
        if view is None:
            window = Window.of(self.orders, *key)
            view = self._views[key] = _View.of(self.orders, self._balances, window)
        return view

    def _credit_only(self, channels: Ints) -> Credit:
        """Credit every entry of an order to the one channel that earned it; `channels` has one per order."""
        amounts = self.orders.entry_amounts
        parts = np.zeros(len(amounts), np.int64)
        parts[self.orders.captures] = PARTS_OF_A_CONVERSION
        entries = np.flatnonzero(amounts | parts)
        return Credit(
            entries,
            channels[self._balances.orders[entries]],
            amounts[entries],
            parts[entries],
            _NONE,
        )

    def _divide(self, view: _View, shares: Shares) -> Credit:
        """Divide each balance over the channels, and credit the entry with the change; see `splits`."""
        divided, uncertain = view.division.divide(shares)
        count = len(view.entries)
        cents = divided[:count].copy()
        cents[view.follow] -= divided[view.before]
        parts = np.zeros(count, np.int64)
        parts[view.captures] = divided[count:]
        is_nonzero = (cents | parts) != 0
        uncertain = np.union1d(uncertain, self._balances.too_large)
        if len(uncertain):
            is_uncertain = np.zeros(len(self.orders), np.bool_)
            is_uncertain[uncertain] = True
            is_nonzero &= ~is_uncertain[self._balances.orders][view.entries]
        rows = np.flatnonzero(is_nonzero)
        return Credit(view.entries[rows], view.channels[rows], cents[rows], parts[rows], uncertain)


def _reach_of(version: ModelVersion) -> tuple[int, str]:
    return min(version.lookback // _MICROSECOND, OLDEST_AGE), version.after_conversion


@dataclass(frozen=True, slots=True)
class _View:
    """A window with what is divided over its groups: the balance after each entry, then one conversion per order.

    A balance has a row for each group of its order; `entries` and `channels` give the entry and channel of each row. In
    the rows `follow` the entry has a predecessor of the same order and currency, whose rows are `before`. `captures`
    are the rows of the captures that fix the journeys, order by order, like those of the conversions.
    """

    window: Window
    division: Division
    entries: Ints
    channels: Ints
    follow: Ints
    before: Ints
    captures: Ints

    @classmethod
    def of(cls, orders: OrderColumns, balances: Balances, window: Window) -> _View:
        count = len(orders)
        division = Division.of(
            np.concatenate([balances.cents, np.full(count, PARTS_OF_A_CONVERSION)]),
            np.concatenate([balances.orders, np.arange(count)]),
            window.group_starts,
        )
        widths = np.diff(window.group_starts)
        starts = division.starts[: len(balances.orders)]
        lengths = division.lengths[: len(balances.orders)]
        groups = spread(window.group_starts[balances.orders], lengths)
        follow = np.flatnonzero(balances.before >= 0)
        return cls(
            window,
            division,
            np.repeat(np.arange(len(balances.orders)), lengths),
            window.group_channels[groups],
            spread(starts[follow], lengths[follow]),
            spread(starts[balances.before[follow]], lengths[follow]),
            spread(starts[orders.captures], widths),
        )


def _first(window: Window) -> Ints:
    return window.starts


def _last(window: Window) -> Ints:
    return window.ends


def _last_non_direct(window: Window) -> Ints:
    last = window.ends
    others = np.flatnonzero(window.channels != window.direct)
    # Where an order is assigned several indices, the last one stays; they ascend.
    last[window.orders[others]] = others
    return last


_CHOOSERS: Final = {
    "first_touch": _first,
    "last_touch": _last,
    "last_non_direct": _last_non_direct,
}


@dataclass(frozen=True, slots=True)
class _WholeShares:
    """Whole-number weights of the groups, and their sum for each order."""

    weights: Ints
    weight_sums: Ints

    def split(self, bucket: Bucket, sizes: Ints) -> tuple[Ints, Flags]:
        """See `Shares`."""
        weights = self.weights[bucket.groups][:, bucket.order_of]
        return split_by_integers(sizes, weights, self.weight_sums[bucket.orders][bucket.order_of])


def _linear(window: Window) -> _WholeShares:
    return _WholeShares(
        np.bincount(window.groups, minlength=len(window.group_channels)), window.lengths
    )


def _position_based(window: Window) -> _WholeShares:
    weights = np.bincount(window.groups, minlength=len(window.group_channels))
    between = window.lengths - 2
    has_between = np.flatnonzero(between > 0)
    weight_sums = window.lengths.copy()
    weight_sums[has_between] = 5 * between[has_between]
    for ends in (window.starts, window.ends):
        # An order has one first and one last touch, so no group occurs twice.
        weights[window.groups[ends[has_between]]] += 2 * between[has_between] - 1
    return _WholeShares(weights, weight_sums)


_WHOLE_WEIGHTS: Final = {"linear": _linear, "position_based": _position_based}
