-- Policies call this function in a sub-select, once in each statement. A distributed table takes no policy with a
-- sub-select (`skeldir scale apply` removes it), and then each written row evaluates the function. One with a setting of
-- its own is never inlined, and costs 10 microseconds a row. So this one has none, and names everything with its schema.
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

-- The nine youngest tables were made without the sub-select.
ALTER POLICY tenant_isolation ON public.audits
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.channel_numbers
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.credit_journal
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.model_changes
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.order_journeys
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.registered_tenants
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.restatements
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.rollup_revenue_total
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER POLICY tenant_isolation ON public.waiting_tenants
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

RESET ROLE;
