SET ROLE skeldir_owner;

DROP FUNCTION public.find_webhook_endpoint(bytea);

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'touch_withdrawals', 'undoings', 'attribution_events', 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

DROP TABLE public.payments;
DROP TABLE public.payment_refs;
DROP TABLE public.webhook_deliveries;
DROP TABLE public.webhook_settings;
DROP TABLE public.webhook_refusals;
DROP TABLE public.webhook_secrets;
DROP TABLE public.webhook_endpoints;

RESET ROLE;
