"""The journey of a conversion: which of a person's touches a model version may credit for it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

from skeldir.attribution.models import JourneyTouch, ModelVersion

_occurred_at = attrgetter("occurred_at")


def select_touches(
    touches: Sequence[JourneyTouch],
    *,
    converted_at: datetime,
    previous_conversion_at: datetime | None,
    version: ModelVersion,
) -> Sequence[JourneyTouch]:
    """Return the touches, in order, that `version` credits for the conversion at `converted_at`.

    `touches` are those of one journey key by (occurred_at, idempotency_key), and may reach further
    than the window on both sides. Kept are those from `converted_at - lookback` to `converted_at`,
    both included. With "reset", touches up to and at `previous_conversion_at` belong to the journey
    before and are left out; with "keep" it does not matter. Times are aware. Takes O(log n).
    """
    first = bisect_left(touches, converted_at - version.lookback, key=_occurred_at)
    end = bisect_right(touches, converted_at, lo=first, key=_occurred_at)
    if version.after_conversion == "reset" and previous_conversion_at is not None:
        first = bisect_right(touches, previous_conversion_at, lo=first, hi=end, key=_occurred_at)
    return touches[first:end]
