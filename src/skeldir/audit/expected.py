"""The expected catalogue of a migrated database: roles, owners, rights, policies, functions and views.

It is stated only here: the audit compares a live database with it, the proof and the tests a freshly migrated one.
Everything new must be listed here, so that someone thinks about it. Names are those of the catalogue, texts those that
the statements of `queries.sql` return.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from skeldir.audit.expected_functions import OWNER, RUNTIME_ROLE, VIEW_OWNER
from skeldir.matviews import CANONICAL_VIEWS

ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {RUNTIME_ROLE: "LOGIN", OWNER: "NOLOGIN", VIEW_OWNER: "NOLOGIN"}
)
"""The attributes and memberships of each role."""

ROLES_ON_CITUS: Final[Mapping[str, str]] = MappingProxyType(
    {**ROLES, OWNER: "LOGIN", VIEW_OWNER: "LOGIN"}
)
"""The same on Citus, where the coordinator logs in to the nodes as the role whose rights apply."""

_APPEND = "app_user INSERT SELECT"
_ONLY_ADDED = ("ad_days", "ad_loads", "channel_rule_turns", "channel_rules", "exchange_rates")
_READ = "app_user SELECT"
_REPLACE = "app_user DELETE INSERT SELECT"
_MESSAGES = "app_user DELETE INSERT SELECT UPDATE"
_NUMBERS = "app_user SELECT USAGE"
_REFRESH = "app_user MAINTAIN"
_AND_VIEWS = "; matview_owner SELECT"

RIGHTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "celery.celery_taskmeta": _MESSAGES,
        "celery.celery_tasksetmeta": _MESSAGES,
        "celery.kombu_message": _MESSAGES,
        "celery.kombu_queue": _MESSAGES,
        "celery.message_id_sequence": _NUMBERS,
        "celery.queue_id_sequence": _NUMBERS,
        "celery.task_id_sequence": _NUMBERS,
        "celery.taskset_id_sequence": _NUMBERS,
        "public.allocation_summary": _READ,
        **{f"public.{name}": _APPEND for name in _ONLY_ADDED},
        "public.alerts": _APPEND + " UPDATE(checked_at, closed_at, figures, noticed_at)",
        "public.api_keys": "app_user INSERT(expires_at, id, name, prefix, replaces, scopes, secret_sha256, tenant_id) "
        "SELECT UPDATE(expires_at, last_used_at, revoked_at)",
        "public.attribution_events": _APPEND,
        "public.attribution_models": _APPEND + " UPDATE(active_since, is_active)",
        "public.audit_log": "app_user INSERT(action, actor, id, subject, tenant_id) SELECT",
        "public.audits": _APPEND,
        "public.channel_numbers": _APPEND,
        "public.channel_performance": _READ,
        "public.channels": _APPEND,
        "public.claimed_orders": "app_user INSERT(claimed_at, currency, digest, id, key_id, kind, order_id, protocol, "
        "revenue_cents, tenant_id, total_cents) SELECT",
        "public.credit_journal": _REPLACE,
        "public.credited_renewals": _REPLACE,
        "public.credit_turns": _APPEND + " UPDATE(turn)",
        "public.daily_revenue_summary": _READ,
        "public.dead_events": _APPEND,
        "public.dirty_days": _REPLACE,
        "public.dirty_journeys": _REPLACE,
        "public.dirty_orders": _REPLACE,
        "public.erasures": "app_user SELECT",
        "public.heartbeats": _REPLACE + " UPDATE(seen_at)",
        "public.imports": _APPEND
        + " UPDATE(conversions_accepted, conversions_duplicate, is_complete, rejected, repeats_undone, replays, "
        "rows_done, skipped, touches_accepted, touches_duplicate, undone_by, updated_at)",
        "public.invitations": "app_user INSERT(email, expires_at, id, invited_by, role, tenant_id, token_sha256) "
        "SELECT UPDATE(accepted_at, revoked_at)",
        "public.jobs": _REPLACE
        + " UPDATE(attempts, error, finished_at, lease_until, run_at, state, token)",
        "public.kept_allocations": _REPLACE,
        "public.kept_journeys": _REPLACE + " UPDATE(journeys, keys)",
        "public.kept_lookbacks": "app_user DELETE INSERT(first_day, lookback_days, tenant_id) SELECT "
        "UPDATE(asked_at, channels, facts_until, first_day, number, zone_sha256)",
        "public.key_terms": _APPEND + " UPDATE(books_orders, order_events, origins)",
        "public.matview_refreshes": _REPLACE,
        "public.memberships": "app_user DELETE INSERT(added_by, email, role, tenant_id, user_id) SELECT UPDATE(role)",
        "public.model_changes": _APPEND,
        "public.mv_allocation_summary": _REFRESH,
        "public.mv_channel_performance": _REFRESH,
        "public.mv_daily_revenue_summary": _REFRESH,
        "public.mv_realtime_revenue": _REFRESH,
        "public.mv_reconciliation_status": _REFRESH,
        "public.fit_requests": "app_user INSERT(asked_by, chain_order, collapse_repeats, draws, first_day, id, "
        "last_day, level_percent, lookback_days, model, seed, tenant_id) SELECT "
        "UPDATE(code, cure, detail, ended_at, state, version)",
        "public.lift_tests": "app_user INSERT(channel_code, currency, experiment, first_day, incremental, last_day, "
        "level_percent, lower_end, measure, recorded_by, revision, source, tenant_id, upper_end) SELECT",
        "public.model_fits": "app_user INSERT(chain_order, collapse_repeats, conversions, data_sha256, "
        "draws, first_day, journeys, last_day, level_percent, lookback_days, made_by, model, result, seed, tenant_id, "
        "touches, version) SELECT",
        "public.notice_deliveries": "app_user INSERT(contents, destination_id, id, kind, tenant_id, week) SELECT "
        "UPDATE(attempts, ended_at, error, state)",
        "public.notice_destinations": "app_user INSERT(address, gets_alerts, gets_digest, id, kind, language, made_by, "
        "sealed, sealing_key, tenant_id) SELECT UPDATE(address, removed_at, sealed, sealing_key)",
        "public.order_balances": _READ,
        "public.order_journeys": _REPLACE
        + " UPDATE(converted_at, entries, generation, path, previous_age, reach)",
        "public.orders_set_aside": _REPLACE + " UPDATE(detail, reason)",
        "public.payment_refs": _APPEND + " UPDATE(payment_id)",
        "public.payments": _REPLACE
        + " UPDATE(changed_at, evidence, flags, is_renewal, journey, order_id, parts, providers, reports, state, "
        "waiting)",
        "public.personal_data_findings": _REPLACE,
        "public.privacy_requests": _APPEND + " UPDATE(answered_at)",
        "public.pulses": _APPEND + " UPDATE(began_at, due_at, ended_at, error, every_s)",
        "public.realtime_revenue": _READ,
        "public.reconciliation_lines": _APPEND,
        "public.reconciliation_overlaps": _APPEND,
        "public.reconciliation_runs": _APPEND + _AND_VIEWS,
        "public.reconciliation_status": _READ,
        "public.reconciliations": _APPEND
        + " UPDATE(ended_at, error, left_out_orders, orders, state, time_zone, unplaced)",
        "public.registered_tenants": _APPEND,
        "public.renewal_orders": _REPLACE,
        "public.restatements": _REPLACE + " UPDATE(after_order_id)",
        "public.retention": _APPEND + " UPDATE(touch_days)",
        "public.revenue_ledger": _APPEND,
        "public.rollup_allocation_day": _REPLACE + _AND_VIEWS,
        "public.rollup_changes": _REPLACE,
        "public.rollup_channel_day": _REPLACE
        + " UPDATE(allocations, conversion_ppt, credited_cents, spend_cents)"
        + _AND_VIEWS,
        "public.rollup_revenue_day": _REPLACE + _AND_VIEWS,
        "public.rollup_revenue_total": _REPLACE
        + " UPDATE(amount_cents, entries, last_entry_at, orders, renewal_cents, renewal_entries, "
        "renewal_orders)" + _AND_VIEWS,
        "public.saved_reports": "app_user DELETE INSERT(id, name, path, query, tenant_id) SELECT "
        "UPDATE(name, query, saved_at)",
        "public.spend": _APPEND,
        "public.standing_entries": _READ,
        "public.standing_touches": _READ,
        "public.tenant_hosts": _REPLACE,
        "public.tenants": "app_user INSERT SELECT; matview_owner SELECT(id)",
        "public.time_zones": _APPEND,
        "public.touch_corrections": _APPEND,
        "public.touch_withdrawals": _APPEND,
        "public.undoings": _APPEND + " UPDATE(after_id, ended_at, entries, phase, touches)",
        "public.waiting_tenants": _REPLACE + " UPDATE(since)",
        "public.webhook_deliveries": _APPEND + " UPDATE(payment_id, report)",
        "public.webhook_endpoints": _APPEND + " UPDATE(ended_at)",
        "public.webhook_refusals": _APPEND + " UPDATE(last_at, refusals)",
        "public.webhook_secrets": _APPEND + " UPDATE(ends_at, sealed, sealing_key)",
        "public.webhook_settings": _APPEND + " UPDATE(basis, precedence, sdk_basis)",
    }
)
"""The rights on each table, view or sequence, except its owner's. Facts are append-only: no role may change them."""

