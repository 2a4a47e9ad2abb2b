-- Journeys that many orders share are marked as a whole, heavy orders wait behind the light ones, and the order that
-- cannot be credited is set aside with its reason. See docs/decisions/0013.

SET ROLE skeldir_owner;

-- A deferred mark waits until the others have been credited: its journey is long, or many orders share it.
ALTER TABLE public.dirty_orders ADD COLUMN is_deferred boolean NOT NULL DEFAULT false;
CREATE INDEX dirty_orders_deferred ON public.dirty_orders (tenant_id, id) WHERE is_deferred;

-- A mark of every order of a journey that has a capture between two moments, both included. A credit run turns it into
-- marks of orders, some at a time; so a touch writes one row however many orders it reaches.
CREATE TABLE public.dirty_journeys (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    journey_key bytea NOT NULL,
    first_moment timestamptz NOT NULL,
    last_moment timestamptz NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX dirty_journeys_journey ON public.dirty_journeys (tenant_id, journey_key);
ALTER TABLE public.dirty_journeys SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- How many transactions have written credit of a tenant. Credit is computed between two transactions; it may be written
-- only while the number is the one that was read with the facts.
CREATE TABLE public.credit_turns (
    tenant_id uuid NOT NULL PRIMARY KEY REFERENCES public.tenants (id),
    turn bigint NOT NULL CHECK (turn >= 1)
);

-- Orders that the last attempt could not credit by their journeys. A successful one deletes the row.
CREATE TABLE public.orders_set_aside (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    order_id text COLLATE "C" NOT NULL,
    reason text NOT NULL CHECK (reason IN ('journey_too_long', 'order_too_large', 'credit_failed')),
    detail text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, order_id)
);

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['dirty_journeys', 'credit_turns', 'orders_set_aside'] LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY tenant_isolation ON public.%I USING (tenant_id = (SELECT public.current_tenant_id()))'
                       ' WITH CHECK (tenant_id = (SELECT public.current_tenant_id()))', tenant_table);
    END LOOP;
END
$$;
CREATE POLICY owner_reads ON public.dirty_journeys FOR SELECT TO skeldir_owner USING (true);
CREATE POLICY owner_reads ON public.orders_set_aside FOR SELECT TO skeldir_owner USING (true);

-- Jumps from tenant to tenant along the indexes, however many marks each of them has.
CREATE OR REPLACE FUNCTION public.tenants_with_dirty_orders() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    WITH RECURSIVE dirty (tenant_id) AS (
        (SELECT m.tenant_id FROM ((SELECT d.tenant_id FROM public.dirty_orders d ORDER BY 1 LIMIT 1)
                                  UNION ALL
                                  (SELECT d.tenant_id FROM public.dirty_journeys d ORDER BY 1 LIMIT 1)) m
         ORDER BY 1 LIMIT 1)
        UNION ALL
        SELECT (SELECT m.tenant_id
                FROM ((SELECT d.tenant_id FROM public.dirty_orders d
                       WHERE d.tenant_id > dirty.tenant_id ORDER BY 1 LIMIT 1)
                      UNION ALL
                      (SELECT d.tenant_id FROM public.dirty_journeys d
                       WHERE d.tenant_id > dirty.tenant_id ORDER BY 1 LIMIT 1)) m
                ORDER BY 1 LIMIT 1)
        FROM dirty WHERE dirty.tenant_id IS NOT NULL
    )
    SELECT d.tenant_id FROM dirty d WHERE d.tenant_id IS NOT NULL
$$;

-- Tenants with something to credit and no job for it. One whose job died lately is left alone for a while: the alert on
-- dead jobs names it, and a new job every second would only fill the table.
CREATE FUNCTION public.tenants_without_credit_job(job_kind text, dead_since timestamptz, most integer)
RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT d.tenant_id FROM public.tenants_with_dirty_orders() AS d (tenant_id)
    WHERE NOT EXISTS (SELECT FROM public.jobs j
                      WHERE j.tenant_id = d.tenant_id AND j.kind = job_kind AND j.state IN ('ready', 'running'))
      AND NOT EXISTS (SELECT FROM public.jobs j
                      WHERE j.tenant_id = d.tenant_id AND j.kind = job_kind AND j.state = 'dead'
                        AND j.finished_at > dead_since)
    LIMIT most
$$;

CREATE OR REPLACE FUNCTION public.credit_backlog() RETURNS TABLE (marks bigint, oldest_marked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT count(*), min(d.marked_at)
    FROM (SELECT marked_at FROM public.dirty_orders UNION ALL SELECT marked_at FROM public.dirty_journeys) d
$$;

-- How many orders are set aside, of all tenants together.
CREATE FUNCTION public.set_aside_counts() RETURNS TABLE (reason text, orders bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$ SELECT s.reason, count(*) FROM public.orders_set_aside s GROUP BY s.reason $$;

REVOKE ALL ON FUNCTION public.set_aside_counts(), public.tenants_without_credit_job(text, timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.set_aside_counts(), public.tenants_without_credit_job(text, timestamptz, integer)
    TO app_user;

GRANT SELECT, INSERT, DELETE ON public.dirty_journeys, public.orders_set_aside TO app_user;
GRANT UPDATE (reason, detail) ON public.orders_set_aside TO app_user;
GRANT SELECT, INSERT ON public.credit_turns TO app_user;
GRANT UPDATE (turn) ON public.credit_turns TO app_user;

RESET ROLE;
