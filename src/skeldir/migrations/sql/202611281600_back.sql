-- As it was before 202611281600, of a database that no audit has written to.

SET ROLE skeldir_owner;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'attribution_events', 'channels', 'model_changes', 'attribution_models', 'retention',
                 'revenue_ledger']
$$;

DROP FUNCTION public.audit_counts();
DROP TABLE public.audits;

RESET ROLE;
