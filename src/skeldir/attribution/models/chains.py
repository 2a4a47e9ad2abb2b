"""Journeys as columns, and how often each state of a Markov chain is followed by what.

A chain of order m is in the state of the last m channels of a journey; near its start a state is shorter, and the
start itself is the state of none. What follows a state is a channel, the conversion, or the end without one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skeldir.errors import SkeldirError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Counts = NDArray[np.int32]
Codes = NDArray[np.signedinteger[Any]]
Flags = NDArray[np.bool_]

LONGEST_ORDER: Final = 4
MOST_CHANNELS: Final = 1_000
SHARDS: Final = 512
"""Journeys are divided among this many shards by their keys, and resampled shard by shard. A power of 2."""

TOUCHES_OF_A_BLOCK: Final = 200_000
"""What is made of a block's touches stays in the processor's cache."""

MOST_COUNTS: Final = 20_000_000
_LARGEST_TABLE: Final = 4_000_000
_FEWEST_SHARDS: Final = 64
_MOST_OF_INT32: Final = 2**31 - 1


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

    def only(self, which: Flags) -> JourneyColumns:
        """Return some of the journeys."""
        chosen = np.flatnonzero(which)
        firsts = self.starts[chosen]
        lengths = self.starts[chosen + 1] - firsts
        starts = np.concatenate(([0], np.cumsum(lengths)))
        places = np.arange(starts[-1]) + np.repeat(firsts - starts[:-1], lengths)
        return JourneyColumns(
            self.channels,
            self.touches[places],
            starts,
            self.converted[chosen],
            self.shards[chosen],
            {currency: cents[chosen] for currency, cents in self.values.items()},
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
    """How often what followed each state of a chain, by part of the journeys; a cell is a state and what followed.

    `states` are the codes of the states that occur, ascending; the first is the start, 0. Of each cell, `origins` is
    the place of its state, and `nexts` what followed: the number of a channel, `to_conversion`, or one more for an end
    without one. `counts` has a row per part, such as a shard, and a column per cell. The `values` of the conversions of
    each currency have a row per part, and a column per cell that converts, in the order of the cells.
    """

    order: int
    channels: int
    states: Ints
    origins: Ints
    nexts: Ints
    counts: Counts
    values: Mapping[str, Ints]

    @property
    def to_conversion(self) -> int:
        """What follows a state whose journey converts."""
        return self.channels

    @cached_property
    def converting(self) -> Ints:
        """Return the places of the cells that convert."""
        return np.flatnonzero(self.nexts == self.to_conversion)

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
        total: Ints = self.counts.sum(axis=0, dtype=np.int64)
        return total


def shards_for(cells: int) -> int:
    """Return among how many shards as many counts each are divided: SHARDS, or fewer where they would not fit."""
    shards = SHARDS
    while shards > _FEWEST_SHARDS and shards * cells > MOST_COUNTS:
        shards //= 2
    return shards


def count_transitions(
    journeys: JourneyColumns,
    order: int = 1,
    *,
    collapse_repeats: bool = False,
    parts: int = SHARDS,
) -> Transitions:
    """Count what follows each state of a chain of the order, from 1 to LONGEST_ORDER.

    The counts are whole numbers and sums over journeys, so that the order of the journeys does not matter.
    `collapse_repeats` counts touches of one channel that follow each other as one; at order 1 this changes no effect.
    With fewer `parts` than SHARDS, part n has every shard whose number leaves the remainder n: 1 counts all journeys
    together, which is quicker, and enough for effects without intervals.

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
    count = len(journeys.channels)
    possible = (count + 1) ** order * (count + 2)
    if possible * SHARDS <= MOST_COUNTS and possible * min(parts, SHARDS) <= _LARGEST_TABLE:
        cells, divided = _Cells.every(possible), SHARDS
    else:
        cells = _Cells.occurring(journeys, order, possible)
        divided = shards_for(len(cells.found))
    part_of_shard = (np.arange(SHARDS) % divided % parts).astype(np.int32)
    counts, values = _count(journeys, order, cells, part_of_shard)
    return _without_gaps(order, count, cells, counts, values)


