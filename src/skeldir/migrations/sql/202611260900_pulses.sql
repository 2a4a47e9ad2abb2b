-- When each periodic task last ran, and which tenants wait for credit that nobody was asked for.

SET ROLE skeldir_owner;

-- What is done again and again for all tenants. Any process may take a pulse that is due: it moves `due_at` on in the
-- same statement, so that nobody else takes it too. `ended_at` moves only when a run succeeded. A pulse names no tenant.
CREATE TABLE public.pulses (
    name text COLLATE "C" NOT NULL PRIMARY KEY CHECK (name ~ '^[a-z]+\.[a-z_]+$'),
    every_s numeric NOT NULL CHECK (every_s > 0),
    due_at timestamptz NOT NULL DEFAULT now(),
    began_at timestamptz,
    ended_at timestamptz NOT NULL DEFAULT now(),
    error text
);
-- Seven rows, rewritten every second.
ALTER TABLE public.pulses SET (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
GRANT SELECT, INSERT ON public.pulses TO app_user;
GRANT UPDATE (every_s, due_at, began_at, ended_at, error) ON public.pulses TO app_user;

-- Tenants with dirty orders and no job for them. One whose job died lately is left alone for a while: the alert on dead
-- jobs tells of it, and a job every second would only fill the table. Jumps from tenant to tenant along the index,
-- however many marks each of them has.
CREATE FUNCTION public.tenants_without_credit_job(job_kind text, dead_since timestamptz, most integer)
RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    WITH RECURSIVE dirty (tenant_id) AS (
        (SELECT d.tenant_id FROM public.dirty_orders d ORDER BY d.tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT d.tenant_id FROM public.dirty_orders d
                WHERE d.tenant_id > dirty.tenant_id ORDER BY d.tenant_id LIMIT 1)
        FROM dirty WHERE dirty.tenant_id IS NOT NULL
    )
    SELECT d.tenant_id FROM dirty d
    WHERE d.tenant_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM public.jobs j
                      WHERE j.tenant_id = d.tenant_id AND j.kind = job_kind AND j.state IN ('ready', 'running'))
      AND NOT EXISTS (SELECT FROM public.jobs j
                      WHERE j.tenant_id = d.tenant_id AND j.kind = job_kind AND j.state = 'dead'
                        AND j.finished_at > dead_since)
    LIMIT most
$$;
REVOKE ALL ON FUNCTION public.tenants_without_credit_job(text, timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.tenants_without_credit_job(text, timestamptz, integer) TO app_user;

-- The same jump, where all marks were read before.
CREATE OR REPLACE FUNCTION public.tenants_with_dirty_days() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    WITH RECURSIVE dirty (tenant_id) AS (
        (SELECT d.tenant_id FROM public.dirty_days d ORDER BY d.tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT d.tenant_id FROM public.dirty_days d
                WHERE d.tenant_id > dirty.tenant_id ORDER BY d.tenant_id LIMIT 1)
        FROM dirty WHERE dirty.tenant_id IS NOT NULL
    )
    SELECT d.tenant_id FROM dirty d WHERE d.tenant_id IS NOT NULL
$$;

RESET ROLE;
