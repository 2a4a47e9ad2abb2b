-- name: count_visible_rows
-- The rows of every table of tenants that the bound tenant sees: all of them, and those of another tenant.
-- Never null: every column.
SELECT relation, rows, foreign_rows
FROM (
    SELECT 'tenants' AS relation, count(*) AS rows, count(*) FILTER (WHERE id = :other) AS foreign_rows FROM public.tenants
    UNION ALL SELECT 'ad_days', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.ad_days
    UNION ALL SELECT 'ad_loads', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.ad_loads
    UNION ALL SELECT 'alerts', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.alerts
    UNION ALL SELECT 'attribution_events', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.attribution_events
    UNION ALL SELECT 'attribution_models', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.attribution_models
    UNION ALL SELECT 'channel_numbers', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.channel_numbers
    UNION ALL SELECT 'channel_rule_turns', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.channel_rule_turns
    UNION ALL SELECT 'channel_rules', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.channel_rules
    UNION ALL SELECT 'channels', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.channels
    UNION ALL SELECT 'claimed_orders', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.claimed_orders
    UNION ALL SELECT 'credit_journal', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.credit_journal
    UNION ALL SELECT 'credited_renewals', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.credited_renewals
    UNION ALL SELECT 'credit_turns', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.credit_turns
    UNION ALL SELECT 'dead_events', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.dead_events
    UNION ALL SELECT 'dirty_days', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.dirty_days
    UNION ALL SELECT 'dirty_journeys', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.dirty_journeys
    UNION ALL SELECT 'dirty_orders', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.dirty_orders
    UNION ALL SELECT 'exchange_rates', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.exchange_rates
    UNION ALL SELECT 'fit_requests', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.fit_requests
    UNION ALL SELECT 'imports', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.imports
    UNION ALL SELECT 'kept_allocations', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.kept_allocations
    UNION ALL SELECT 'kept_journeys', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.kept_journeys
    UNION ALL SELECT 'kept_lookbacks', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.kept_lookbacks
    UNION ALL SELECT 'model_changes', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.model_changes
    UNION ALL SELECT 'lift_tests', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.lift_tests
    UNION ALL SELECT 'model_fits', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.model_fits
    UNION ALL SELECT 'notice_deliveries', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.notice_deliveries
    UNION ALL SELECT 'notice_destinations', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.notice_destinations
    UNION ALL SELECT 'erasures', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.erasures
    UNION ALL SELECT 'order_balances', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.order_balances
    UNION ALL SELECT 'order_journeys', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.order_journeys
    UNION ALL SELECT 'orders_set_aside', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.orders_set_aside
    UNION ALL SELECT 'payment_refs', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.payment_refs
    UNION ALL SELECT 'payments', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.payments
    UNION ALL SELECT 'personal_data_findings', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.personal_data_findings
    UNION ALL SELECT 'privacy_requests', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.privacy_requests
    UNION ALL SELECT 'reconciliation_lines', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.reconciliation_lines
    UNION ALL SELECT 'reconciliation_overlaps', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.reconciliation_overlaps
    UNION ALL SELECT 'reconciliation_runs', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.reconciliation_runs
    UNION ALL SELECT 'reconciliations', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.reconciliations
    UNION ALL SELECT 'renewal_orders', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.renewal_orders
    UNION ALL SELECT 'restatements', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.restatements
    UNION ALL SELECT 'retention', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.retention
    UNION ALL SELECT 'saved_reports', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.saved_reports
    UNION ALL SELECT 'revenue_ledger', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.revenue_ledger
    UNION ALL SELECT 'rollup_allocation_day', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.rollup_allocation_day
    UNION ALL SELECT 'rollup_channel_day', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.rollup_channel_day
    UNION ALL SELECT 'rollup_revenue_day', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.rollup_revenue_day
    UNION ALL SELECT 'rollup_revenue_total', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.rollup_revenue_total
    UNION ALL SELECT 'spend', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.spend
    UNION ALL SELECT 'standing_entries', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.standing_entries
    UNION ALL SELECT 'standing_touches', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.standing_touches
    UNION ALL SELECT 'tenant_hosts', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.tenant_hosts
    UNION ALL SELECT 'time_zones', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.time_zones
    UNION ALL SELECT 'touch_corrections', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.touch_corrections
    UNION ALL SELECT 'touch_withdrawals', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.touch_withdrawals
    UNION ALL SELECT 'undoings', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.undoings
    UNION ALL SELECT 'webhook_deliveries', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.webhook_deliveries
    UNION ALL SELECT 'webhook_settings', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.webhook_settings
) seen;

-- name: count_readable_rows
-- The same for the readers of the views, and for tables that Citus does not distribute.
-- Never null: every column.
SELECT relation, rows, foreign_rows
FROM (
    SELECT 'allocation_summary' AS relation, count(*) AS rows, count(*) FILTER (WHERE tenant_id = :other) AS foreign_rows FROM public.allocation_summary
    UNION ALL SELECT 'api_keys', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.api_keys
    UNION ALL SELECT 'audit_log', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.audit_log
    UNION ALL SELECT 'audits', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.audits
    UNION ALL SELECT 'channel_performance', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.channel_performance
    UNION ALL SELECT 'daily_revenue_summary', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.daily_revenue_summary
    UNION ALL SELECT 'invitations', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.invitations
    UNION ALL SELECT 'key_terms', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.key_terms
    UNION ALL SELECT 'jobs', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.jobs
    UNION ALL SELECT 'memberships', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.memberships
    UNION ALL SELECT 'realtime_revenue', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.realtime_revenue
    UNION ALL SELECT 'reconciliation_status', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.reconciliation_status
    UNION ALL SELECT 'registered_tenants', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.registered_tenants
    UNION ALL SELECT 'waiting_tenants', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.waiting_tenants
    UNION ALL SELECT 'webhook_endpoints', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.webhook_endpoints
    UNION ALL SELECT 'webhook_refusals', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.webhook_refusals
    UNION ALL SELECT 'webhook_secrets', count(*), count(*) FILTER (WHERE tenant_id = :other) FROM public.webhook_secrets
) seen;

-- name: may_read_views$
SELECT bool_or(has_table_privilege(oid, 'SELECT'))
FROM pg_catalog.pg_class
WHERE relkind = 'm' AND relnamespace = 'public'::regnamespace;
