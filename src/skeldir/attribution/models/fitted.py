"""What a fit gives the touches of a journey: each channel its weight, in equal parts to its touches.

A channel without a weight was not known to the fit, and earns nothing. Whole numbers, as for the rule models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Final

from skeldir.attribution.models.rules import JourneyTouch

PARTS_OF_WEIGHT: Final = 10**15
"""What the weights of a fit add up to, but for rounding; floats of 64 bits hold them exactly."""

SEPARATOR: Final = "\x1f"
"""Separates a channel's code from an origin, where a code names both."""


def channel_of(code: str) -> str:
    """Return the channel of a code of channel and origin."""
    return code.partition(SEPARATOR)[0]


def part_of_weight(share: float) -> int:
    """Return a share in parts of PARTS_OF_WEIGHT, rounded."""
    return round(Fraction(share) * PARTS_OF_WEIGHT)


def whole_weights(shares: Mapping[str, float]) -> dict[str, int]:
    """Return the weight of each channel with a share: a part of PARTS_OF_WEIGHT, rounded, and 1 at least.

    Raises `ValueError` for a share that is not a number from 0 to 1, and when no channel has one.
    """
    if not all(0 <= share <= 1 for share in shares.values()) or not any(shares.values()):
        raise ValueError("Shares are numbers from 0 to 1, and one is above 0.")
    return {
        channel: max(1, part_of_weight(share)) for channel, share in shares.items() if share > 0
    }


def fitted_touch_weights(touches: Sequence[JourneyTouch], weights: Mapping[str, int]) -> list[int]:
    """Return the weight of each touch: all of them together of one channel have its weight, but for a common factor."""
    channels = [channel_of(touch.channel_code) for touch in touches]
    counts = Counter(channels)
    common = lcm(*counts.values())
    of_one = {code: weights.get(code, 0) * (common // count) for code, count in counts.items()}
    return [of_one[channel] for channel in channels]


def fitted_channel_weights(
    touches: Sequence[JourneyTouch], weights: Mapping[str, int]
) -> dict[str, int]:
    """Return the sum of each code's `fitted_touch_weights`, without those that are 0; empty if all are."""
    codes = Counter(touch.channel_code for touch in touches)
    counts: Counter[str] = Counter()
    for code, count in codes.items():
        counts[channel_of(code)] += count
    common = lcm(*counts.values())
    sums = {
        code: weights.get(channel, 0) * (common // counts[channel]) * count
        for code, count in codes.items()
        for channel in (channel_of(code),)
    }
    return {code: weight for code, weight in sums.items() if weight}
