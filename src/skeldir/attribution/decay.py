"""Time decay for thousands of orders at once, as close to the oracle's weights as floating point allows.

The oracle is `models.rules`. Weights are computed in float64, which decides most cents and many of the parts per
10**12. What it cannot decide is divided again in longdouble, and what that cannot decide is left to `splits`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from skeldir.attribution.columns import Flags, Floats, Ints, Window, spread
from skeldir.attribution.dividing import Bucket, split_by_floats, split_by_integers

# Beyond 120 halvings the oracle's weights are 0, and tiny floats only slow the processor down.
_MOST_HALVINGS: Final = 130
# Longer half-lives might overflow a float; their weights differ from those of this one by less than 2^-150.
_LONGEST_HALF_LIFE: Final = 2**200
_ORACLE_ERROR: Final = 2.0**-54
"""The relative error of the oracle's weights; see `models.halving`."""


@dataclass(frozen=True, slots=True)
class Decay:
    """The shares of a window's groups when a touch's weight halves with each half-life of age, in microseconds."""

    window: Window
    half_life: int
    weights: Floats
    errors: Floats

    @classmethod
    def of(cls, window: Window, half_life: int) -> Decay:
        """Weigh the groups of the window in float64."""
        newest = np.repeat(window.ages[window.ends], window.lengths)
        touches = _halve(window.ages - newest, half_life, np.float64)
        sums = np.bincount(window.groups, touches, len(window.group_channels))
        weights = np.asarray(sums, np.float64)
        every = np.arange(len(window.lengths))
        return cls(window, half_life, weights, _bound(window, every, half_life, np.float64))

    def split(self, bucket: Bucket, sizes: Ints) -> tuple[Ints, Flags]:
        """See `Shares`."""
        weights = self.weights[bucket.groups]
        shares = (weights / weights.sum(axis=0))[:, bucket.order_of]
        parts, is_uncertain = split_by_floats(
            sizes, shares, self.errors[bucket.orders][bucket.order_of]
        )
        again = np.flatnonzero(is_uncertain)
        if len(again):
            orders = bucket.orders[bucket.order_of[again]]
            parts[:, again], is_uncertain[again] = self._split_closely(
                sizes[again], orders, len(weights)
            )
        return parts, is_uncertain

    def _split_closely(self, sizes: Ints, orders: Ints, width: int) -> tuple[Ints, Flags]:
        """Divide `sizes`, one for each of `orders`, which may repeat and have `width` groups each, in longdouble."""
        window = self.window
        lengths = window.lengths[orders]
        touches = spread(window.starts[orders], lengths)
        totals = np.repeat(np.arange(len(orders)), lengths)
        cells = window.groups[touches] - window.group_starts[orders][totals], totals
        newest = window.ages[window.ends[orders]]
        weights = np.zeros((width, len(orders)), np.longdouble)
        ages = window.ages[touches] - newest[totals]
        np.add.at(weights, cells, _halve(ages, self.half_life, np.longdouble))
        counts = np.zeros(weights.shape, np.int64)
        np.add.at(counts, cells, 1)
        # Groups with a single touch of the same age weigh the same. All others get a distinct number.
        alike = np.repeat(-1 - np.arange(width)[:, None], len(orders), axis=1)
        alike[cells] = ages
        alike = np.where(counts == 1, alike, -1 - np.arange(width)[:, None])
        errors = _bound(window, orders, self.half_life, np.longdouble)
        real, is_uncertain = split_by_floats(sizes, weights / weights.sum(axis=0), errors, alike)
        # Where all touches are of one age, they weigh the same too, so whole numbers give the exact result.
        whole, is_too_large = split_by_integers(sizes, counts, lengths)
        is_of_one_age = window.ages[window.starts[orders]] == newest
        return (
            np.where(is_of_one_age, whole, real),
            np.where(is_of_one_age, is_too_large, is_uncertain),
        )


def _halve(ages: Ints, half_life: int, kind: type[np.floating[Any]]) -> Floats:
    halvings = ages.astype(kind) / kind(min(half_life, _LONGEST_HALF_LIFE))
    np.minimum(halvings, _MOST_HALVINGS, out=halvings)
    powers: Floats = np.exp2(-halvings)
    return powers


def _bound(window: Window, orders: Ints, half_life: int, kind: type[np.floating[Any]]) -> Floats:
    """Return for each order a bound on the relative error of a part of a total, against the oracle's exact quotient.

    In units of `eps`, the distance from 1 to the next number, each rounding adds half a unit at most. For an order of n
    touches, the oldest h halvings older than the newest:

    - ages are exact, since they have 49 bits, but half-life and quotient are rounded: the power is off by
      h ln 2 < 0.7 h. `exp2` itself is within 4, which numpy promises and C libraries keep;
    - a touch goes through at most n - 1 additions for the sum of its group, and for that of all groups.
      Together 0.7 h + 4 + n / 2 for a group, and as much for the sum of all;
    - a share is a quotient, and a part the product with a size that may have been rounded: 1.5.

    The sum is 1.4 h + n + 9.5. The factors below leave room for the products of errors. The oracle's own weight and sum
    are each off by `_ORACLE_ERROR`; its division of them is exact.
    """
    span = window.ages[window.starts[orders]] - window.ages[window.ends[orders]]
    halvings = np.minimum(span / float(min(half_life, _LONGEST_HALF_LIFE)), _MOST_HALVINGS)
    eps = float(np.finfo(kind).eps)
    bound: Floats = (2 * halvings + window.lengths[orders] + 16) * eps + 2 * _ORACLE_ERROR
    return bound
