-- As it was before 202611291500.

SET ROLE skeldir_owner;

CREATE OR REPLACE FUNCTION public.current_tenant_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$
    SELECT CASE WHEN pg_input_is_valid(current_setting('app.current_tenant_id', true), 'uuid')
                THEN current_setting('app.current_tenant_id', true)::uuid END
$$;

ALTER POLICY tenant_isolation ON public.audits
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.channel_numbers
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.credit_journal
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.model_changes
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.order_journeys
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.registered_tenants
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.restatements
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.rollup_revenue_total
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());
ALTER POLICY tenant_isolation ON public.waiting_tenants
    USING (tenant_id = public.current_tenant_id()) WITH CHECK (tenant_id = public.current_tenant_id());

RESET ROLE;
