SET ROLE skeldir_owner;

DROP FUNCTION public.open_tenant(uuid, bigint);

CREATE FUNCTION public.open_tenant(tenant uuid, shared_lock bigint)
RETURNS TABLE (name text, journey_secret bytea, own_channels text[])
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
    IF public.current_tenant_id() <> tenant THEN
        RETURN;
    END IF;
    PERFORM public.set_tenant(tenant);
    IF shared_lock IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock_shared(shared_lock);
    END IF;
    RETURN QUERY
        SELECT t.name, t.journey_secret,
               coalesce((SELECT array_agg(c.code) FROM public.channels c WHERE c.tenant_id = tenant), '{}')
        FROM public.tenants t
        WHERE t.id = tenant;
END
$$;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'touch_withdrawals', 'undoings', 'attribution_events', 'channels', 'model_changes',
                 'attribution_models', 'retention', 'audits', 'registered_tenants', 'revenue_ledger']
$$;

ALTER TABLE public.undoings DROP CONSTRAINT undoings_target_kind_check;
ALTER TABLE public.undoings ADD CONSTRAINT undoings_target_kind_check
    CHECK (target_kind IN ('import', 'order', 'delivery'));

DROP TABLE public.tenant_hosts;

RESET ROLE;
