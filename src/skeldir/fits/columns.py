"""Journeys as columns: what a fit needs of each, whether they were just cut or were kept."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from skeldir.attribution import JourneyColumns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_TOUCHES_AT_ONCE: Final = 50_000


@dataclass(frozen=True, slots=True)
class Money:
    """What orders left in a currency, in minor units, also below nothing: the places of their journeys, ascending."""

    journeys: Ints
    cents: Ints


@dataclass(frozen=True, slots=True)
class Journeys:
    """Journeys one after another: their touches as places of channels, from 1, and how many touches each has.

    `converted` and `shards` have one element per journey. A converted journey may have no touch.
    """

    touches: NDArray[np.int16]
    lengths: Ints
    converted: Flags
    shards: NDArray[np.int16]
    money: Mapping[str, Money]

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def over_refunded(self) -> int:
        """How many orders have less than nothing left, counted in each currency."""
        return sum(int((money.cents < 0).sum()) for money in self.money.values())

    def take(self, places: Ints) -> Journeys:
        """Return the journeys of some places, in the order of these."""
        all_lengths = self.lengths.astype(np.int64)
        lengths = all_lengths[places]
        starts = (np.cumsum(all_lengths) - all_lengths)[places]
        steps = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        new_places = np.full(len(self), -1, np.int64)
        new_places[places] = np.arange(len(places))
        return Journeys(
            self.touches[np.repeat(starts, lengths) + steps],
            lengths,
            self.converted[places],
            self.shards[places],
            {
                currency: taken
                for currency, money in self.money.items()
                if len((taken := _move(money, new_places)).journeys)
            },
        )

    def divide(self, edges: Sequence[int]) -> list[Journeys]:
        """Return the journeys from each edge up to the next one."""
        starts = np.concatenate(([0], np.cumsum(self.lengths)))
        return [
            Journeys(
                self.touches[starts[first] : starts[end]],
                self.lengths[first:end],
                self.converted[first:end],
                self.shards[first:end],
                self._money_between(first, end),
            )
            for first, end in pairwise(edges)
        ]

    def _money_between(self, first: int, end: int) -> dict[str, Money]:
        found = {}
        for currency, money in self.money.items():
            begin, stop = np.searchsorted(money.journeys, (first, end))
            if begin < stop:
                found[currency] = Money(money.journeys[begin:stop] - first, money.cents[begin:stop])
        return found

    def as_columns(self, channels: Sequence[str]) -> JourneyColumns:
        """Return the journeys with a touch. Channels that occur are numbered in the order of their texts."""
        occur = self._channels_that_occur(len(channels)).tolist()
        codes = sorted(channels[place - 1] for place in occur)
        numbers = np.zeros(len(channels) + 1, np.int16)
        numbers[occur] = [codes.index(channels[place - 1]) for place in occur]
        # Where channels were kept in order, and all occur, their numbers are known without looking each up.
        is_in_order = numbers[1:].tolist() == list(range(len(channels)))
        touches = self.touches - np.int16(1) if is_in_order else numbers[self.touches]
        has_touch = self.lengths > 0
        some = slice(None) if has_touch.all() else has_touch
        values = {
            currency: cents
            for currency in sorted(self.money)
            if (cents := self._left_of(self.money[currency], has_touch)) is not None
        }
        return JourneyColumns(
            codes,
            touches,
            np.concatenate(([0], np.cumsum(self.lengths[some]))),
            self.converted[some],
            self.shards[some],
            values,
        )

    def _channels_that_occur(self, count: int) -> Ints:
        """Return their places. Mostly all occur among the first touches, and the others need not be looked at."""
        occurs = np.zeros(count + 1, np.bool_)
        for first in range(0, len(self.touches), _TOUCHES_AT_ONCE):
            some = self.touches[first : first + _TOUCHES_AT_ONCE]
            occurs |= np.bincount(some, minlength=count + 1) > 0
            if occurs[1:].all():
                break
        return np.flatnonzero(occurs)

    def _left_of(self, money: Money, has_touch: Flags) -> Ints | None:
        """Return what each journey with a touch left; None if no such journey has an entry of the currency."""
        if not has_touch[money.journeys].any():
            return None
        left = np.zeros(len(self), np.int64)
        left[money.journeys] = np.maximum(money.cents, 0)
        return left[has_touch]


_NONE: Final = Journeys(
    np.zeros(0, np.int16), np.zeros(0, np.int64), np.zeros(0, np.bool_), np.zeros(0, np.int16), {}
)


def _move(money: Money, new_places: Ints) -> Money:
    journeys = new_places[money.journeys]
    stays = np.flatnonzero(journeys >= 0)
    in_order = stays[np.argsort(journeys[stays])]
    return Money(journeys[in_order], money.cents[in_order])


def join_journeys(parts: Sequence[Journeys]) -> Journeys:
    """Return the journeys of all parts, one after another; channels have the same places in each.

    Columns of kept journeys are narrow, and become as wide as those that were cut.
    """
    offsets = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    money = {}
    for currency in sorted({currency for part in parts for currency in part.money}):
        some = [
            (offset, part.money[currency])
            for offset, part in zip(offsets, parts, strict=False)
            if currency in part.money
        ]
        money[currency] = Money(
            np.concatenate([each.journeys + offset for offset, each in some]),
            np.concatenate([each.cents for _, each in some]),
        )
    return Journeys(
        np.concatenate(
            [_NONE.touches, *(part.touches for part in parts)], dtype=np.int16, casting="unsafe"
        ),
        np.concatenate(
            [_NONE.lengths, *(part.lengths for part in parts)], dtype=np.int64, casting="unsafe"
        ),
        np.concatenate([_NONE.converted, *(part.converted for part in parts)]),
        np.concatenate(
            [_NONE.shards, *(part.shards for part in parts)], dtype=np.int16, casting="unsafe"
        ),
        money,
    )
