-- As it was before 202611261300.

SET ROLE skeldir_owner;

CREATE OR REPLACE FUNCTION public.set_tenant(tenant uuid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
    EXECUTE format('SET LOCAL app.current_tenant_id = %L', tenant);
END
$$;

CREATE OR REPLACE FUNCTION public.claimable_jobs(kinds text[], most integer)
RETURNS TABLE (tenant_id uuid, id uuid, kind text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT j.tenant_id, j.id, j.kind FROM public.jobs j
    WHERE j.kind = ANY(kinds)
      AND ((j.state = 'ready' AND j.run_at <= now()) OR (j.state = 'running' AND j.lease_until < now()))
    ORDER BY j.run_at, j.id LIMIT most
$$;

CREATE OR REPLACE FUNCTION public.tenants_without_job(job_kind text, since timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT t.id FROM public.tenants t
    WHERE NOT EXISTS (SELECT FROM public.jobs j
                      WHERE j.tenant_id = t.id AND j.kind = job_kind
                        AND (j.created_at >= since OR j.state IN ('ready', 'running')))
    ORDER BY t.id
$$;

CREATE OR REPLACE FUNCTION public.forget_touches(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    horizon timestamptz;
    gone bigint;
BEGIN
    UPDATE public.retention r
    SET touches_forgotten_before = greatest(
        r.touches_forgotten_before,
        date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - make_interval(days => r.touch_days))
    WHERE r.tenant_id = public.current_tenant_id()
    RETURNING date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - make_interval(days => r.touch_days)
    INTO horizon;
    IF horizon IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM public.attribution_events e
    WHERE e.tenant_id = public.current_tenant_id()
      AND e.id IN (SELECT o.id FROM public.attribution_events o
                   WHERE o.tenant_id = public.current_tenant_id() AND o.occurred_at < horizon LIMIT most);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;

DROP FUNCTION public.delete_tenant_rows(uuid, integer), public.forget_statistics(uuid, integer),
    public.end_tenant_deletion(uuid), public.renew_statistics(text), public.hold_tenant_deletion(uuid),
    public.count_tenant_rows(uuid),
    public.request_tenant_deletion(uuid, boolean, uuid, uuid, uuid), public.tenant_is_leaving(uuid),
    public.tenant_tables(), public.forget_dead_events(integer);
DROP TABLE public.tenant_deletions;

RESET ROLE;
