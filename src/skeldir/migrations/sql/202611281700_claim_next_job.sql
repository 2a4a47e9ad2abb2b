-- A worker finds its next job and claims it by one statement. It is found among the jobs of all tenants, with the owner's
-- rights. What it says is read, and the job changed, only after the transaction was bound to the job's tenant, whose policy
-- binds the owner as well.

SET ROLE skeldir_owner;

DROP FUNCTION public.claimable_jobs(text[], integer);

-- Of each kind the longest due first, however many jobs of other kinds wait.
DROP INDEX public.jobs_claimable;
CREATE INDEX jobs_claimable ON public.jobs (kind, run_at, id) WHERE state IN ('ready', 'running');

-- Which jobs may be claimed now: those that are due, and those whose lease has run out. None of a tenant that is being
-- deleted. Of a tenant's jobs of one kind one is done at a time: two would only undo each other's work.
CREATE VIEW public.claimable_jobs AS
SELECT j.tenant_id, j.id, j.kind, j.run_at FROM public.jobs j
WHERE j.state IN ('ready', 'running')
  AND ((j.state = 'ready' AND j.run_at <= now()) OR (j.state = 'running' AND j.lease_until < now()))
  AND NOT EXISTS (SELECT FROM public.tenant_deletions d WHERE d.tenant_id = j.tenant_id)
  AND (j.tenant_id = '00000000-0000-0000-0000-000000000000'
       OR NOT EXISTS (SELECT FROM public.jobs r
                      WHERE r.tenant_id = j.tenant_id AND r.kind = j.kind AND r.id <> j.id
                        AND r.state = 'running' AND r.lease_until > now()));

-- Claims the longest due job of these kinds, each with its own number of attempts and length of lease, and returns it. A
-- job that its workers have lost as often as it may be attempted becomes dead. A lost job keeps its run_at, and with it
-- its place in the order of work. Whoever is bound to a tenant claims nothing, and so learns nothing of another.
CREATE FUNCTION public.claim_next_job(
    kinds text[], most_attempts integer[], leases_s double precision[], new_token uuid)
RETURNS TABLE (
    tenant_id uuid, id uuid, kind text, arguments jsonb, attempts integer, correlation_id uuid, created_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    candidate record;
    due record;
    job public.jobs;
    claimed_alone text;
    passed_over text[] := '{}';
BEGIN
    IF public.current_tenant_id() IS NOT NULL THEN
        RETURN;
    END IF;
    LOOP
        due := NULL;
        -- One kind after another, because a statement about a list of kinds is planned again each time.
        FOR number IN 1 .. cardinality(kinds) LOOP
            SELECT c.tenant_id, c.id, c.run_at, number INTO candidate FROM public.claimable_jobs c
            WHERE c.kind = kinds[number] AND c.tenant_id::text || c.kind <> ALL (passed_over)
              AND c.id::text <> ALL (passed_over)
            ORDER BY c.run_at, c.id LIMIT 1;
            CONTINUE WHEN NOT FOUND;
            IF due IS NULL THEN
                due := candidate;
            ELSIF candidate.run_at < due.run_at THEN
                due := candidate;
            END IF;
        END LOOP;
        EXIT WHEN due IS NULL;
        -- A claim that is not committed yet is not seen as running, so of a tenant and kind one claims at a time.
        claimed_alone := CASE WHEN due.tenant_id = '00000000-0000-0000-0000-000000000000' THEN due.id::text
                              ELSE due.tenant_id::text || kinds[due.number] END;
        passed_over := passed_over || claimed_alone;
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(26112817, hashtext(claimed_alone));
        PERFORM public.set_tenant(due.tenant_id);
        SELECT j.* INTO job FROM public.jobs j
        WHERE j.tenant_id = due.tenant_id AND j.id = due.id FOR UPDATE SKIP LOCKED;
        -- Between the two statements another worker may have claimed it, or one beside it. Whoever holds the row may be a
        -- worker that extends its lease late: the job then runs, and no other of its tenant and kind may.
        CONTINUE WHEN NOT FOUND OR NOT EXISTS (
            SELECT FROM public.claimable_jobs c WHERE c.tenant_id = due.tenant_id AND c.id = due.id);
        IF job.state = 'running' THEN
            job.error := 'lease_expired: The worker was not heard of again.';
        END IF;
        IF job.attempts >= most_attempts[due.number] THEN
            UPDATE public.jobs j
            SET state = 'dead', token = NULL, lease_until = NULL, finished_at = (SELECT clock_timestamp()),
                error = job.error
            WHERE j.tenant_id = due.tenant_id AND j.id = due.id;
            -- What is dead holds up none.
            passed_over := trim_array(passed_over, 1);
            CONTINUE;
        END IF;
        RETURN QUERY
            UPDATE public.jobs j
            SET state = 'running', attempts = j.attempts + 1, token = new_token, error = job.error,
                lease_until = (SELECT clock_timestamp() + make_interval(secs => leases_s[due.number]))
            WHERE j.tenant_id = due.tenant_id AND j.id = due.id
            RETURNING j.tenant_id, j.id, j.kind, j.arguments, j.attempts, j.correlation_id, j.created_at;
        EXIT;
    END LOOP;
    SET LOCAL app.current_tenant_id = '';
END
$$;

-- Of which of these kinds a job may be claimed, whoever's it is.
CREATE FUNCTION public.claimable_kinds(kinds text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT k.kind FROM unnest(kinds) AS k (kind)
    CROSS JOIN LATERAL (SELECT FROM public.claimable_jobs c WHERE c.kind = k.kind ORDER BY c.run_at LIMIT 1) AS one
$$;

REVOKE ALL ON FUNCTION public.claim_next_job(text[], integer[], double precision[], uuid),
    public.claimable_kinds(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.claim_next_job(text[], integer[], double precision[], uuid),
    public.claimable_kinds(text[]) TO app_user;

RESET ROLE;
