-- Whoever reads a page can claim orders with its key, so claims are deleted after a time. And payments with flags are found
-- without reading all others.

SET ROLE skeldir_owner;

CREATE INDEX idx_claimed_orders_recorded ON public.claimed_orders (tenant_id, recorded_at);

-- Deletes claims of the current tenant that were received long ago, by the database's clock: a page may claim any moment.
CREATE FUNCTION public.forget_claims(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    -- A variable, so that on Citus each statement goes to the tenant's node alone.
    tenant CONSTANT uuid := public.current_tenant_id();
    horizon CONSTANT timestamptz := now() - interval '90 days';
    gone bigint;
BEGIN
    DELETE FROM public.claimed_orders c
    WHERE c.tenant_id = tenant
      AND c.id IN (SELECT o.id FROM public.claimed_orders o
                   WHERE o.tenant_id = tenant AND o.recorded_at < horizon
                   ORDER BY o.recorded_at LIMIT most);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
REVOKE ALL ON FUNCTION public.forget_claims(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.forget_claims(integer) TO app_user;

-- Few payments have flags, and reports of troubles look for these only.
CREATE INDEX idx_payments_flagged ON public.payments (tenant_id, changed_at, id) WHERE flags <> '{}';

RESET ROLE;
