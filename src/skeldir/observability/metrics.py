"""The program's own series. Label values come from closed sets: no tenant, no path as it was sent, no free text.

Counters and histograms are kept by the process that does the work. Gauges in `SAMPLED` describe the database; the API
queries it when it is scraped, and the workers do not export them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from itertools import product

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
)
from prometheus_client.exposition import start_http_server
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)

ITEM_KINDS = ("touch", "conversion")
ITEM_OUTCOMES = ("accepted", "duplicate", "rejected")
PROVIDERS = ("stripe", "shopify", "woocommerce", "paypal", "standard")
COLLECT_PROTOCOLS = (
    "collector",
    "segment",
    "ga4",
    "plausible",
    "posthog",
    "snowplow",
    "matomo",
    "umami",
)
COLLECT_OUTCOMES = (
    "touch",
    "order",
    "claimed",
    "duplicate",
    "rejected",
    "no_evidence",
    "of_a_person",
    "not_a_visit",
    "no_journey",
    "no_consent",
    "is_internal",
)
COLLECT_REFUSALS = ("key", "origin", "limit", "other")
DELIVERY_OUTCOMES = ("recorded", "repeated", "ignored", "dead", "refused")
BROKEN_SET_UPS = (
    "thin_event",
    "wrapped_event",
    "error_body",
    "rights_lost",
    "uninstalled",
    "wrong_mode",
    "wrong_shop",
)
REFRESH_OUTCOMES = ("success", "skipped_already_running", "skipped_unchanged", "failed")
JOB_STATES = ("ready", "running", "dead")
JOB_OUTCOMES = ("done", "failed", "lease_lost")
ROLES = ("worker", "beat")
PULSES = (
    "attribution.sweep",
    "audit.ask_for_next",
    "ingest.plan_daily",
    "jobs.clean",
    "jobs.sweep",
    "matviews.ask_for_fast",
    "matviews.ask_for_slow",
    "matviews.clean",
    "notices.ask_for_checks",
    "notices.ask_for_reviews",
)
KEY_REFUSALS = ("malformed", "unknown", "prefix", "address", "process")
KEY_SOURCES = ("memory", "database")
SET_ASIDE_REASONS = ("journey_too_long", "order_too_large", "credit_failed")
READY_CHECKS = ("database", "schema", "views", "role")
STALL_CAUSES = ("program", "machine")
REPLICA_STATES = (
    "used",
    "late",
    "unreachable",
    "not_standby",
    "other_timeline",
    "other_database",
)
MCP_TOOLS = (
    "channels",
    "compare",
    "campaigns",
    "explain_order",
    "coverage",
    "data_health",
    "changes_since",
    "unknown",
)
MCP_OUTCOMES = ("answered", "refused", "failed")
READ_SOURCES = ("replica", "primary")
READ_FALLBACKS = (*REPLICA_STATES[1:], "conflict", "refused", "requested")

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

# The creation times would double the number of series, and nothing uses them.
disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped in the library

INGEST_ITEMS = Counter(
    "skeldir_ingest_items",
    "Items of touches and conversions, by outcome.",
    ("item_kind", "outcome"),  # ITEM_KINDS, ITEM_OUTCOMES
)
COLLECT_MESSAGES = Counter(
    "skeldir_collect_messages",
    "Messages in the formats of other analytics, by what became of them.",
    ("protocol", "outcome"),  # COLLECT_PROTOCOLS, COLLECT_OUTCOMES
)
COLLECT_REFUSED = Counter(
    "skeldir_collect_refused_requests",
    "Requests in the formats of other analytics that were refused, with all their messages.",
    ("protocol", "reason"),  # COLLECT_PROTOCOLS, COLLECT_REFUSALS
)
INGEST_CROWDED = Counter(
    "skeldir_ingest_crowded_journeys",
    "Journeys that more than a tenth of a tenant's last 10,000 touches share: their key may be a placeholder.",
)
INBOX_DELIVERIES = Counter(
    "skeldir_inbox_deliveries",
    "Deliveries of payment providers, by outcome.",
    ("provider", "outcome"),  # PROVIDERS, DELIVERY_OUTCOMES
)
INBOX_BROKEN = Counter(
    "skeldir_inbox_broken_set_ups",
    "Deliveries that will fail again until somebody changes a setting, at the provider or here.",
    ("provider", "trouble"),  # PROVIDERS, BROKEN_SET_UPS
)
HTTP_SECONDS = Histogram(
    "skeldir_http_request_seconds",
    "Duration of requests, by the route's template.",
    ("method", "route", "status"),
    buckets=_SECONDS,
)
LOOP_STALL_SECONDS = Histogram(
    "skeldir_http_loop_stall_seconds",
    "How long the event loop was blocked, for stalls of 50 ms or longer, by cause.",
    ("cause",),  # STALL_CAUSES
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
MCP_SECONDS = Histogram(
    "skeldir_mcp_call_seconds",
    "Duration of calls of the tools for analysts' programs, by outcome.",
    ("tool", "outcome"),  # MCP_TOOLS, MCP_OUTCOMES
    buckets=_SECONDS,
)
KEYS_REFUSED = Counter(
    "skeldir_http_keys_refused",
    "Keys that were refused: malformed, unknown, or over the limit of a prefix, address or process.",
    ("reason",),  # KEY_REFUSALS
)
KEYS_ACCEPTED = Counter(
    "skeldir_http_keys_accepted",
    "Keys that were found in force, remembered or looked up.",
    ("source",),  # KEY_SOURCES
)
READY = Gauge(
    "skeldir_http_ready",
    "1 when this readiness check passed the last time it ran, else 0.",
    ("check",),  # READY_CHECKS
)
REFRESH_SECONDS = Histogram(
    "skeldir_matviews_refresh_seconds",
    "Duration of refreshes of a canonical view, by outcome.",
    ("view", "outcome"),  # the registry's names, REFRESH_OUTCOMES
    buckets=_SECONDS,
)
VIEW_AGE = Gauge(
    "skeldir_matviews_view_age_seconds",
    "Age of the oldest change that a canonical view does not show; 0 when it shows all.",
    ("view",),  # the registry's names
)
ROLLUP_LAG = Gauge(
    "skeldir_rollups_lag_seconds",
    "Age of the oldest change that the daily sums, which reports read, do not show; 0 when they show all.",
)
CREDIT_LAG = Gauge(
    "skeldir_attribution_credit_lag_seconds",
    "Age of the oldest order that waits for credit; 0 when none does.",
)
CREDIT_BACKLOG = Gauge(
    "skeldir_attribution_credit_backlog_marks", "Marks of orders that wait for credit."
)
ORDERS_SET_ASIDE = Gauge(
    "skeldir_attribution_orders_set_aside",
    "Orders that could not be credited by their journeys, by reason.",
    ("reason",),  # SET_ASIDE_REASONS
)
AUDIT_DIFFERENCES = Gauge(
    "skeldir_audit_differences", "Differences found by the latest audits of all tenants."
)
AUDIT_AGE = Gauge(
    "skeldir_audit_oldest_seconds",
    "Longest time since a tenant was audited or, if it never was, created.",
)
JOBS = Gauge(
    "skeldir_jobs_count",
    "Jobs by kind and state.",
    ("kind", "state"),  # jobs.QUEUE_OF and `other`, JOB_STATES
)
OLDEST_READY_JOB = Gauge(
    "skeldir_jobs_oldest_ready_seconds",
    "How long the oldest ready job has been due; 0 when none is.",
)
JOB_SECONDS = Histogram(
    "skeldir_jobs_run_seconds",
    "Duration of jobs, by outcome.",
    ("kind", "outcome"),  # jobs.QUEUE_OF, JOB_OUTCOMES
    buckets=_SECONDS,
)
WAKES_FAILED = Counter("skeldir_jobs_wakes_failed", "Wake-up messages that could not be sent.")
DATABASE_UP = Gauge("skeldir_database_up", "1 when the database answered the last query, else 0.")
NODES_UP = Gauge(
    "skeldir_database_nodes_up",
    "1 when all nodes of a Citus database answered the last time they were asked, else 0; 1 on one server.",
)
LONGEST_LOCK_WAIT = Gauge(
    "skeldir_database_longest_lock_wait_seconds",
    "Longest time that a session has been waiting for a lock; 0 when none waits.",
)
REPLICA_STATE = Gauge(
    "skeldir_database_replica_state",
    "1 for the state of the read replica, else 0; no series without SKELDIR_READ_URL.",
    ("state",),  # REPLICA_STATES
)
REPLICA_LAG = Gauge(
    "skeldir_database_replica_lag_seconds",
    "How old the data of the read replica are at most; 0 without SKELDIR_READ_URL.",
)
READS = Counter(
    "skeldir_http_reads",
    "Reports, by the server that they were read from.",
    ("source",),  # READ_SOURCES
)
FALLBACKS = Counter(
    "skeldir_http_read_fallbacks",
    "Reports that were read from the primary although there is a read replica, by reason.",
    ("reason",),  # READ_FALLBACKS
)
ARCHIVE_FAILING = Gauge(
    "skeldir_database_archive_failing_seconds",
    "Time since PostgreSQL last archived a file of its log, if the newest attempt failed; else 0.",
)
PROCESS_SEEN = Gauge(
    "skeldir_jobs_process_seen_seconds",
    "Seconds since the last heartbeat of a process of this role; +Inf when none is known.",
    ("role",),  # ROLES
)
PULSE_AGE = Gauge(
    "skeldir_jobs_pulse_age_periods",
    "Time since a pulse last completed, in its own periods; +Inf when it is not known.",
    ("pulse",),  # PULSES
)

SAMPLED = (
    READY,
    VIEW_AGE,
    ROLLUP_LAG,
    CREDIT_LAG,
    CREDIT_BACKLOG,
    ORDERS_SET_ASIDE,
    AUDIT_DIFFERENCES,
    AUDIT_AGE,
    JOBS,
    OLDEST_READY_JOB,
    DATABASE_UP,
    NODES_UP,
    LONGEST_LOCK_WAIT,
    REPLICA_STATE,
    REPLICA_LAG,
    ARCHIVE_FAILING,
    PROCESS_SEEN,
    PULSE_AGE,
)

# `increase()` does not see the event that creates a series, so all series are created at 0.
for _labels in product(ITEM_KINDS, ITEM_OUTCOMES):
    INGEST_ITEMS.labels(*_labels)
for _labels in product(COLLECT_PROTOCOLS, COLLECT_OUTCOMES):
    COLLECT_MESSAGES.labels(*_labels)
for _labels in product(COLLECT_PROTOCOLS, COLLECT_REFUSALS):
    COLLECT_REFUSED.labels(*_labels)
for _labels in product(PROVIDERS, DELIVERY_OUTCOMES):
    INBOX_DELIVERIES.labels(*_labels)
for _labels in product(PROVIDERS, BROKEN_SET_UPS):
    INBOX_BROKEN.labels(*_labels)
for _cause in STALL_CAUSES:
    LOOP_STALL_SECONDS.labels(_cause)
for _reason in KEY_REFUSALS:
    KEYS_REFUSED.labels(_reason)
for _source in KEY_SOURCES:
    KEYS_ACCEPTED.labels(_source)
for _source in READ_SOURCES:
    READS.labels(_source)
for _reason in READ_FALLBACKS:
    FALLBACKS.labels(_reason)
for _labels in product(MCP_TOOLS, MCP_OUTCOMES):
    MCP_SECONDS.labels(*_labels)


class _Counted(Collector):
    """The series that this process counts itself: the default registry without `SAMPLED`."""

    def collect(self) -> Iterable[Metric]:
        """Yield the families of the default registry that are not sampled by the API."""
        sampled = {family.name for metric in SAMPLED for family in metric.describe()}
        return (family for family in REGISTRY.collect() if family.name not in sampled)


def serve_metrics(port: int) -> Callable[[], None]:
    """Serve this process's `/metrics` on 127.0.0.1:`port` from a thread; return what stops it. Port 0: not at all.

    A port that is taken is logged, and the process continues: its work matters more than its metrics.
    """
    if port == 0:
        return _serve_nothing
    registry = CollectorRegistry()
    registry.register(_Counted())
    try:
        server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    except OSError as error:
        logger.error(  # noqa: TRY400 - the traceback adds nothing
            "metrics.not_served port %d: %s", port, error.strerror, extra={"port": port}
        )
        return _serve_nothing

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop


def _serve_nothing() -> None:
    return