def _without_gaps(
    order: int, channels: int, cells: _Cells, counts: Counts, values: dict[str, Ints]
) -> Transitions:
    """Return the counts of the cells that occur."""
    occurs: Flags = np.any(counts, axis=0)
    if not occurs.all():
        paid = occurs[cells.converting(channels)]
        counts, values = counts[:, occurs], {name: sums[:, paid] for name, sums in values.items()}
    found = cells.found[occurs]
    states, origins = np.unique(found // (channels + 2), return_inverse=True)
    return Transitions(order, channels, states, origins, found % (channels + 2), counts, values)


def _count(
    journeys: JourneyColumns, order: int, cells: _Cells, part_of_shard: NDArray[np.int32]
) -> tuple[Counts, dict[str, Ints]]:
    """Count cells by part, and add up the values of those that convert."""
    parts, width = int(part_of_shard.max()) + 1, len(cells.found)
    kind = _kind_for(parts * width)
    # A count is at most the number of touches, for which 31 bits are enough.
    counts = np.zeros(parts * width, np.int32)
    converting = cells.converting(len(journeys.channels))
    values = {
        currency: np.zeros((parts, len(converting)), np.int64) for currency in journeys.values
    }
    for block in journeys.blocks():
        touched = len(block.touches)
        places = cells.places_of(_cells_of(block, order)).astype(kind, copy=False)
        part = part_of_shard[block.shards]
        if parts > 1:
            begins = part.astype(kind) * width
            places[:touched] += np.repeat(begins, np.diff(block.starts))
            places[touched:] += begins
        np.add.at(counts, places, np.int32(1))
        orders = np.flatnonzero(block.converted)
        columns = np.searchsorted(converting, places[touched + orders] - part[orders] * width)
        for currency, cents in block.values.items():
            np.add.at(values[currency], (part[orders], columns), cents[orders])
    return counts.reshape(parts, width), values


def _kind_for(numbers: int) -> np.dtype[np.signedinteger[Any]]:
    """Return the smaller kind of whole numbers that has as many."""
    return np.dtype(np.int32) if numbers <= _MOST_OF_INT32 else np.dtype(np.int64)


def _cells_of(journeys: JourneyColumns, order: int) -> Codes:
    """Return the cell of each touch, and then of the end of each journey."""
    count, touched = len(journeys.channels), len(journeys.touches)
    touches = journeys.touches.astype(_kind_for((count + 1) ** order * (count + 2)))
    lasts = journeys.starts[1:] - 1
    # The state after each touch: of one channel at first, and of one more in each turn.
    after = touches + 1
    for _ in range(order - 1):
        after[lasts] = 0
        before = after[:-1] * (count + 1)
        after = touches + 1
        after[1:] += before
    cells = np.empty_like(touches, shape=touched + len(journeys))
    cells[touched:] = after[lasts] * (count + 2)
    cells[touched:] += np.where(journeys.converted, count, count + 1)
    after[lasts] = 0
    cells[:1] = touches[:1]
    np.multiply(after[:-1], count + 2, out=cells[1:touched])
    cells[1:touched] += touches[1:]
    return cells


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells that may occur, ascending; `table` has the place of each among them, if it would not be too large."""

    found: Ints
    table: Counts | None

    @classmethod
    def every(cls, possible: int) -> _Cells:
        """Take all cells."""
        return cls(np.arange(possible), None)

    @classmethod
    def occurring(cls, journeys: JourneyColumns, order: int, possible: int) -> _Cells:
        """Find the cells that occur."""
        parts = (_cells_of(block, order) for block in journeys.blocks())
        if possible > _LARGEST_TABLE:
            some = [np.unique(part) for part in parts]
            return cls(np.unique(np.concatenate(some)).astype(np.int64), None)
        occurs = np.zeros(possible, np.bool_)
        for part in parts:
            occurs[part] = True
        found = np.flatnonzero(occurs)
        table = np.zeros(possible, np.int32)
        table[found] = np.arange(len(found))
        return cls(found, table)

    def places_of(self, cells: Codes) -> Codes:
        """Return the place of each."""
        if self.table is not None:
            return self.table[cells]
        if len(self.found) == self.found[-1] + 1:
            return cells
        places: Ints = np.searchsorted(self.found, cells)
        return places

    def converting(self, channels: int) -> Ints:
        """Return the places of those that convert."""
        return np.flatnonzero(self.found % (channels + 2) == channels)
