-- What reads the list of waiting tenants, and what shortens it.

SET ROLE skeldir_owner;

ALTER TABLE public.waiting_tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.waiting_tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.waiting_tenants
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
CREATE POLICY owner_reads ON public.waiting_tenants FOR SELECT TO skeldir_owner USING (true);
-- No function of the owner reads these marks any more.
DROP POLICY owner_reads ON public.dirty_days;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'attribution_events', 'channels', 'model_changes', 'attribution_models', 'retention',
                 'audits', 'registered_tenants', 'revenue_ledger']
$$;

CREATE OR REPLACE FUNCTION public.tenants_with_dirty_orders() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$ SELECT DISTINCT w.tenant_id FROM public.waiting_tenants w WHERE w.work = 'credit' ORDER BY 1 $$;

CREATE OR REPLACE FUNCTION public.tenants_with_dirty_days() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$ SELECT DISTINCT w.tenant_id FROM public.waiting_tenants w WHERE w.work = 'days' ORDER BY 1 $$;

-- Since when some tenant has waited for this work, of all tenants the longest.
CREATE FUNCTION public.waiting_since(awaited text) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$ SELECT min(w.since) FROM public.waiting_tenants w WHERE w.work = awaited $$;

DROP FUNCTION public.rollup_backlog();

-- How many marks of orders there are, of all tenants together.
DROP FUNCTION public.credit_backlog();
CREATE FUNCTION public.credit_backlog() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT (SELECT count(*) FROM public.dirty_orders) + (SELECT count(*) FROM public.dirty_journeys)
         + (SELECT count(*) FROM public.restatements WHERE after_order_id IS NOT NULL)
$$;

-- Deletes the tenant from the list of those that wait, or notes since when it does, and returns whether marks of orders
-- are left. Whoever marks something holds the lock of the tenant's roll-ups, or one of the others, until its transaction has
-- ended. While all of them are held here, every mark is visible, and nobody relies on a row that is deleted. Locks are only
-- tried: without the first nothing is done, and NULL is returned; without one of the others no row is deleted.
CREATE FUNCTION public.review_waiting_tenant(tenant uuid, rollup_lock bigint, other_locks bigint[]) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    is_alone boolean := true;
    credit_since timestamptz;
    days_since timestamptz;
BEGIN
    IF NOT EXISTS (SELECT FROM public.waiting_tenants w WHERE w.tenant_id = tenant) THEN
        RETURN false;
    END IF;
    IF NOT pg_try_advisory_xact_lock(rollup_lock) THEN
        RETURN NULL;
    END IF;
    FOR number IN 1 .. cardinality(other_locks) LOOP
        is_alone := pg_try_advisory_xact_lock(other_locks[number]);
        EXIT WHEN NOT is_alone;
    END LOOP;
    -- Each statement sees what was committed before it, so these see the marks of everybody who has had a lock.
    SELECT min(m.marked_at) INTO credit_since
    FROM (SELECT o.marked_at FROM public.dirty_orders o WHERE o.tenant_id = tenant
          UNION ALL SELECT j.marked_at FROM public.dirty_journeys j WHERE j.tenant_id = tenant
          UNION ALL SELECT r.began_at FROM public.restatements r
                    WHERE r.tenant_id = tenant AND r.after_order_id IS NOT NULL) m;
    SELECT min(d.marked_at) INTO days_since FROM public.dirty_days d WHERE d.tenant_id = tenant;
    IF is_alone THEN
        DELETE FROM public.waiting_tenants w
        WHERE w.tenant_id = tenant
          AND ((w.work = 'credit' AND credit_since IS NULL) OR (w.work = 'days' AND days_since IS NULL));
    END IF;
    -- Where a row stays without a mark, no mark is older than this review.
    UPDATE public.waiting_tenants w
    SET since = CASE w.work WHEN 'credit' THEN coalesce(credit_since, moment) ELSE coalesce(days_since, moment) END
    WHERE w.tenant_id = tenant
      AND w.since < CASE w.work WHEN 'credit' THEN coalesce(credit_since, moment) ELSE coalesce(days_since, moment) END;
    RETURN credit_since IS NOT NULL;
END
$$;

REVOKE ALL ON FUNCTION public.waiting_since(text), public.credit_backlog() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.waiting_since(text), public.credit_backlog() TO app_user;
GRANT SELECT, INSERT, DELETE ON public.waiting_tenants TO app_user;
GRANT UPDATE (since) ON public.waiting_tenants TO app_user;

RESET ROLE;
