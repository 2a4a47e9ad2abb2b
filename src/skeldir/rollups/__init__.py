"""Sums per tenant and day: the dirty days, the roll-up, and the sums of credit. The door of the room."""

from typing import TYPE_CHECKING

from skeldir.rollups.by_day import DAYS_AT_ONCE, revenue_by_day, revenue_span
from skeldir.rollups.credit import CreditKey, add_credit, remove_credit, settle_journal
from skeldir.rollups.journal import compact_journal
from skeldir.rollups.known import (
    ConvertedNowOnly,
    KnownAt,
    KnownMoment,
    MomentNotKnown,
    find_known_moment,
    find_latest_moment,
    require_of_now,
)
from skeldir.rollups.reading import (
    Freshness,
    read_freshness,
    read_revenue_bridge,
    read_revenue_days,
    read_revenue_of_days,
    read_revenue_totals,
    read_time_zone,
)
from skeldir.rollups.summing import (
    has_dirty_days,
    mark_all_revenue,
    mark_days,
    mark_days_of_orders,
    note_change_of_views,
    roll_up_dirty_days,
    roll_up_in_turn,
    roll_up_unless_busy,
)
from skeldir.rollups.waiting import credit_lock, ingest_lock, review_waiting
from skeldir.rollups.zones import (
    MovedDay,
    ZoneChange,
    ZonePreview,
    list_zone_changes,
    preview_time_zone,
    put_time_zone,
    rules_in_force,
    sum_all_days,
)

if TYPE_CHECKING:
    # The rows that some functions return; these classes exist only for mypy.
    from skeldir.rollups.store import SelectRevenueBridgeRow as SelectRevenueBridgeRow
    from skeldir.rollups.store import SelectRevenueByDayRow as SelectRevenueByDayRow
    from skeldir.rollups.store import SelectRevenueDaysRow as SelectRevenueDaysRow
    from skeldir.rollups.store import SelectRevenueTotalsRow as SelectRevenueTotalsRow

__all__ = [
    "DAYS_AT_ONCE",
    "ConvertedNowOnly",
    "CreditKey",
    "Freshness",
    "KnownAt",
    "KnownMoment",
    "MomentNotKnown",
    "MovedDay",
    "ZoneChange",
    "ZonePreview",
    "add_credit",
    "compact_journal",
    "credit_lock",
    "find_known_moment",
    "find_latest_moment",
    "has_dirty_days",
    "ingest_lock",
    "list_zone_changes",
    "mark_all_revenue",
    "mark_days",
    "mark_days_of_orders",
    "note_change_of_views",
    "preview_time_zone",
    "put_time_zone",
    "read_freshness",
    "read_revenue_bridge",
    "read_revenue_days",
    "read_revenue_of_days",
    "read_revenue_totals",
    "read_time_zone",
    "remove_credit",
    "require_of_now",
    "revenue_by_day",
    "revenue_span",
    "review_waiting",
    "roll_up_dirty_days",
    "roll_up_in_turn",
    "roll_up_unless_busy",
    "rules_in_force",
    "settle_journal",
    "sum_all_days",
]
