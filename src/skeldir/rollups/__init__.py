"""Sums per tenant and day: which days are to be summed, and the roll-up that sums them. The door of the room."""

from skeldir.rollups.summing import (
    has_dirty_days,
    mark_channel_days,
    mark_days,
    roll_up_dirty_days,
    roll_up_in_turn,
)

__all__ = [
    "has_dirty_days",
    "mark_channel_days",
    "mark_days",
    "roll_up_dirty_days",
    "roll_up_in_turn",
]
