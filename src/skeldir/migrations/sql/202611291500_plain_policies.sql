-- A distributed table takes no policy with a sub-select. Without one the function, which is stable, still decides once
-- per scan, by the index or by a filter of one evaluation; but each written row evaluates it. A function with a setting
-- of its own is never inlined, and costs 10 microseconds a row. So this one has none, and names everything with its schema.
-- It takes no element of the array unless the setting is a UUID. A CASE would do on one server, but Citus evaluates the
-- parts of an expression before the whole.

SET ROLE skeldir_owner;

CREATE OR REPLACE FUNCTION public.current_tenant_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT (ARRAY[pg_catalog.current_setting('app.current_tenant_id', true)])[
        pg_catalog.pg_input_is_valid(pg_catalog.current_setting('app.current_tenant_id', true),
                                     'pg_catalog.uuid')::pg_catalog.int4]::pg_catalog.uuid;
$$;

ALTER POLICY tenant_isolation ON public.tenants
    USING (id = public.current_tenant_id()) WITH CHECK (id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.attribution_events
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.rollup_revenue_day
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.rollup_channel_day
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.rollup_allocation_day
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.reconciliation_runs
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.dirty_days
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.channels
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.api_keys
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.revenue_ledger
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.spend
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.attribution_models
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.dirty_orders
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.kept_allocations
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.dead_events
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.imports
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.jobs
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.retention
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.personal_data_findings
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.dirty_journeys
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.credit_turns
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.orders_set_aside
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.tenant_deletions
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());

RESET ROLE;
