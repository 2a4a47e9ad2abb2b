"""Divides many totals by largest remainder at once, as `money.split` divides a single one.

Arrays of shape (channels, totals) hold totals that are divided over the same number of channels: a column for each
total, a row for each channel, by code.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final, Protocol

import numpy as np

from skeldir.attribution.columns import Flags, Floats, Ints

_LARGEST_PRODUCT: Final = 2**62
# Up to this many, comparing each with each takes fewer and simpler steps than sorting.
_MOST_COMPARED: Final = 12
_SLACK: Final = 2.0**-30


@dataclass(frozen=True, slots=True)
class Bucket:
    """The orders that have the same number of channels, two or more, and their totals.

    `orders` are indices of orders, and `groups`, of shape (channels, orders), those of their groups. `totals` are
    indices of totals, `order_of` gives the index in `orders` of each total's order, and `rows`, of shape (channels,
    totals), where its parts are stored.
    """

    orders: Ints
    groups: Ints
    totals: Ints
    order_of: Ints
    rows: Ints


class Shares(Protocol):
    """The share that each group has of its order."""

    def split(self, bucket: Bucket, sizes: Ints) -> tuple[Ints, Flags]:
        """Return the parts, of shape (channels, totals), of the bucket's totals, whose `sizes` are not negative.

        Also return which totals may be divided wrongly, and so are uncertain.
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
        """Prepare to divide each total over the groups of the order with index `of_order`."""
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
        """Return the part of each row, with the sign of its total, and the orders with an uncertain total."""
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


def split_by_integers(sizes: Ints, weights: Ints, weight_sums: Ints) -> tuple[Ints, Flags]:
    """Divide `sizes` over integer `weights` of shape (channels, totals), whose sums are `weight_sums`.

    Return the parts, and which sizes are too large for their products to fit in 64 bits; those are not divided.
    """
    is_too_large = sizes > _LARGEST_PRODUCT // weight_sums
    if is_too_large.any():
        sizes = np.where(is_too_large, 0, sizes)
    parts, remainders = np.divmod(sizes * weights, weight_sums)
    _hand_out(sizes, parts, remainders)
    return parts, is_too_large


def split_by_floats(
    sizes: Ints, shares: Floats, errors: Floats, ages: Ints | None = None
) -> tuple[Ints, Flags]:
    """Divide `sizes` over `shares` of shape (channels, totals) that are known to within a relative error.

    `errors` bounds that of each total: of its shares, of the oracle's, and of a rounded product. A part that depends on
    digits beyond the bound is uncertain. Channels with the same value in `ages` have the same weight for the oracle,
    too: their remainders are equal, and it is certain that the first is served first.

    Return the parts, and which totals are uncertain.
    """
    exact = sizes * shares
    floors = np.floor(exact)
    remainders = exact - floors
    # The slack covers the rest amply: weights that the oracle rounds to 2^-120, and the rounding of a remainder.
    doubt = exact * errors + _SLACK
    # No part is negative, so it is certain that the part of a share near 0 is rounded down to 0.
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
    """Give one unit to each of the largest remainders until the sizes are used up; return which got one."""
    gets: Flags = _rank(remainders) < sizes - parts.sum(axis=0)
    parts += gets
    return gets


def _rank(remainders: Ints | Floats) -> Ints:
    """Return the rank of each remainder in its column, the largest first, the first of equals first."""
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
    """Return for each column whether all values chosen in it are the same."""
    first = np.take_along_axis(values, np.argmax(chosen, axis=0)[None], axis=0)
    equal: Flags = (~chosen | (values == first)).all(axis=0)
    return equal
