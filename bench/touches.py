"""Generated touches of journeys, as arrays; and what the models take, made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from skeldir.attribution import SHARDS, JourneyColumns
from skeldir.attribution.columns import OrderColumns, spread
from skeldir.attribution.models import DIRECT
from skeldir.attribution.packing import NO_CONVERSION
from skeldir.attribution.splits import UNATTRIBUTED

CHANNELS: Final = 12
TOUCHES_OF_JOURNEY: Final = 4.3
LONGEST: Final = 60
DAYS_S: Final = 90 * 86_400
_MICROSECONDS: Final = 1_000_000
_CHANNEL_BITS: Final = 4
_BLOCK: Final = 200_000

NAMES: Final = tuple(f"channel_{number:02}" for number in range(CHANNELS))


@dataclass(frozen=True, slots=True)
class RawTouches:
    """Touches by journey number, channel number and moment in seconds; and of each journey, how it ended.

    They are in time order, as they were recorded, or in the order of journeys and then of time, as an index on the
    journey has them.
    """

    journeys: npt.NDArray[np.int32]
    channels: npt.NDArray[np.uint8]
    moments: npt.NDArray[np.int64]
    converted: npt.NDArray[np.bool_]
    values: npt.NDArray[np.int64]

    def by_journey(self) -> RawTouches:
        """Return them in the order of journeys, and of time within a journey."""
        order = np.argsort(self.journeys, kind="stable")
        return RawTouches(
            self.journeys[order],
            self.channels[order],
            self.moments[order],
            self.converted,
            self.values,
        )


def make_touches(journeys: int) -> RawTouches:
    """Generate touches in time order; the seed is fixed.

    Channels are rare and common, and depend on the one before. Touches of a journey are an hour apart; 5 % convert,
    an hour after the last one.
    """
    random = np.random.default_rng(17)
    lengths = np.minimum(random.geometric(1 / TOUCHES_OF_JOURNEY, journeys), LONGEST)
    starts = np.cumsum(lengths) - lengths
    owners = np.repeat(np.arange(journeys), lengths)
    places = np.arange(len(owners)) - starts[owners]
    common = random.dirichlet(np.full(CHANNELS, 0.8))
    drawn = random.choice(CHANNELS, len(owners), p=common)
    channels = np.where(random.random(len(owners)) < 0.4, np.roll(drawn, 1), drawn)
    moments = random.integers(0, DAYS_S, journeys)[owners] + places * 3600
    order = np.argsort(moments, kind="stable")
    converted = random.random(journeys) < 0.05
    values = np.where(converted, np.rint(random.lognormal(8.5, 0.8, journeys)), 0).astype(np.int64)
    return RawTouches(
        owners[order].astype(np.int32),
        channels.astype(np.uint8)[order],
        moments[order],
        converted,
        values,
    )


@dataclass(frozen=True, slots=True)
class Grouped:
    """Journeys made of raw touches; of each of their touches, `keys` has the journey, the place, and the channel."""

    touches: RawTouches
    journeys: JourneyColumns
    keys: npt.NDArray[np.int64]

    def orders(self) -> OrderColumns:
        """Return the orders as the rule models take them; an order comes an hour after the last touch."""
        starts, converted = self.journeys.starts, np.flatnonzero(self.journeys.converted)
        own = self.journeys.only(self.journeys.converted)
        lengths = np.diff(own.starts)
        keys = self.keys[spread(starts[converted], lengths)] >> _CHANNEL_BITS
        moments = self.touches.moments[keys & ((1 << _place_bits(self.touches)) - 1)]
        converted_at = moments[own.starts[1:] - 1] + 3600
        return orders_of(own, (np.repeat(converted_at, lengths) - moments) * _MICROSECONDS)


def _place_bits(touches: RawTouches) -> int:
    return len(touches.journeys).bit_length()


def group_touches(touches: RawTouches) -> Grouped:
    """Put the touches of each journey together, in their order: one sort of journey, place and channel in 64 bits."""
    count = len(touches.journeys)
    shift = _place_bits(touches) + _CHANNEL_BITS
    keys = np.empty(count, np.int64)
    for block in _blocks(count):
        np.left_shift(touches.journeys[block].astype(np.int64), shift, out=keys[block])
        keys[block] |= np.arange(block.start, block.stop) << _CHANNEL_BITS
        keys[block] |= touches.channels[block]
    keys.sort()
    owners, channels = np.empty(count, np.int32), np.empty(count, np.int16)
    for block in _blocks(count):
        channels[block] = keys[block] & ((1 << _CHANNEL_BITS) - 1)
        owners[block] = keys[block] >> shift
    return Grouped(touches, _columns(touches, channels, owners), keys)


def _blocks(count: int) -> Iterator[slice]:
    for first in range(0, count, _BLOCK):
        yield slice(first, min(first + _BLOCK, count))


def divide_touches(touches: RawTouches) -> JourneyColumns:
    """Find where each journey begins among touches that are in the order of journeys."""
    return _columns(touches, touches.channels.astype(np.int16), touches.journeys)


def _columns(
    touches: RawTouches, channels: npt.NDArray[np.int16], owners: npt.NDArray[np.int32]
) -> JourneyColumns:
    """Return journeys whose touches are together; `owners` are the journeys of the touches."""
    begins = np.ones(len(owners), np.bool_)
    np.not_equal(owners[1:], owners[:-1], out=begins[1:])
    starts = np.append(np.flatnonzero(begins), len(begins))
    return JourneyColumns(
        NAMES,
        channels,
        starts,
        touches.converted,
        (np.arange(len(starts) - 1) & (SHARDS - 1)).astype(np.int16),
        {"EUR": touches.values},
    )


def orders_of(journeys: JourneyColumns, ages: npt.NDArray[np.int64]) -> OrderColumns:
    """Return journeys that all converted, with the age of each touch in microseconds."""
    codes = sorted({*journeys.channels, DIRECT, UNATTRIBUTED})
    numbers = np.array([codes.index(channel) for channel in journeys.channels])
    every = np.arange(len(journeys))
    return OrderColumns(
        codes,
        journeys.starts,
        numbers[journeys.touches],
        ages,
        np.full(len(every), NO_CONVERSION),
        np.arange(len(every) + 1),
        np.zeros(len(every), np.int64),
        journeys.values["EUR"],
        every,
    )
