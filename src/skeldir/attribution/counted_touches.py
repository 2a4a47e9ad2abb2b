"""The touches of a stored order that a model version may credit."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from skeldir.attribution.packing import unpack_path

if TYPE_CHECKING:
    from skeldir.attribution.models import ModelVersion
    from skeldir.attribution.packing import PackedOrder

_MICROSECOND: Final = timedelta(microseconds=1)


def counted_touches(order: PackedOrder, version: ModelVersion) -> list[tuple[int, int]]:
    """Return the touches within the version's lookback and, if it resets, since the last conversion, the oldest first.

    Of a fit these include touches of channels that it does not know, which it does not credit.

    Each is (channel number, microseconds before the conversion). Raises `ValueError` for an incomplete touch.
    """
    oldest = version.lookback // _MICROSECOND
    previous = order.previous_age
    if version.after_conversion == "reset" and previous is not None and previous >= 0:
        oldest = min(oldest, previous - 1)
    return [touch for touch in unpack_path(order.path) if touch[1] <= oldest]
