"""Which room a table belongs to, and which statements use a table of another room, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping

from skeldir.matviews import CANONICAL_VIEWS
from tests.support.syntax import Piece

TABLES: Mapping[str, tuple[str, ...]] = {
    "tenants": (
        "tenants",
        "registered_tenants",
        "api_keys",
        "key_terms",
        "retention",
        "tenant_deletions",
    ),
    "users": (
        "users",
        "sign_in_links",
        "user_sessions",
        "identities",
        "passkeys",
        "sign_in_turns",
        "memberships",
        "invitations",
        "audit_log",
        "saved_reports",
    ),
    "ingest": (
        "attribution_events",
        "touch_withdrawals",
        "standing_touches",
        "touch_corrections",
        "channels",
        "tenant_hosts",
        "channel_rules",
        "channel_rule_turns",
        "dead_events",
        "imports",
        "undoings",
        "personal_data_findings",
    ),
    "notices": ("notice_destinations", "notice_deliveries", "alerts"),
    "audit": ("audits",),
    "inbox": (
        "webhook_endpoints",
        "webhook_secrets",
        "webhook_refusals",
        "webhook_settings",
        "webhook_deliveries",
        "payment_refs",
        "payments",
        "privacy_requests",
        "erasures",
    ),
    "collect": ("claimed_orders",),
    "spend": ("spend", "ad_loads", "ad_days"),
    "rates": ("exchange_rates",),
    "fits": ("model_fits", "fit_requests", "kept_lookbacks", "kept_journeys"),
    "lifts": ("lift_tests",),
    "reconcile": (
        "reconciliations",
        "reconciliation_runs",
        "reconciliation_lines",
        "reconciliation_overlaps",
    ),
    "jobs": ("jobs", "claimable_jobs", "waiting_tenants"),
    "wakeups": ("heartbeats", "pulses"),
    "revenue": ("revenue_ledger", "standing_entries", "order_balances", "renewal_orders"),
    "attribution": (
        "attribution_models",
        "model_changes",
        "dirty_orders",
        "dirty_journeys",
        "credit_turns",
        "order_journeys",
        "channel_numbers",
        "restatements",
        "kept_allocations",
        "orders_set_aside",
        "credited_renewals",
    ),
    "rollups": (
        "dirty_days",
        "rollup_revenue_day",
        "rollup_revenue_total",
        "rollup_channel_day",
        "rollup_allocation_day",
        "credit_journal",
        "rollup_changes",
        "time_zones",
    ),
    "matviews": ("matview_refreshes", "open_periods"),
    "migrations": ("alembic_version",),
}
"""Tables and views of schema public by room, except the canonical views and their readers, which belong to matviews."""

ROOM_OF: Mapping[str, str] = {
    **{table: room for room, tables in TABLES.items() for table in tables},
    **{name: "matviews" for view in CANONICAL_VIEWS for name in (view.name, view.reader)},
}

_REACH = "which orders a fact reaches is asked of marks and captures together, in one snapshot"
_JOURNEY = "a journey is read by its key, thousands at once, with plans made for their lists"
_ENTRIES = "a run reads the entries of thousands of orders in the snapshot of their marks"
_STANDING = "what a reader is shown together is read in one snapshot and one round trip"
_SUMS = "sums are made where the facts lie, without taking them out of the database"
_KEPT = "money whose credit was kept instead of its journey cannot be taken back; the ledger leaves it out as it reads"
_SPEND = "spend stands beside the credit of each model in force, without leaving the database"
_SEEN = "which changes a refresh has seen is a question of both, in one snapshot"
_SCAN = "the scan for personal data looks at every text of the tenant, whichever room keeps it"

_DAYS = "the day of an entry is worked out where the entries lie, by the stored rules of the zone"

_TAKEN_OUT = "an export has what is kept as it is, whichever room keeps it, all in one snapshot"
_AT_A_MOMENT = (
    "orders are credited by the facts of an earlier moment, read as they were then, in one snapshot"
)
_AS_IT_IS = "the audit compares a table with what it follows from, and asks it as it is"

_FACTS = (
    "a fit reads all journeys of some days from the facts, range of keys by range, in one snapshot"
)

_MEASURED = (
    "what models credit is read beside what tests measured, in one snapshot and one round trip"
)

_CLAIMED = "what pages claim of orders is read beside what the ledger has of them, in one snapshot"

FOREIGN: Mapping[str, str] = {
    "collect.select_claims": _CLAIMED,
    "lifts.select_credit_of_channels": _MEASURED,
    "fits.count_conversions_without_key": _FACTS,
    "fits.count_touches_of_keys": _FACTS,
    "fits.select_changed_keys": _FACTS,
    "fits.select_conversions_of_keys": _FACTS,
    "fits.select_conversions_of_named_keys": _FACTS,
    "fits.select_touches_of_keys": _FACTS,
    "fits.select_touches_of_named_keys": _FACTS,
    "attribution.count_captures": _JOURNEY,
    "attribution.count_dirty_orders": _REACH,
    "attribution.mark_page_of_journey": _REACH,
    "attribution.select_page_of_journey": _REACH,
    "attribution.mark_all_orders": _REACH,
    "attribution.select_orders_after_captures": _REACH,
    "attribution.select_orders_reached_by_touches": _REACH,
    "attribution.select_channel_report": _STANDING,
    "attribution.select_channel_sums_at": _STANDING,
    "attribution.select_channel_sums_of_days": _STANDING,
    "attribution.select_credit_by_day": _STANDING,
    "attribution.select_credit_of_periods": _STANDING,
    "attribution.select_campaign_costs": "what campaigns cost stands beside the credit of their touches",
    "attribution.select_channel_figures": _STANDING,
    "attribution.select_channel_spend": _STANDING,
    "attribution.select_span_of_credit": _STANDING,
    "attribution.select_channel_totals": "sums are named by model, and only this room knows which are in force",
    "attribution.select_credit_state": "a run reads all that it needs of a tenant in one round trip",
    "attribution.select_entries": _ENTRIES,
    "attribution.select_newest_journeys": "which orders are the newest is known by their captures, indexed by time",
    "attribution.select_newest_touches": _JOURNEY,
    "attribution.select_order_standing": _STANDING,
    "attribution.select_payments_of_order": "an explanation shows what is not booked beside what is, in one snapshot",
    "attribution.select_previous_conversions": _JOURNEY,
    "attribution.select_renewals": "which orders are renewals, and which are counted so, is asked in one snapshot",
    "attribution.select_set_aside_totals": "the ledger sums up the uncredited money of orders that are set aside",
    "attribution.select_standings": _STANDING,
    "attribution.select_touches": _JOURNEY,
    "attribution.select_touches_of_journey": _JOURNEY,
    "attribution.select_touches_with_origins": _JOURNEY,
    "attribution.select_touches_with_fields": _JOURNEY,
    "attribution.select_orders_near_origin": _JOURNEY,
    "attribution.select_fields_of_journey": _JOURNEY,
    "attribution.select_orders_after": _REACH,
    "attribution.select_withdrawn_touches": _JOURNEY,
    "attribution.select_orders_of_days": "a report of sources credits the orders of its days from their entries",
    "attribution.select_marked_orders": _REACH,
    "attribution.select_stored_of_no_order": "stored credit that the ledger does not know is found in one statement",
    "attribution.select_changed_orders": _AT_A_MOMENT,
    "attribution.select_orders_recorded": _AT_A_MOMENT,
    "attribution.select_entries_at": _AT_A_MOMENT,
    "attribution.select_conversions_at": _AT_A_MOMENT,
    "attribution.select_touches_at": _AT_A_MOMENT,
    "attribution.select_orders_of_changes": _AT_A_MOMENT,
    "attribution.select_undoings_of_changes": _AT_A_MOMENT,
    "audit.select_ad_costs": _AS_IT_IS,
    "audit.select_ad_spend": _AS_IT_IS,
    "audit.select_allocation_days": _AS_IT_IS,
    "audit.select_channel_days": _AS_IT_IS,
    "audit.select_journal_sums": _AS_IT_IS,
    "audit.select_line_sums": _AS_IT_IS,
    "audit.select_marked_days": _AS_IT_IS,
    "audit.select_page": _AS_IT_IS,
    "audit.select_page_end": _AS_IT_IS,
    "audit.select_renewal_days": _AS_IT_IS,
    "audit.select_renewal_faults": _AS_IT_IS,
    "audit.select_renewal_journal": _AS_IT_IS,
    "audit.select_revenue_days": _AS_IT_IS,
    "audit.select_revenue_totals": _AS_IT_IS,
    "audit.select_run_sums": _AS_IT_IS,
    "audit.select_shown_runs": _AS_IT_IS,
    "audit.select_spend_days": _AS_IT_IS,
    "demo.count_readable_rows": "it counts the rows of every reader, to show what row-level security does",
    "demo.count_visible_rows": "it counts the rows of every table, to show what row-level security does",
    "exports.find_end_of_orders": _TAKEN_OUT,
    "exports.select_channel_days_page": _TAKEN_OUT,
    "exports.select_claims_page": _TAKEN_OUT,
    "exports.select_dead_events_page": _TAKEN_OUT,
    "exports.select_entries_page": _TAKEN_OUT,
    "exports.select_orders_page": _TAKEN_OUT,
    "exports.select_snapshot": _TAKEN_OUT,
    "exports.select_spend_page": _TAKEN_OUT,
    "exports.select_touches_page": _TAKEN_OUT,
    "rollups.mark_days_of_orders": _DAYS,
    "inbox.select_held_facts": "what is held of an order is exported as it is, whichever room keeps it",
    "http.select_readiness_revision": "a process is ready when the schema has the revision that it needs",
    "ingest.insert_touches": "only touches of journeys that have bought lead to marks; they are found on insertion",
    "ingest.select_ad_days_to_scan": _SCAN,
    "ingest.select_ad_loads_to_scan": _SCAN,
    "ingest.select_entries_to_scan": _SCAN,
    "ingest.select_jobs_to_scan": _SCAN,
    "ingest.select_keys_to_scan": _SCAN,
    "inbox.select_changed_renewals": "payments are compared with what reports take them for, in one round trip",
    "collect.select_landed_orders": _SUMS,
    "collect.select_landings": _SUMS,
    "inbox.select_coverage": _SUMS,
    "matviews.prune_rollup_changes": _SEEN,
    "matviews.select_last_success": _SEEN,
    "matviews.select_view_ages": _SEEN,
    "revenue.select_order_to_reverse": _KEPT,
    "revenue.select_page_to_reverse": _KEPT,
    "revenue.sum_entries": _DAYS,
    "rollups.delete_empty_channel_days": _SPEND,
    "rollups.insert_allocation_days": "the ledger is compared with the credit of each model in force",
    "rollups.has_reversals": _SUMS,
    "rollups.insert_revenue_days": _SUMS,
    "rollups.insert_revenue_totals": _SUMS,
    "rollups.mark_revenue_days": _SUMS,
    "rollups.select_waiting_since": "a report says since when facts wait to be in its sums",
    "rollups.note_credit_change": "the tenant is listed in the round trip that notes the change of its sums",
    "rollups.mark_days_of_models": _SUMS,
    "rollups.sum_spend": _SPEND,
    "spend.count_touches_of_campaigns": "the campaigns that touches name are counted where they lie",
    "rollups.preview_time_zone": _DAYS,
    "rollups.find_end_of_entries": _DAYS,
    "rollups.select_last_entry": _DAYS,
    "rollups.select_bounds_of_moments": "what is known begins with the tenant, and ends with what this server has",
    "rollups.select_days_of_sums": _DAYS,
    "scale.planning.count_facts": "what a tenant takes is counted in one snapshot, whichever room keeps it",
    "tenants.select_profile": "an item is judged by its tenant's own channels and hosts, read with the tenant at once",
}
"""Statements that name a table of another room. Prefer to ask that room's door; say here why one cannot."""


def foreign_tables(piece: Piece) -> set[str]:
    """Return the tables of other rooms that a named statement reads or writes; schema celery is of `wakeups`."""
    room = piece.name.partition(".")[0]
    found = {name for name in piece.relations if ROOM_OF.get(name, room) != room}
    if room != "wakeups":
        found |= {name for name in piece.relations if name.startswith("celery.")}
    return found
