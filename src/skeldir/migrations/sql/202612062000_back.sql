SET ROLE skeldir_owner;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'privacy_requests', 'erasures', 'webhook_secrets', 'webhook_refusals', 'webhook_endpoints',
                 'webhook_settings', 'payments',
                 'payment_refs', 'webhook_deliveries', 'renewal_orders', 'credited_renewals', 'credit_turns', 'orders_set_aside',
                 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'reconciliation_lines', 'reconciliation_overlaps', 'reconciliations',
                 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'channel_rule_turns', 'channel_rules', 'exchange_rates', 'spend', 'ad_days', 'ad_loads',
                 'touch_withdrawals', 'touch_corrections', 'undoings', 'attribution_events',
                 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

DROP FUNCTION public.find_user_session(bytea, double precision),
    public.begin_user_session(uuid, uuid, bytea, uuid, text, bytea, text, double precision),
    public.use_sign_in_link(bytea), public.find_password(text, bytea), public.rotate_user_session(bytea, bytea, uuid),
    public.end_user_sessions(bytea, uuid, boolean), public.sessions_of_user(bytea, double precision),
    public.memberships_of_user(bytea), public.set_user_password(bytea, text), public.find_invitation(bytea),
    public.create_user(uuid, text, text),
    public.make_sign_in_link(text, uuid, bytea, double precision, uuid, text, uuid);

DROP TABLE public.audit_log, public.invitations, public.memberships, public.user_sessions, public.sign_in_links,
    public.users;

RESET ROLE;