_OF_VIEW_OWNER = frozenset(
    {"public.open_periods"}
    | {f"public.{view.name}" for view in CANONICAL_VIEWS}
    | {f"public.{view.reader}" for view in CANONICAL_VIEWS}
)
OF_USERS: Final = (
    "public.identities",
    "public.passkeys",
    "public.sign_in_links",
    "public.sign_in_turns",
    "public.user_sessions",
    "public.users",
)
"""What belongs to people and no tenant: the runtime role has no right on it, only `GATES` reach it."""
# Only their owner has any right on these.
_CLOSED = ("public.claimable_jobs", "public.open_periods", "public.tenant_deletions", *OF_USERS)

OWNERS: Final[Mapping[str, str]] = MappingProxyType(
    {name: VIEW_OWNER if name in _OF_VIEW_OWNER else OWNER for name in (*RIGHTS, *_CLOSED)}
)

# Functions of the owner read these tables across tenants; `GATES` lists what they return.
READ_BY_OWNER: Final = (
    "api_keys",
    "audits",
    "dirty_journeys",
    "dirty_orders",
    "invitations",
    "jobs",
    "key_terms",
    "memberships",
    "orders_set_aside",
    "registered_tenants",
    "restatements",
    "tenant_deletions",
    "tenants",
    "waiting_tenants",
    "webhook_endpoints",
    "webhook_secrets",
)
# The views are built from these tables.
READ_BY_VIEW_OWNER: Final = (
    "reconciliation_runs",
    "rollup_allocation_day",
    "rollup_channel_day",
    "rollup_revenue_day",
    "rollup_revenue_total",
    "tenants",
)
_ONLY_ISOLATED: Final = (
    *_ONLY_ADDED,
    "alerts",
    "attribution_events",
    "audit_log",
    "attribution_models",
    "channel_numbers",
    "channels",
    "claimed_orders",
    "credit_journal",
    "credit_turns",
    "credited_renewals",
    "dead_events",
    "dirty_days",
    "erasures",
    "fit_requests",
    "imports",
    "kept_allocations",
    "lift_tests",
    "kept_journeys",
    "kept_lookbacks",
    "model_changes",
    "model_fits",
    "notice_deliveries",
    "notice_destinations",
    "order_journeys",
    "payment_refs",
    "payments",
    "personal_data_findings",
    "privacy_requests",
    "reconciliation_lines",
    "reconciliation_overlaps",
    "reconciliations",
    "renewal_orders",
    "retention",
    "revenue_ledger",
    "saved_reports",
    "spend",
    "tenant_hosts",
    "time_zones",
    "touch_corrections",
    "touch_withdrawals",
    "undoings",
    "webhook_deliveries",
    "webhook_refusals",
    "webhook_settings",
)


