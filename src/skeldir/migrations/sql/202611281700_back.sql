SET ROLE skeldir_owner;

DROP FUNCTION public.claim_next_job(text[], integer[], double precision[], uuid);
DROP FUNCTION public.claimable_kinds(text[]);
DROP VIEW public.claimable_jobs;
DROP INDEX public.jobs_claimable;
CREATE INDEX jobs_claimable ON public.jobs (run_at) WHERE state IN ('ready', 'running');

CREATE FUNCTION public.claimable_jobs(kinds text[], most integer)
RETURNS TABLE (tenant_id uuid, id uuid, kind text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT j.tenant_id, j.id, j.kind FROM public.jobs j
    WHERE j.kind = ANY(kinds)
      AND ((j.state = 'ready' AND j.run_at <= now()) OR (j.state = 'running' AND j.lease_until < now()))
      AND NOT EXISTS (SELECT FROM public.tenant_deletions d WHERE d.tenant_id = j.tenant_id)
      AND (j.tenant_id = '00000000-0000-0000-0000-000000000000'
           OR NOT EXISTS (SELECT FROM public.jobs r
                          WHERE r.tenant_id = j.tenant_id AND r.kind = j.kind AND r.id <> j.id
                            AND r.state = 'running' AND r.lease_until > now()))
    ORDER BY j.run_at, j.id LIMIT most
$$;

REVOKE ALL ON FUNCTION public.claimable_jobs(text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.claimable_jobs(text[], integer) TO app_user;

RESET ROLE;
