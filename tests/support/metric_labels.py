"""The values that the labels of the program's metrics may have."""

from __future__ import annotations

import re

from skeldir.collect.mapped import DROP_REASONS, PROTOCOLS
from skeldir.inbox.saying import BROKEN_SET_UPS, ENDPOINT_PROVIDERS
from skeldir.jobs import QUEUE_OF
from skeldir.matviews import CANONICAL_VIEWS

VIEWS = {view.name for view in CANONICAL_VIEWS}
# The closed sets, written out again: a new label value has to be added here deliberately.
STATUS = re.compile(r"none|[1-5]\d\d")
LABELS: dict[tuple[str, str], set[str] | re.Pattern[str]] = {
    ("skeldir_collect_messages", "protocol"): set(PROTOCOLS),
    ("skeldir_collect_messages", "outcome"): {
        "touch", "order", "claimed", "duplicate", "rejected", *DROP_REASONS,
    },
    ("skeldir_collect_refused_requests", "protocol"): set(PROTOCOLS),
    ("skeldir_collect_refused_requests", "reason"): {"key", "origin", "limit", "other"},
    ("skeldir_ingest_items", "item_kind"): {"touch", "conversion"},
    ("skeldir_ingest_items", "outcome"): {"accepted", "duplicate", "rejected"},
    ("skeldir_inbox_deliveries", "provider"): set(ENDPOINT_PROVIDERS),
    ("skeldir_inbox_deliveries", "outcome"): {"recorded", "repeated", "ignored", "dead", "refused"},
    ("skeldir_inbox_broken_set_ups", "provider"): set(ENDPOINT_PROVIDERS),
    ("skeldir_inbox_broken_set_ups", "trouble"): set(BROKEN_SET_UPS),
    ("skeldir_http_request_seconds", "method"): {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER",
    },
    ("skeldir_http_request_seconds", "status"): STATUS,
    ("skeldir_http_keys_refused", "reason"): {"malformed", "unknown", "prefix", "address", "process"},
    ("skeldir_http_keys_accepted", "source"): {"memory", "database"},
    ("skeldir_http_loop_stall_seconds", "cause"): {"program", "machine"},
    ("skeldir_http_ready", "check"): {"database", "schema", "views", "role"},
    ("skeldir_matviews_refresh_seconds", "view"): VIEWS,
    ("skeldir_matviews_refresh_seconds", "outcome"): {
        "success", "failed", "skipped_already_running", "skipped_unchanged",
    },
    ("skeldir_matviews_view_age_seconds", "view"): VIEWS,
    ("skeldir_jobs_count", "kind"): set(QUEUE_OF) | {"other"},
    ("skeldir_jobs_count", "state"): {"ready", "running", "dead"},
    ("skeldir_jobs_run_seconds", "kind"): set(QUEUE_OF),
    ("skeldir_jobs_run_seconds", "outcome"): {"done", "failed", "lease_lost"},
    ("skeldir_jobs_process_seen_seconds", "role"): {"worker", "beat"},
    ("skeldir_jobs_pulse_age_periods", "pulse"): {
        "attribution.sweep", "audit.ask_for_next", "ingest.plan_daily", "jobs.clean", "jobs.sweep",
        "matviews.ask_for_fast", "matviews.ask_for_slow", "matviews.clean", "notices.ask_for_checks",
        "notices.ask_for_reviews",
    },
    ("skeldir_database_replica_state", "state"): {
        "used", "late", "unreachable", "not_standby", "other_timeline", "other_database",
    },
    ("skeldir_mcp_call_seconds", "tool"): {
        "channels", "compare", "campaigns", "explain_order", "coverage", "data_health", "changes_since",
        "unknown",
    },
    ("skeldir_mcp_call_seconds", "outcome"): {"answered", "refused", "failed"},
    ("skeldir_http_reads", "source"): {"replica", "primary"},
    ("skeldir_http_read_fallbacks", "reason"): {
        "late", "unreachable", "not_standby", "other_timeline", "other_database", "conflict", "refused", "requested",
    },
    ("skeldir_attribution_orders_set_aside", "reason"): {
        "journey_too_long", "order_too_large", "credit_failed",
    },
}  # fmt: skip
