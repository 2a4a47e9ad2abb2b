-- When each periodic task last ran.

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

-- Jumps from tenant to tenant along the index, where all marks were read before.
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
