"""The journey of a conversion: the touches that a model version may credit for it, and their weights."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter

from skeldir.attribution.models import JourneyTouch, ModelVersion

_occurred_at = attrgetter("occurred_at")

ChannelWeights = tuple[list[str], list[int]]
"""The channels that have a weight, by code, and the sum of each one's touch weights."""


class Journey:
    """The touches of one journey key, by (occurred_at, idempotency_key), for all orders that convert on it.

    The weights of a version are cached for its last window: orders that see the same touches, such as successive orders
    without a touch between them, cost no more than one.
    """

    def __init__(self, touches: Sequence[JourneyTouch]) -> None:
        self.touches = touches
        self.touches_weighed = 0
        self._weighed: dict[str, tuple[slice, ChannelWeights]] = {}

    def find_window(
        self,
        *,
        converted_at: datetime,
        previous_conversion_at: datetime | None,
        version: ModelVersion,
    ) -> slice:
        """Return the slice of the touches that `version` credits for the conversion at `converted_at`.

        The journey may extend beyond the window on both sides. Touches from `converted_at - lookback` to
        `converted_at` count, both included. With "reset", touches up to and at `previous_conversion_at` belong to
        the journey before and are left out; with "keep" it does not matter. Times are aware. Takes O(log n).
        """
        touches = self.touches
        first = bisect_left(touches, converted_at - version.lookback, key=_occurred_at)
        end = bisect_right(touches, converted_at, lo=first, key=_occurred_at)
        if version.after_conversion == "reset" and previous_conversion_at is not None:
            first = bisect_right(
                touches, previous_conversion_at, lo=first, hi=end, key=_occurred_at
            )
        return slice(first, end)

    def weigh(self, window: slice, version: ModelVersion) -> ChannelWeights:
        """Return the weights, by `version`, of the channels of the touches in `window`, which is not empty.

        A fit may know none of the channels: then nothing is returned.
        """
        known = self._weighed.get(version.model_version)
        if known is not None and known[0] == window:
            return known[1]
        touches = self.touches[window]
        self.touches_weighed += len(touches)
        sums = version.weigh_channels(touches)
        # Text sorts by code point, which for UTF-8 is the order of its bytes.
        codes = sorted(sums)
        weighed = codes, [sums[code] for code in codes]
        self._weighed[version.model_version] = window, weighed
        return weighed


def reach_of(
    versions: Iterable[ModelVersion],
    converted_at: datetime,
    previous_conversion_at: datetime | None,
) -> datetime | None:
    """Return the first moment whose touches any of `versions` may credit for the conversion; None without versions.

    For a version that resets, touches at the moment of the previous conversion still count as in reach.
    """
    starts = []
    for version in versions:
        start = converted_at - version.lookback
        if version.after_conversion == "reset" and previous_conversion_at is not None:
            start = max(start, previous_conversion_at)
        starts.append(start)
    return min(starts, default=None)


def select_touches(
    touches: Sequence[JourneyTouch],
    *,
    converted_at: datetime,
    previous_conversion_at: datetime | None,
    version: ModelVersion,
) -> Sequence[JourneyTouch]:
    """Return the touches, in order, that `version` credits for the conversion; see `Journey.find_window`."""
    window = Journey(touches).find_window(
        converted_at=converted_at, previous_conversion_at=previous_conversion_at, version=version
    )
    return touches[window]
