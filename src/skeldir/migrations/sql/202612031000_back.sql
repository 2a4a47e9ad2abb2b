SET ROLE skeldir_owner;

DROP FUNCTION public.erase_traces(uuid, uuid, text, text, text, text, text[], uuid[], bytea);

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'webhook_secrets', 'webhook_refusals', 'webhook_endpoints', 'webhook_settings', 'payments',
                 'payment_refs', 'webhook_deliveries', 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'touch_withdrawals', 'undoings', 'attribution_events', 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

DROP TABLE public.privacy_requests;
DROP TABLE public.erasures;

ALTER TABLE public.payments DROP CONSTRAINT payments_journey_check;
ALTER TABLE public.payments ADD CONSTRAINT payments_journey_check CHECK (journey IN ('token', 'derived'));

RESET ROLE;
