-- name: insert_job$
-- One that waits already serves as well: whoever claims it sees everything that was committed before. One that is
-- running may have looked already, so it does not count. A transaction that is bound to nobody, because its tenant is
-- being deleted, enqueues nothing. If the transaction has made marks, the tenant is listed for them in the same round trip.
WITH noted AS (
    INSERT INTO public.waiting_tenants (tenant_id, work)
    SELECT :tenant_id::uuid, n.work FROM unnest(:waits_for::text[]) AS n (work)
    WHERE public.current_tenant_id() IS NOT NULL
      AND NOT EXISTS (SELECT FROM public.waiting_tenants w WHERE w.tenant_id = :tenant_id AND w.work = n.work)
    RETURNING 1
)
INSERT INTO public.jobs (tenant_id, id, kind, arguments, run_at, correlation_id)
SELECT :tenant_id, :id, :kind, :arguments::text::jsonb, now() + make_interval(secs => :delay_s::float8), :correlation_id
WHERE public.current_tenant_id() IS NOT NULL AND NOT EXISTS (
    SELECT FROM public.jobs j
    WHERE j.tenant_id = :tenant_id AND j.kind = :kind AND j.state = 'ready' AND j.arguments = :arguments::text::jsonb
      AND j.run_at <= now() + make_interval(secs => :delay_s::float8))
RETURNING id;

-- name: note_waiting!
-- A row that another transaction has not committed yet does not count, and is not waited for.
INSERT INTO public.waiting_tenants (tenant_id, work)
SELECT :tenant_id::uuid, :work::text
WHERE public.current_tenant_id() IS NOT NULL
  AND NOT EXISTS (SELECT FROM public.waiting_tenants w WHERE w.tenant_id = :tenant_id AND w.work = :work)
RETURNING 1;

-- name: has_open_job$
SELECT EXISTS (SELECT FROM public.jobs
               WHERE tenant_id = :tenant_id AND kind = :kind AND state IN ('ready', 'running'));

-- name: is_job_running$
SELECT EXISTS (SELECT FROM public.jobs
               WHERE tenant_id = :tenant_id AND kind = :kind AND arguments = :arguments::text::jsonb
                 AND state = 'running' AND lease_until > clock_timestamp());

-- name: claim_next_job^
-- Never null: every column.
SELECT tenant_id, id, kind, arguments::text AS arguments, attempts, correlation_id, created_at
FROM public.claim_next_job(:kinds::text[], :most_attempts::integer[], :leases_s::float8[], :token::uuid);

-- name: claimable_kinds
-- Never null: every column.
SELECT kind FROM public.claimable_kinds(:kinds::text[]) AS kind;

-- name: extend_lease$
UPDATE public.jobs SET lease_until = (SELECT clock_timestamp()) + make_interval(secs => :lease_s::float8)
WHERE tenant_id = :tenant_id AND id = :id AND state = 'running' AND token = :token
RETURNING id;

-- name: finish_job$
-- Jobs of its kind that were done long ago go with it.
WITH gone AS (
    DELETE FROM public.jobs
    WHERE tenant_id = :tenant_id AND kind = :kind AND state = 'done'
      AND finished_at < now() - make_interval(secs => :keep_s::float8)
)
UPDATE public.jobs
SET state = 'done', finished_at = (SELECT clock_timestamp()), token = NULL, lease_until = NULL, error = NULL
WHERE tenant_id = :tenant_id AND id = :id AND state = 'running' AND token = :token
RETURNING id;

-- name: put_back_job$
-- Whether the attempt counts, and was the last one.
UPDATE public.jobs
SET attempts = greatest(0, attempts - CASE WHEN :counts::boolean THEN 0 ELSE 1 END),
    state = CASE WHEN :is_last::boolean THEN 'dead' ELSE 'ready' END,
    finished_at = CASE WHEN :is_last::boolean THEN (SELECT clock_timestamp()) END,
    run_at = CASE WHEN :is_last::boolean THEN run_at
                  ELSE (SELECT clock_timestamp() + make_interval(secs => :delay_s::float8)) END,
    token = NULL, lease_until = NULL, error = :error
WHERE tenant_id = :tenant_id AND id = :id AND state = 'running' AND token = :token
RETURNING id;

-- name: is_tenant_leaving$
-- Never null: tenant_is_leaving.
SELECT public.tenant_is_leaving(:tenant_id);

-- name: release_job!
-- Its worker was asked to stop: the job is ready for another at once, and this attempt does not count.
UPDATE public.jobs SET state = 'ready', attempts = greatest(0, attempts - 1), token = NULL, lease_until = NULL
WHERE tenant_id = :tenant_id AND id = :id AND state = 'running' AND token = :token;

-- name: delete_ended_jobs!
DELETE FROM public.jobs
WHERE tenant_id = :tenant_id AND state IN ('done', 'dead') AND finished_at < now() - interval '90 days';

-- name: retry_job^
UPDATE public.jobs SET state = 'ready', attempts = 0, run_at = now(), finished_at = NULL
WHERE tenant_id = :tenant_id AND id = :id AND state = 'dead'
RETURNING kind;

-- name: select_jobs
-- Keyset paging, the newest first: rows that are added between two pages stand before the first one.
-- Never null: arguments. May be null: before_id.
SELECT id, kind, arguments::text AS arguments, state, attempts, run_at, lease_until, error, correlation_id,
       created_at, finished_at
FROM public.jobs
WHERE tenant_id = :tenant_id
  AND (:state::text IS NULL OR state = :state::text)
  AND (:kind::text IS NULL OR kind = :kind::text)
  AND (:before_at::timestamptz IS NULL OR (created_at, id) < (:before_at::timestamptz, :before_id::uuid))
ORDER BY created_at DESC, id DESC
LIMIT :most;

-- name: select_jobs_of_all
-- For operators: members of skeldir_owner see all rows.
-- Never null: arguments.
SELECT tenant_id, id, kind, arguments::text AS arguments, state, attempts, run_at, lease_until, error, correlation_id,
       created_at, finished_at
FROM public.jobs
WHERE state = ANY(:states::text[])
ORDER BY created_at DESC, id DESC
LIMIT :most;

-- name: sample_jobs
-- Never null: every column.
SELECT kind, state, jobs, extract(epoch FROM clock_timestamp() - oldest_run_at)::float8 AS oldest_s
FROM public.job_counts();

-- name: tenants_without_job
-- Never null: tenant_id.
SELECT tenant_id FROM public.tenants_without_job(:kind, :since) AS tenant_id LIMIT :most;
