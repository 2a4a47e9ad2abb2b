"""Shapley values of channels: what each adds to conversions, on average over all orders of adding channels, exactly.

A set of channels is worth the conversions (or the money) of the journeys whose channels all belong to it. For this
game the value of a channel is the sum over its journeys of one part of as many as the journey has channels. Source:
Zhao et al., "Shapley value methods for attribution modeling in online advertising", 2018, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skeldir.attribution.models.chains import SHARDS, Floats, Ints, JourneyColumns, shards_for

MOST_CHANNELS_OF_SETS: Final = 16
"""With up to this many channels, the values are worked out from all sets too."""


@dataclass(frozen=True, slots=True)
class ChannelSets:
    """The conversions of each channel by the number of channels of their journeys.

    `conversions[s, c, n - 1]` counts those of shard s whose journey has channel c, among n channels in all, and
    `values` has their money in minor units. `sets` are the distinct sets of channels as bits, ascending, with
    `in_sets` the conversions of each and `values_in_sets` their money; None with more channels than
    MOST_CHANNELS_OF_SETS.
    """

    channels: int
    conversions: Ints
    values: Mapping[str, Ints]
    sets: Ints | None
    in_sets: Ints | None
    values_in_sets: Mapping[str, Ints]


def count_sets(journeys: JourneyColumns, *, parts: int = SHARDS) -> ChannelSets:
    """Count the conversions of each channel; journeys without one do not matter.

    `parts` is what it is of `count_transitions`.
    """
    journeys = journeys.only(journeys.converted)
    count = len(journeys.channels)
    blocks = [(block, pairs_of(block)) for block in journeys.blocks()]
    widest = max((int(pairs.sizes.max()) for _, pairs in blocks if len(pairs.sizes)), default=1)
    divided = min(shards_for(count * widest), parts)
    shape = (divided, count, widest)
    conversions = np.zeros(prod(shape), np.int64)
    values = {currency: np.zeros_like(conversions) for currency in journeys.values}
    for block, pairs in blocks:
        places = (block.shards[pairs.journeys] % divided, pairs.channels, pairs.sizes - 1)
        cells = np.ravel_multi_index(places, shape)
        np.add.at(conversions, cells, 1)
        for currency, cents in block.values.items():
            np.add.at(values[currency], cells, cents[pairs.journeys])
    return ChannelSets(
        count,
        conversions.reshape(shape),
        {currency: sums.reshape(shape) for currency, sums in values.items()},
        *_by_sets(journeys, blocks),
    )


@dataclass(frozen=True, slots=True)
class Pairs:
    """The distinct channels of journeys: a journey, a channel, and how many the journey has in all."""

    journeys: Ints
    channels: Ints
    sizes: Ints


def pairs_of(journeys: JourneyColumns) -> Pairs:
    """Return the distinct channels of each journey."""
    count = len(journeys.channels)
    of_touch = np.repeat(np.arange(len(journeys)), np.diff(journeys.starts))
    pairs = np.sort(of_touch * count + journeys.touches)
    is_first = np.ones(len(pairs), np.bool_)
    is_first[1:] = pairs[1:] != pairs[:-1]
    journey, channel = np.divmod(pairs[is_first], count)
    return Pairs(journey, channel, np.bincount(journey, minlength=len(journeys))[journey])


def _by_sets(
    journeys: JourneyColumns, blocks: Sequence[tuple[JourneyColumns, Pairs]]
) -> tuple[Ints | None, Ints | None, Mapping[str, Ints]]:
    """Return the distinct sets of channels, and what occurred in each; with many channels there would be too many."""
    if len(journeys.channels) > MOST_CHANNELS_OF_SETS:
        return None, None, {}
    worth = np.zeros(1 << len(journeys.channels), np.int64)
    values = {currency: np.zeros_like(worth) for currency in journeys.values}
    for block, pairs in blocks:
        bits = np.zeros(len(block), np.int64)
        np.add.at(bits, pairs.journeys, np.left_shift(1, pairs.channels))
        np.add.at(worth, bits, 1)
        for currency, cents in block.values.items():
            np.add.at(values[currency], bits, cents)
    sets = np.flatnonzero(worth)
    return sets, worth[sets], {currency: sums[sets] for currency, sums in values.items()}


def count_journeys(journeys: JourneyColumns) -> Ints:
    """Return on how many journeys each channel is."""
    count = len(journeys.channels)
    if count > MOST_CHANNELS_OF_SETS:
        on = np.zeros(count, np.int64)
        for block in journeys.blocks():
            on += np.bincount(pairs_of(block).channels, minlength=count)
        return on
    in_sets = np.zeros(1 << count, np.int64)
    for block in journeys.blocks():
        bits = np.left_shift(np.uint16(1), block.touches.astype(np.uint16))
        sets = np.bitwise_or.reduceat(bits, block.starts[:-1])
        in_sets += np.bincount(sets, minlength=len(in_sets))
    halves = [in_sets.reshape(-1, 2, 1 << channel)[:, 1] for channel in range(count)]
    return np.array([half.sum() for half in halves], np.int64)


def shapley_values(by_size: NDArray[np.int64] | Floats) -> Floats:
    """Return the value of each channel from sums by channel and number of channels, its last two axes."""
    shares: Floats = by_size / np.arange(1, by_size.shape[-1] + 1)
    total: Floats = shares.sum(axis=-1)
    return total


def shapley_by_sets(channels: int, sets: Ints, amounts: Ints) -> Floats:
    """Return the value of each channel by its definition: from what every set of channels is worth.

    What a set is worth adds up what occurred in its subsets, by one pass for each channel. Takes time and memory for
    2 ** channels numbers.
    """
    worth = np.zeros(1 << channels)
    worth[sets] = amounts
    for channel in range(channels):
        halves = worth.reshape(-1, 2, 1 << channel)
        halves[:, 1] += halves[:, 0]
    sizes = np.zeros(1, np.int64)
    for _ in range(channels):
        sizes = np.concatenate([sizes, sizes + 1])
    weights = _weights_of_sizes(channels)[sizes]
    values = np.zeros(channels)
    for channel in range(channels):
        without = worth.reshape(-1, 2, 1 << channel)
        gains = without[:, 1] - without[:, 0]
        values[channel] = (gains * weights.reshape(-1, 2, 1 << channel)[:, 0]).sum()
    return values


def _weights_of_sizes(channels: int) -> Floats:
    """Return how often a channel is added to a set of each size, among all orders of adding them."""
    weights = np.zeros(channels + 1)
    weights[0] = 1.0 / channels
    for size in range(1, channels):
        weights[size] = weights[size - 1] * size / (channels - size)
    return weights
