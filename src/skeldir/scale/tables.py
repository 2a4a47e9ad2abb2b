"""Which tables are distributed over the nodes of a Citus database, and which stay on its coordinator, with the reason.

This is the only list: `scale check` and `scale apply` follow it, and the tests of every statement read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ROOT: Final = "tenants"
"""The table that all other distributed ones are colocated with; it is distributed by its `id`."""

_BY_TENANT: Final = (
    "ad_days",
    "ad_loads",
    "alerts",
    "exchange_rates",
    "attribution_events",
    "attribution_models",
    "channel_numbers",
    "channel_rule_turns",
    "channel_rules",
    "channels",
    "claimed_orders",
    "credit_journal",
    "credit_turns",
    "credited_renewals",
    "dead_events",
    "dirty_days",
    "dirty_journeys",
    "dirty_orders",
    "imports",
    "kept_allocations",
    "lift_tests",
    "kept_journeys",
    "kept_lookbacks",
    "model_changes",
    "model_fits",
    "fit_requests",
    "notice_deliveries",
    "notice_destinations",
    "order_journeys",
    "orders_set_aside",
    "erasures",
    "payment_refs",
    "payments",
    "personal_data_findings",
    "privacy_requests",
    "reconciliation_lines",
    "reconciliation_overlaps",
    "reconciliation_runs",
    "reconciliations",
    "renewal_orders",
    "restatements",
    "retention",
    "revenue_ledger",
    "rollup_allocation_day",
    "rollup_channel_day",
    "rollup_revenue_day",
    "rollup_revenue_total",
    "saved_reports",
    "spend",
    "tenant_hosts",
    "time_zones",
    "touch_corrections",
    "touch_withdrawals",
    "undoings",
    "webhook_deliveries",
    "webhook_settings",
)
DISTRIBUTED: Final[Mapping[str, str]] = MappingProxyType(
    {ROOT: "id", **dict.fromkeys(_BY_TENANT, "tenant_id")}
)
"""The column by which each table of schema `public` is distributed, the root first: others refer to it."""

_BEFORE = "it is read before a tenant is known"
_OF_ALL = "workers read it for all tenants at once"
_NO_TENANT = "it has no tenant"
LOCAL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alembic_version": "it is the revision of the schema",
        "api_keys": _BEFORE,
        "audit_log": "it refers to the list of tenants, which is local",
        "audits": "the newest result of every tenant is read at once",
        "heartbeats": _NO_TENANT,
        "identities": _BEFORE,
        "invitations": _BEFORE,
        "jobs": _OF_ALL,
        "key_terms": _BEFORE,
        "matview_refreshes": _NO_TENANT,
        "memberships": _BEFORE,
        "passkeys": _BEFORE,
        "pulses": _NO_TENANT,
        "registered_tenants": "it lists the tenants for what visits all of them",
        "rollup_changes": "it holds ids of transactions of the coordinator",
        "sign_in_links": _BEFORE,
        "sign_in_turns": _BEFORE,
        "tenant_deletions": "it outlives its tenant, and is read before a transaction is bound",
        "user_sessions": _BEFORE,
        "users": _NO_TENANT,
        "waiting_tenants": "it lists the tenants that have work",
        "webhook_endpoints": _BEFORE,
        "webhook_refusals": "it counts for endpoints, which are local",
        "webhook_secrets": _BEFORE,
        "celery.celery_taskmeta": _NO_TENANT,
        "celery.celery_tasksetmeta": _NO_TENANT,
        "celery.kombu_message": _NO_TENANT,
        "celery.kombu_queue": _NO_TENANT,
    }
)
"""The tables that stay on the coordinator, each with the reason; those outside of schema `public` with their schema."""
