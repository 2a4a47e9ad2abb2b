"""Many totals divided by largest remainder at once: what `money.split` does with one of them.

Arrays of shape (channels, totals) hold totals that are divided over the same number of channels, one in each column,
the channels in the order of their codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final, Protocol

import numpy as np

from skeldir.attribution.columns import Flags, Floats, Ints

_LARGEST_PRODUCT: Final = 2**62
# Comparing each with each takes fewer and simpler steps than sorting, while there are few.
_MOST_COMPARED: Final = 12
_SLACK: Final = 2.0**-30


@dataclass(frozen=True, slots=True)
class Bucket:
    """The orders that have the same number of channels, two or more, and their totals.

    `orders` are places of orders and `groups` theirs, of shape (channels, orders). `totals` are places of totals, `of`
    where in `orders` each one's order stands, and `rows` of shape (channels, totals) where the parts of each go.
    """

    orders: Ints
    groups: Ints
    totals: Ints
    of: Ints
    rows: Ints


class Shares(Protocol):
    """How much of the whole each group has."""

    def split(self, bucket: Bucket, sizes: Ints) -> tuple[Ints, Flags]:
        """Return the parts, of shape (channels, totals), of the `sizes` of a bucket's totals, which are not negative.

        Also return which totals are not divided for certain.
        """


@dataclass(frozen=True, slots=True)
class Division:
    """Totals, each divided over the groups of an order: a row for each total and group, total by total.

    `starts` is the first row of each total, `lengths` how many it has.
    """

    totals: Ints
    of_order: Ints
    starts: Ints
    lengths: Ints
    buckets: list[Bucket]

    @classmethod
    def of(cls, totals: Ints, of_order: Ints, group_starts: Ints) -> Division:
        """Prepare to divide each total over the groups of the order with this place."""
        widths = np.diff(group_starts)
        lengths = widths[of_order]
        starts = np.cumsum(lengths) - lengths
        place = np.empty(len(widths), np.int64)
        buckets = []
        for width in np.flatnonzero(np.bincount(widths)).tolist():
            if width == 1:
                continue
            orders = np.flatnonzero(widths == width)
            place[orders] = np.arange(len(orders))
            chosen = np.flatnonzero(lengths == width)
            steps = np.arange(width)[:, None]
            buckets.append(
                Bucket(
                    orders,
                    group_starts[orders] + steps,
                    chosen,
                    place[of_order[chosen]],
                    starts[chosen] + steps,
                )
            )
        return cls(totals, of_order, starts, lengths, buckets)

    def divide(self, shares: Shares) -> tuple[Ints, Ints]:
        """Return the part of each row, with the sign of its total, and the orders with a total that is not certain."""
        parts = np.zeros(int(self.lengths.sum()), np.int64)
        alone = np.flatnonzero(self.lengths == 1)
        parts[self.starts[alone]] = self.totals[alone]
        uncertain = []
        for bucket in self.buckets:
            totals = self.totals[bucket.totals]
            divided, is_uncertain = shares.split(bucket, np.abs(totals))
            parts[bucket.rows] = np.where(totals < 0, -divided, divided)
            if is_uncertain.any():
                uncertain.append(self.of_order[bucket.totals[is_uncertain]])
        return parts, np.unique(np.concatenate(uncertain)) if uncertain else np.empty(0, np.int64)


def split_by_whole(sizes: Ints, weights: Ints, wholes: Ints) -> tuple[Ints, Flags]:
    """Divide `sizes` over whole `weights` of shape (channels, totals), whose sums are `wholes`.

    Return the parts, and which sizes are too large for their products to fit 64 bits; those are not divided.
    """
    is_too_large = sizes > _LARGEST_PRODUCT // wholes
    if is_too_large.any():
        sizes = np.where(is_too_large, 0, sizes)
    parts, remainders = np.divmod(sizes * weights, wholes)
    _hand_out(sizes, parts, remainders)
    return parts, is_too_large


def split_by_real(
    sizes: Ints, shares: Floats, errors: Floats, ages: Ints | None = None
) -> tuple[Ints, Flags]:
    """Divide `sizes` over `shares` of shape (channels, totals) that are known to within a relative error.

    `errors` are those of each total: of its shares, what the oracle's are off by, and the rounding of a product. A part
    that depends on digits beyond is not certain. Channels with the same value in `ages` have the same weight for the
    oracle, too: of their remainders, which are equal, the first goes first for certain.

    Return the parts, and which totals are not divided for certain.
    """
    exact = sizes * shares
    floors = np.floor(exact)
    remainders = exact - floors
    # What the error does not cover is far below the slack: weights of touches that the oracle rounds to 2^-120, and the
    # rounding of a remainder.
    doubt = exact * errors + _SLACK
    # No part is negative: that of a share near 0 is rounded down to 0 for certain.
    is_low = (remainders <= doubt) & (floors > 0)
    is_doubtful = (is_low | (remainders >= 1 - doubt)).any(axis=0)
    parts = floors.astype(np.int64)
    gets = _hand_out(sizes, parts, remainders)
    lowest = np.where(gets, remainders - doubt, np.inf).min(axis=0)
    highest = np.where(gets, -np.inf, remainders + doubt).max(axis=0)
    is_close = lowest <= highest
    if ages is not None:
        in_question = np.where(gets, remainders - doubt <= highest, remainders + doubt >= lowest)
        is_close &= ~(_are_equal(in_question, ages) & _are_equal(in_question, remainders))
    return parts, (is_doubtful | is_close) & (sizes > 0)


def _hand_out(sizes: Ints, parts: Ints, remainders: Ints | Floats) -> Flags:
    """Give one more to the largest remainders until nothing of the sizes is left; return which got one."""
    gets: Flags = _rank(remainders) < sizes - parts.sum(axis=0)
    parts += gets
    return gets


def _rank(remainders: Ints | Floats) -> Ints:
    """Return the place of each remainder in its column, the largest first, the first of equals first."""
    width = len(remainders)
    if width <= _MOST_COMPARED:
        ranks = np.zeros(remainders.shape, np.int64)
        for first, second in combinations(range(width), 2):
            is_before = remainders[first] >= remainders[second]
            ranks[second] += is_before
            ranks[first] += ~is_before
        return ranks
    by_rank = np.argsort(-remainders, axis=0, kind="stable")
    ranks = np.empty(remainders.shape, np.int64)
    np.put_along_axis(ranks, by_rank, np.arange(width)[:, None], axis=0)
    return ranks


def _are_equal(chosen: Flags, values: Ints | Floats) -> Flags:
    """Return of each column whether the values that are chosen in it are all the same."""
    first = np.take_along_axis(values, np.argmax(chosen, axis=0)[None], axis=0)
    equal: Flags = (~chosen | (values == first)).all(axis=0)
    return equal
