-- Who changed which model of a tenant, and when. Written with each change, and never changed.

SET ROLE skeldir_owner;

CREATE TABLE public.model_changes (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    model text COLLATE "C" NOT NULL,
    from_version text COLLATE "C",
    to_version text COLLATE "C",
    PRIMARY KEY (tenant_id, id),
    CHECK (from_version IS DISTINCT FROM to_version)
);
CREATE INDEX model_changes_changed ON public.model_changes (tenant_id, changed_at);

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_channel_day', 'rollup_allocation_day', 'reconciliation_runs',
                 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events', 'imports', 'spend',
                 'attribution_events', 'channels', 'model_changes', 'attribution_models', 'retention',
                 'revenue_ledger']
$$;

ALTER TABLE public.model_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.model_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.model_changes
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());

GRANT SELECT, INSERT ON public.model_changes TO app_user;

RESET ROLE;
