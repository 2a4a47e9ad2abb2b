-- Hosts of a tenant's own, and of what its buyers are sent to for payment: as referrers they say nothing of a visit's
-- origin. A request reads them with the tenant, in the same round trip.

SET ROLE skeldir_owner;

CREATE TABLE public.tenant_hosts (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    host text COLLATE "C" NOT NULL CHECK (host ~ '^[a-z0-9_-]+([.][a-z0-9_-]+)+$' AND length(host) <= 253),
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('own', 'payment')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, host)
);
ALTER TABLE public.tenant_hosts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.tenant_hosts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.tenant_hosts
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
GRANT SELECT, INSERT, DELETE ON public.tenant_hosts TO app_user;

-- When hosts change, the channels of touches that are recorded already can be restated: by an undoing that records them
-- again.
ALTER TABLE public.undoings DROP CONSTRAINT undoings_target_kind_check;
ALTER TABLE public.undoings ADD CONSTRAINT undoings_target_kind_check
    CHECK (target_kind IN ('import', 'order', 'delivery', 'channels'));

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
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'touch_withdrawals', 'undoings', 'attribution_events', 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'audits', 'registered_tenants', 'revenue_ledger']
$$;

RESET ROLE;