def _protection(table: str) -> str:
    column = "id" if table == "tenants" else "tenant_id"
    rule = f"({column} = current_tenant_id())"
    return "; ".join(
        (
            "enabled; forced",
            *(
                f"{policy} permits SELECT to {reader} using true check"
                for policy, reader, tables in (
                    ("matview_owner_reads", VIEW_OWNER, READ_BY_VIEW_OWNER),
                    ("owner_reads", OWNER, READ_BY_OWNER),
                )
                if table in tables
            ),
            f"tenant_isolation permits ALL to PUBLIC using {rule} check {rule}",
        )
    )


ROW_SECURITY: Final[Mapping[str, str]] = MappingProxyType(
    {
        table: _protection(table)
        for table in sorted({*READ_BY_OWNER, *READ_BY_VIEW_OWNER, *_ONLY_ISOLATED})
    }
)
"""The policies of each table that has a tenant; all are forced, so that they bind its owner, too."""

_MESSAGE = "messages and their results name no tenant"
WITHOUT_A_TENANT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "celery.celery_taskmeta": _MESSAGE,
        "celery.celery_tasksetmeta": _MESSAGE,
        "celery.kombu_message": _MESSAGE,
        "celery.kombu_queue": _MESSAGE,
        "public.alembic_version": "the revision of the schema",
        "public.heartbeats": "worker processes serve all tenants",
        "public.matview_refreshes": "a refresh changes the view for all tenants",
        "public.pulses": "periodic tasks are for all tenants",
        "public.rollup_changes": "transaction ids only",
    }
)
"""The tables that the runtime role reads and no policy binds, each with the reason."""

TRIGGERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "keys_end_once": "api_keys refuse_key_revival enabled",
        "notify_keys_ended": "api_keys notify_keys_ended enabled",
        "notify_keys_truncated": "api_keys notify_keys_ended enabled",
        "notify_terms_changed": "key_terms notify_keys_ended enabled",
    }
)
"""They refuse or notify, and write nothing."""

_KEYS = {
    "mv_allocation_summary": "tenant_id, date, model_version, currency",
    "mv_channel_performance": "tenant_id, date, model_version, channel_code, currency",
    "mv_daily_revenue_summary": "tenant_id, revenue_date, currency, state",
    "mv_realtime_revenue": "tenant_id, currency",
    "mv_reconciliation_status": "tenant_id, platform",
}
VIEWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"public.{view.name}": f"populated; CREATE UNIQUE INDEX {view.unique_index} ON {view.name} USING btree "
        f"({_KEYS[view.name]})"
        for view in CANONICAL_VIEWS
    }
)
"""The materialized views of all schemas: the registry's, populated, each with the index that CONCURRENTLY needs."""

READERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{f"public.{view.reader}": "security_barrier=true" for view in CANONICAL_VIEWS},
        "public.order_balances": "security_invoker=true",
        "public.standing_entries": "security_invoker=true",
        "public.standing_touches": "security_invoker=true",
        "public.claimable_jobs": "no options",
        "public.open_periods": "no options",
    }
)

DEFINITIONS_MAJOR: Final = 18
"""The version of PostgreSQL whose text of the definitions is hashed; others may format them differently."""
# The beginning of the SHA-256 of each view's definition.
DEFINITIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "public.allocation_summary": "b95b182661cff68c",
        "public.channel_performance": "d5b9f838efdaece4",
        "public.claimable_jobs": "8e1bc4c220fc77ea",
        "public.daily_revenue_summary": "4a51fed61adea671",
        "public.mv_allocation_summary": "9745e0404d9b435c",
        "public.mv_channel_performance": "1d433b359d0f3785",
        "public.mv_daily_revenue_summary": "a8fc6d94db16fb65",
        "public.mv_realtime_revenue": "46af587b71e4ef07",
        "public.mv_reconciliation_status": "9f90b645a2553018",
        "public.open_periods": "c3674e465ed0b83e",
        "public.order_balances": "67277210b41fc7d6",
        "public.realtime_revenue": "849637288fa62b77",
        "public.reconciliation_status": "978585595f86f8f2",
        "public.standing_entries": "0b83bdea4e9d96af",
        "public.standing_touches": "aef86eed0b871261",
    }
)
