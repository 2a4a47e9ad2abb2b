"""The five canonical views over the sums of days: the published state, and its refresh. The door of the room."""

from skeldir.matviews.ages import view_ages
from skeldir.matviews.kinds import REFRESH
from skeldir.matviews.refresh import (
    RefreshFailed,
    RefreshResult,
    ViewStatus,
    forget_view_statistics,
    refresh_view,
    view_statuses,
)
from skeldir.matviews.registry import CANONICAL_VIEWS, CanonicalView, ViewUnknown, find_view
from skeldir.matviews.reports import report_views
from skeldir.matviews.schemas import ViewReport, ViewReports

__all__ = [
    "CANONICAL_VIEWS",
    "REFRESH",
    "CanonicalView",
    "RefreshFailed",
    "RefreshResult",
    "ViewReport",
    "ViewReports",
    "ViewStatus",
    "ViewUnknown",
    "find_view",
    "forget_view_statistics",
    "refresh_view",
    "report_views",
    "view_ages",
    "view_statuses",
]
