-- As it was before 202611291010.

SET ROLE skeldir_owner;

DROP FUNCTION public.review_waiting_tenant(uuid, bigint, bigint[]);
DROP FUNCTION public.waiting_since(text);
DROP FUNCTION public.credit_backlog();

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'attribution_events', 'channels', 'model_changes', 'attribution_models', 'retention',
                 'audits', 'registered_tenants', 'revenue_ledger']
$$;

CREATE OR REPLACE FUNCTION public.tenants_with_dirty_orders() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    WITH RECURSIVE dirty (tenant_id) AS (
        (SELECT m.tenant_id FROM ((SELECT d.tenant_id FROM public.dirty_orders d ORDER BY 1 LIMIT 1)
                                  UNION ALL
                                  (SELECT d.tenant_id FROM public.dirty_journeys d ORDER BY 1 LIMIT 1)
                                  UNION ALL
                                  (SELECT r.tenant_id FROM public.restatements r
                                   WHERE r.after_order_id IS NOT NULL ORDER BY 1 LIMIT 1)) m
         ORDER BY 1 LIMIT 1)
        UNION ALL
        SELECT (SELECT m.tenant_id
                FROM ((SELECT d.tenant_id FROM public.dirty_orders d
                       WHERE d.tenant_id > dirty.tenant_id ORDER BY 1 LIMIT 1)
                      UNION ALL
                      (SELECT d.tenant_id FROM public.dirty_journeys d
                       WHERE d.tenant_id > dirty.tenant_id ORDER BY 1 LIMIT 1)
                      UNION ALL
                      (SELECT r.tenant_id FROM public.restatements r
                       WHERE r.tenant_id > dirty.tenant_id AND r.after_order_id IS NOT NULL ORDER BY 1 LIMIT 1)) m
                ORDER BY 1 LIMIT 1)
        FROM dirty WHERE dirty.tenant_id IS NOT NULL
    )
    SELECT d.tenant_id FROM dirty d WHERE d.tenant_id IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION public.tenants_with_dirty_days() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    WITH RECURSIVE dirty (tenant_id) AS (
        (SELECT d.tenant_id FROM public.dirty_days d ORDER BY d.tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT d.tenant_id FROM public.dirty_days d
                WHERE d.tenant_id > dirty.tenant_id ORDER BY d.tenant_id LIMIT 1)
        FROM dirty WHERE dirty.tenant_id IS NOT NULL
    )
    SELECT d.tenant_id FROM dirty d WHERE d.tenant_id IS NOT NULL
$$;

CREATE FUNCTION public.credit_backlog() RETURNS TABLE (marks bigint, oldest_marked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT count(*), min(d.marked_at)
    FROM (SELECT marked_at FROM public.dirty_orders UNION ALL SELECT marked_at FROM public.dirty_journeys
          UNION ALL SELECT began_at FROM public.restatements WHERE after_order_id IS NOT NULL) d
$$;

CREATE FUNCTION public.rollup_backlog() RETURNS TABLE (marks bigint, oldest_marked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$ SELECT count(*), min(d.marked_at) FROM public.dirty_days d $$;

REVOKE ALL ON FUNCTION public.credit_backlog(), public.rollup_backlog() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.credit_backlog(), public.rollup_backlog() TO app_user;

CREATE POLICY owner_reads ON public.dirty_days FOR SELECT TO skeldir_owner USING (true);
DROP TABLE public.waiting_tenants;

RESET ROLE;
