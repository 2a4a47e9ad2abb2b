SET ROLE skeldir_owner;

DROP FUNCTION public.find_api_key(bytea);
CREATE FUNCTION public.find_api_key(sha256_of_secret bytea)
RETURNS TABLE (tenant_id uuid, key_id uuid, scopes text[], expires_at timestamptz, revoked_at timestamptz,
               last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT k.tenant_id, k.id, k.scopes, k.expires_at, k.revoked_at, k.last_used_at
    FROM public.api_keys k WHERE k.secret_sha256 = sha256_of_secret
$$;
REVOKE ALL ON FUNCTION public.find_api_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.find_api_key(bytea) TO app_user;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'invitations', 'memberships', 'audit_log', 'saved_reports', 'notice_deliveries',
                 'notice_destinations', 'alerts',
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
                 'fit_requests', 'lift_tests', 'kept_journeys', 'kept_lookbacks', 'model_fits', 'model_changes',
                 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants', 'revenue_ledger']
$$;

DROP TABLE public.claimed_orders;
DROP TABLE public.key_terms;

ALTER TABLE public.api_keys DROP CONSTRAINT api_keys_scopes_check;
ALTER TABLE public.api_keys ADD CONSTRAINT api_keys_scopes_check
    CHECK (scopes <> '{}' AND scopes <@ ARRAY['ingest', 'read', 'manage']);

RESET ROLE;
