"""Journeys as columns, and how often each state of a Markov chain is followed by what.

A chain of order m is in the state of the last m channels of a journey; near its start a state is shorter, and the
start itself is the state of none. What follows a state is a channel, the conversion, or the end without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skeldir.errors import SkeldirError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LONGEST_ORDER: Final = 4
MOST_CHANNELS: Final = 1_000
SHARDS: Final = 512
"""Journeys are divided among this many shards by their keys, and resampled shard by shard. A power of 2."""

TOUCHES_OF_A_BLOCK: Final = 500_000
MOST_COUNTS: Final = 20_000_000
_LARGEST_TABLE: Final = 4_000_000
_FEWEST_SHARDS: Final = 64


class ChannelsTooMany(SkeldirError):
    """There are more channels than a chain in memory can have."""

    code = "channels_too_many"
    status = 422
    title = "There are too many channels to estimate"


@dataclass(frozen=True, slots=True)
class JourneyColumns:
    """Journeys of a tenant, each cut after its conversion.

    The touches of journey i are `touches[starts[i]:starts[i + 1]]`, numbers of `channels`, in time order; every
    journey has one at least. `converted[i]` says whether an order ended it, `shards[i]` is the shard of its key, from
    0 to SHARDS - 1, and `values` has what is left of the order's money in minor units of each currency, 0 or more, and
    0 without an order.
    """

    channels: Sequence[str]
    touches: NDArray[np.int16]
    starts: Ints
    converted: Flags
    shards: NDArray[np.int16]
    values: Mapping[str, Ints] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.converted)

    def blocks(self) -> Iterator[JourneyColumns]:
        """Return the journeys in parts of some hundred thousand touches, so that what is made of each stays small."""
        edges = np.searchsorted(
            self.starts, np.arange(0, max(len(self.touches), 1), TOUCHES_OF_A_BLOCK), side="left"
        )
        firsts = np.unique(edges).tolist()
        for first, end in zip(firsts, [*firsts[1:], len(self)], strict=True):
            begin, stop = self.starts[first], self.starts[end]
            yield JourneyColumns(
                self.channels,
                self.touches[begin:stop],
                self.starts[first : end + 1] - begin,
                self.converted[first:end],
                self.shards[first:end],
                {currency: cents[first:end] for currency, cents in self.values.items()},
            )

    def collapsed(self) -> JourneyColumns:
        """Return the same journeys, where touches of one channel that follow each other are one."""
        is_first = np.ones(len(self.touches), np.bool_)
        is_first[1:] = self.touches[1:] != self.touches[:-1]
        is_first[self.starts[:-1]] = True
        starts = np.concatenate(([0], np.cumsum(is_first)))[self.starts]
        return JourneyColumns(
            self.channels, self.touches[is_first], starts, self.converted, self.shards, self.values
        )


@dataclass(frozen=True)
class Transitions:
    """How often what followed each state of a chain, by shard; a cell is a state and what followed.

    `states` are the codes of the states that occur, ascending; the first is the start, 0. Of each cell, `origins` is
    the place of its state, and `nexts` what followed: the number of a channel, `to_conversion`, or one more for an end
    without one. `counts` has a row per shard and a column per cell, and so have the `values` of the conversions of
    each currency.
    """

    order: int
    channels: int
    states: Ints
    origins: Ints
    nexts: Ints
    counts: Ints
    values: Mapping[str, Ints]

    @property
    def to_conversion(self) -> int:
        """What follows a state whose journey converts."""
        return self.channels

    @cached_property
    def targets(self) -> Ints:
        """Return of each cell the place of the state that it leads to; -1 where the journey ends."""
        base = self.channels + 1
        codes = (self.states[self.origins] * base + self.nexts + 1) % base**self.order
        return np.where(self.nexts < self.channels, np.searchsorted(self.states, codes), -1)

    @cached_property
    def last_channels(self) -> Ints:
        """Return of each state the number of its last channel; -1 of the start."""
        return self.states % (self.channels + 1) - 1

    @cached_property
    def total(self) -> Ints:
        """Return how often each cell occurred."""
        total: Ints = self.counts.sum(axis=0)
        return total


def shards_for(cells: int) -> int:
    """Return among how many shards as many counts each are divided: SHARDS, or fewer where they would not fit."""
    shards = SHARDS
    while shards > _FEWEST_SHARDS and shards * cells > MOST_COUNTS:
        shards //= 2
    return shards


def count_transitions(
    journeys: JourneyColumns, order: int = 1, *, collapse_repeats: bool = False
) -> Transitions:
    """Count what follows each state of a chain of the order, from 1 to LONGEST_ORDER.

    The counts are whole numbers and sums over journeys, so that the order of the journeys does not matter.
    `collapse_repeats` counts touches of one channel that follow each other as one; at order 1 this changes no effect.

    Raises:
        ChannelsTooMany: the journeys have more than MOST_CHANNELS channels.
    """
    if not 1 <= order <= LONGEST_ORDER:
        raise ValueError(f"The order of a chain is from 1 to {LONGEST_ORDER}, not {order}.")
    if len(journeys.channels) > MOST_CHANNELS:
        raise ChannelsTooMany(
            f"The journeys have {len(journeys.channels):,} channels.",
            cure=f"Choose rules that give them {MOST_CHANNELS:,} at most.",
        )
    if collapse_repeats:
        journeys = journeys.collapsed()
    return _count(journeys, order)


def _count(journeys: JourneyColumns, order: int) -> Transitions:
    count = len(journeys.channels)
    possible = (count + 1) ** order * (count + 2)
    distinct = _Distinct.of((_steps_of(block, order)[0] for block in journeys.blocks()), possible)
    found = distinct.found
    divided = shards_for(len(found))
    size = divided * len(found)
    counts = np.zeros(size, np.int64)
    values = {currency: np.zeros(size, np.int64) for currency in journeys.values}
    for block in journeys.blocks():
        cells, shards = _steps_of(block, order)
        places = shards % divided * len(found) + distinct.places_of(cells)
        counts += np.bincount(places, minlength=size)
        for currency, cents in block.values.items():
            np.add.at(values[currency], places[len(block.touches) :], cents)
    states, origins = np.unique(found // (count + 2), return_inverse=True)
    return Transitions(
        order,
        count,
        states,
        origins,
        found % (count + 2),
        counts.reshape(divided, -1),
        {currency: sums.reshape(divided, -1) for currency, sums in values.items()},
    )


def _steps_of(journeys: JourneyColumns, order: int) -> tuple[Ints, Ints]:
    """Return the cell and the shard of each touch, and then of each end of a journey."""
    count = len(journeys.channels)
    touches, starts = journeys.touches.astype(np.int64), journeys.starts
    lengths = np.diff(starts)
    places = np.arange(len(touches)) - np.repeat(starts[:-1], lengths)
    before = np.zeros(len(touches), np.int64)
    after = np.zeros(len(journeys), np.int64)
    for back in range(1, order + 1):
        weight = (count + 1) ** (back - 1)
        before[back:] += np.where(places[back:] >= back, touches[:-back] + 1, 0) * weight
        has = lengths >= back
        after[has] += (touches[starts[1:][has] - back] + 1) * weight
    ends = np.where(journeys.converted, count, count + 1)
    cells = np.concatenate([before * (count + 2) + touches, after * (count + 2) + ends])
    shards = np.concatenate([np.repeat(journeys.shards, lengths), journeys.shards])
    return cells, shards.astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Distinct:
    """The distinct numbers, ascending; `table` has the place of each among them, if it would not be too large."""

    found: Ints
    table: Ints | None

    @classmethod
    def of(cls, parts: Iterable[Ints], possible: int) -> _Distinct:
        if possible > _LARGEST_TABLE:
            some = [np.unique(part) for part in parts]
            return cls(np.unique(np.concatenate([*some, np.empty(0, np.int64)])), None)
        occurs = np.zeros(possible, np.bool_)
        for part in parts:
            occurs[part] = True
        found = np.flatnonzero(occurs)
        table = np.zeros(possible, np.int64)
        table[found] = np.arange(len(found))
        return cls(found, table)

    def places_of(self, numbers: Ints) -> Ints:
        """Return the place of each number among the distinct ones."""
        if self.table is None:
            return np.searchsorted(self.found, numbers)
        return self.table[numbers]
