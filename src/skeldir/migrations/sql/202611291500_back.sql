-- As it was before 202611291500.

SET ROLE skeldir_owner;

CREATE OR REPLACE FUNCTION public.current_tenant_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$
    SELECT CASE WHEN pg_input_is_valid(current_setting('app.current_tenant_id', true), 'uuid')
                THEN current_setting('app.current_tenant_id', true)::uuid END
$$;

ALTER POLICY tenant_isolation ON public.tenants
    USING (id = (SELECT public.current_tenant_id())) WITH CHECK (id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.attribution_events
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.rollup_revenue_day
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.rollup_channel_day
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.rollup_allocation_day
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.reconciliation_runs
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.dirty_days
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.channels
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.api_keys
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.revenue_ledger
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.spend
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.attribution_models
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.dirty_orders
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.kept_allocations
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.dead_events
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.imports
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.jobs
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.retention
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.personal_data_findings
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.dirty_journeys
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.credit_turns
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.orders_set_aside
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.tenant_deletions
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

RESET ROLE;
