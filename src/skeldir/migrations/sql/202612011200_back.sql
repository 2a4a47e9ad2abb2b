-- As it was before 202612011200, of a database in which no zone was ever set.

SET ROLE skeldir_owner;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'touch_withdrawals', 'undoings', 'attribution_events', 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'audits', 'registered_tenants', 'revenue_ledger']
$$;

DROP TABLE public.time_zones;

RESET ROLE;
