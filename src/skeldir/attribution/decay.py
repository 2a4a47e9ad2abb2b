"""Time decay for thousands of orders at once, as near to the oracle's weights as the machine's numbers come.

Weights are worked out in float64, which leaves most cents and a good part of the parts per 10**12 beyond doubt. What
it leaves in doubt is divided again in the longest float of the platform, and what that leaves in doubt is for `splits`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from skeldir.attribution.columns import Flags, Floats, Ints, Window, spread
from skeldir.attribution.dividing import Bucket, split_by_real, split_by_whole

# Beyond 120 halvings the oracle's weights are 0, and smaller ones would only slow the machine down.
_MOST_HALVINGS: Final = 130
# Longer half-lives, which a float may not hold, differ from this one by less than 2^-150 in any weight.
_LONGEST_HALF_LIFE: Final = 2**200
_ORACLE_ERROR: Final = 2.0**-54
"""What a weight of the oracle is off by, relatively; see `models.halving`."""


@dataclass(frozen=True, slots=True)
class Decay:
    """The shares of a window's groups when touches count half for every half-life, in microseconds, of age."""

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
        shares = (weights / weights.sum(axis=0))[:, bucket.of]
        parts, is_uncertain = split_by_real(sizes, shares, self.errors[bucket.orders][bucket.of])
        again = np.flatnonzero(is_uncertain)
        if len(again):
            orders = bucket.orders[bucket.of[again]]
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
        # Groups of one touch each of the same age weigh the same. All others get a number of their own.
        alike = np.repeat(-1 - np.arange(width)[:, None], len(orders), axis=1)
        alike[cells] = ages
        alike = np.where(counts == 1, alike, -1 - np.arange(width)[:, None])
        errors = _bound(window, orders, self.half_life, np.longdouble)
        real, is_uncertain = split_by_real(sizes, weights / weights.sum(axis=0), errors, alike)
        # Touches that are all of one age weigh the same as well, and this is whole numbers.
        whole, is_too_large = split_by_whole(sizes, counts, lengths)
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
    """Return for each order how far, relatively, a part of a total may be from the oracle's exact quotient.

    In units of `eps`, the distance from 1 to the next number, each rounding is off by a half at most. For an order of n
    touches, the oldest h halvings older than the newest:

    - ages are exact, since they have 49 bits, but half-life and quotient are rounded: the power is h ln 2 < 0.7 h off.
      `exp2` itself is within 4, which numpy promises and C libraries keep;
    - a touch passes through at most n - 1 additions on its way to the sum of its group, and to that of all groups.
      Together 0.7 h + 4 + n / 2 for a group, and as much for the sum of all;
    - a share is a quotient, and a part the product with a size that may have been rounded: 1.5.

    That makes 1.4 h + n + 9.5. The numbers below leave room for the products of errors. The oracle's own weight and sum
    are each `_ORACLE_ERROR` off; the division that it does with them is exact.
    """
    span = window.ages[window.starts[orders]] - window.ages[window.ends[orders]]
    halvings = np.minimum(span / float(min(half_life, _LONGEST_HALF_LIFE)), _MOST_HALVINGS)
    eps = float(np.finfo(kind).eps)
    bound: Floats = (2 * halvings + window.lengths[orders] + 16) * eps + 2 * _ORACLE_ERROR
    return bound
