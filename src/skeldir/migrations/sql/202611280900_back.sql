-- As it was before 202611280900, of a database without orders.

SET ROLE skeldir_owner;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'jobs', 'api_keys', 'credit_changes',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings',
                 'rollup_revenue_day', 'rollup_channel_day', 'rollup_allocation_day', 'reconciliation_runs',
                 'attribution_allocations', 'dead_events', 'imports', 'spend', 'attribution_events', 'channels',
                 'attribution_models', 'retention', 'revenue_ledger']
$$;

CREATE OR REPLACE FUNCTION public.tenants_with_dirty_orders() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    WITH RECURSIVE dirty (tenant_id) AS (
        (SELECT m.tenant_id FROM ((SELECT d.tenant_id FROM public.dirty_orders d ORDER BY 1 LIMIT 1)
                                  UNION ALL
                                  (SELECT d.tenant_id FROM public.dirty_journeys d ORDER BY 1 LIMIT 1)) m
         ORDER BY 1 LIMIT 1)
        UNION ALL
        SELECT (SELECT m.tenant_id
                FROM ((SELECT d.tenant_id FROM public.dirty_orders d
                       WHERE d.tenant_id > dirty.tenant_id ORDER BY 1 LIMIT 1)
                      UNION ALL
                      (SELECT d.tenant_id FROM public.dirty_journeys d
                       WHERE d.tenant_id > dirty.tenant_id ORDER BY 1 LIMIT 1)) m
                ORDER BY 1 LIMIT 1)
        FROM dirty WHERE dirty.tenant_id IS NOT NULL
    )
    SELECT d.tenant_id FROM dirty d WHERE d.tenant_id IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION public.credit_backlog() RETURNS TABLE (marks bigint, oldest_marked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT count(*), min(d.marked_at)
    FROM (SELECT marked_at FROM public.dirty_orders UNION ALL SELECT marked_at FROM public.dirty_journeys) d
$$;

DROP TABLE public.channel_numbers;
DROP TABLE public.order_journeys;
DROP TABLE public.restatements;
DROP TABLE public.credit_journal;
ALTER TABLE public.attribution_models DROP COLUMN active_since;
ALTER TABLE public.kept_allocations DROP COLUMN generation;
ALTER TABLE public.kept_allocations FORCE ROW LEVEL SECURITY;
ALTER TABLE public.kept_allocations RENAME TO attribution_allocations;
ALTER INDEX public.kept_allocations_pkey RENAME TO attribution_allocations_pkey;
CREATE INDEX attribution_allocations_day ON public.attribution_allocations (tenant_id, entry_date);
REVOKE UPDATE (spend_cents) ON public.rollup_channel_day FROM app_user;
ALTER TABLE public.dirty_days NO FORCE ROW LEVEL SECURITY;
UPDATE public.dirty_days SET sums = 'all' WHERE sums = 'credit';
ALTER TABLE public.dirty_days FORCE ROW LEVEL SECURITY;
ALTER TABLE public.dirty_days DROP CONSTRAINT sums_are_known;
ALTER TABLE public.dirty_days ADD CONSTRAINT dirty_days_sums_check CHECK (sums IN ('all', 'revenue'));

CREATE TABLE public.credit_changes (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    revenue_date date NOT NULL,
    model_version text COLLATE "C" NOT NULL,
    channel_code text COLLATE "C" NOT NULL,
    currency text NOT NULL,
    conversion_ppt numeric NOT NULL,
    credited_cents bigint NOT NULL,
    allocations bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE public.credit_changes SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE public.credit_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.credit_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.credit_changes USING (tenant_id = (SELECT public.current_tenant_id()))
    WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
GRANT SELECT, INSERT, DELETE ON public.credit_changes TO app_user;

RESET ROLE;
