SET ROLE skeldir_owner;

DROP FUNCTION public.open_tenant(uuid, bigint);

CREATE FUNCTION public.open_tenant(tenant uuid, shared_lock bigint)
RETURNS TABLE (name text, journey_secret bytea, own_channels text[],
               own_hosts text[])
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
               coalesce((SELECT array_agg(c.code) FROM public.channels c WHERE c.tenant_id = tenant), '{}'),
               coalesce((SELECT array_agg(h.host) FROM public.tenant_hosts h WHERE h.tenant_id = tenant), '{}')
        FROM public.tenants t
        WHERE t.id = tenant;
END
$$;

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
                 'imports', 'exchange_rates', 'spend', 'ad_days', 'ad_loads', 'touch_withdrawals', 'undoings', 'attribution_events',
                 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

ALTER TABLE public.ad_loads DROP CONSTRAINT ad_loads_kind_check;
ALTER TABLE public.ad_loads ADD CONSTRAINT ad_loads_kind_check CHECK (kind IN ('file', 'api', 'withdrawal'));

ALTER TABLE public.ad_days DROP COLUMN common_channel, DROP COLUMN common_rule;

DROP TABLE public.channel_rule_turns, public.channel_rules;

RESET ROLE;
