"""Rollups per tenant and day, and the five canonical views over them. The door of the room."""

from skeldir.matviews.refresh import (
    RefreshResult,
    ViewStatus,
    forget_view_statistics,
    refresh_view,
    view_statuses,
)
from skeldir.matviews.registry import CANONICAL_VIEWS, CanonicalView, ViewUnknown, find_view
from skeldir.matviews.rollups import mark_channel_days, mark_days, roll_up_dirty_days

__all__ = [
    "CANONICAL_VIEWS",
    "CanonicalView",
    "RefreshResult",
    "ViewStatus",
    "ViewUnknown",
    "find_view",
    "forget_view_statistics",
    "mark_channel_days",
    "mark_days",
    "refresh_view",
    "roll_up_dirty_days",
    "view_statuses",
]
