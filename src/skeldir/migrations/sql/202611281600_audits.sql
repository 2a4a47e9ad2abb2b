-- What came out of each audit of a tenant: written once, and never changed.

SET ROLE skeldir_owner;

-- `differences` counts all of them, `checks` are the names of what did not hold, `digest` is that of the whole document, as
-- `skeldir audit --json` prints it. What differed is not repeated here: an audit says so as long as it does.
CREATE TABLE public.audits (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    as_of timestamptz NOT NULL,
    orders bigint NOT NULL,
    awaiting_orders bigint NOT NULL,
    differences bigint NOT NULL CHECK (differences >= 0),
    checks text[] NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audits_latest ON public.audits (tenant_id, as_of DESC, id DESC);

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'attribution_events', 'channels', 'model_changes', 'attribution_models', 'retention',
                 'audits', 'revenue_ledger']
$$;

ALTER TABLE public.audits ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.audits FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.audits
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
CREATE POLICY owner_reads ON public.audits FOR SELECT TO skeldir_owner USING (true);

-- Of all tenants together: how many differences their latest audits found, and how old the oldest of these is; a tenant
-- that was never audited counts since it was created.
CREATE FUNCTION public.audit_counts() RETURNS TABLE (differences bigint, oldest_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT coalesce(sum(l.differences), 0)::bigint, min(coalesce(l.as_of, t.created_at))
    FROM public.tenants t
    LEFT JOIN LATERAL (SELECT a.differences, a.as_of FROM public.audits a
                       WHERE a.tenant_id = t.id ORDER BY a.as_of DESC, a.id DESC LIMIT 1) l ON true
    WHERE t.id NOT IN (SELECT d.tenant_id FROM public.tenant_deletions d)
$$;
REVOKE ALL ON FUNCTION public.audit_counts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.audit_counts() TO app_user;

GRANT SELECT, INSERT ON public.audits TO app_user;

RESET ROLE;
