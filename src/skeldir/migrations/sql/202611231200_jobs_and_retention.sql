-- Jobs, heartbeats, how long touches are kept, and what the scan for personal data found.

SET ROLE skeldir_owner;

-- What is to be done. The truth is here; a message only wakes a worker. Work that belongs to no tenant, like the
-- refresh of the views, stands under the nil tenant, which no row of `tenants` can have: so there is no foreign key.
CREATE TABLE public.jobs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind ~ '^[a-z]+\.[a-z_]+$'),
    arguments jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(arguments) = 'object'),
    state text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'running', 'done', 'dead')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    run_at timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz,
    token uuid,
    error text,
    correlation_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT arguments_hold_no_personal_keys CHECK (arguments = '{}' OR public.holds_no_personal_keys(arguments)),
    CONSTRAINT lease_is_of_a_running_job CHECK ((state = 'running') = (token IS NOT NULL AND lease_until IS NOT NULL)),
    CONSTRAINT end_is_of_a_finished_job CHECK ((state IN ('done', 'dead')) = (finished_at IS NOT NULL))
);
CREATE INDEX jobs_open ON public.jobs (tenant_id, kind) WHERE state IN ('ready', 'running');
CREATE INDEX jobs_finished ON public.jobs (tenant_id, kind, finished_at) WHERE state IN ('done', 'dead');
-- Workers look for work before they know whose it is.
CREATE INDEX jobs_claimable ON public.jobs (run_at) WHERE state IN ('ready', 'running');
-- Rows come and go by the second; without this the index of what is open would mostly point at what is not.
ALTER TABLE public.jobs SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- When the credit of an order was asked for: the age of the oldest mark is the lag of the credit.
ALTER TABLE public.dirty_orders ADD COLUMN marked_at timestamptz NOT NULL DEFAULT now();
-- Likewise of a day: for how long a rollup, and so every view over it, has not shown what there is.
ALTER TABLE public.dirty_days ADD COLUMN marked_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE public.dirty_orders SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE public.dirty_days SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- The processes that work. They serve all tenants, and say nothing of any.
CREATE TABLE public.heartbeats (
    process_id uuid NOT NULL PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('worker', 'beat')),
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);

-- How many days a tenant's touches are kept; NULL, or no row, for ever. `touches_forgotten_before` is written by
-- forget_touches alone: journeys that reach behind it are incomplete, so their credit is kept as it is.
CREATE TABLE public.retention (
    tenant_id uuid NOT NULL PRIMARY KEY REFERENCES public.tenants (id),
    touch_days integer CHECK (touch_days BETWEEN 1 AND 36500),
    touches_forgotten_before timestamptz
);

-- Where something that looks like personal data stands: the place, never the value.
CREATE TABLE public.personal_data_findings (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    relation text NOT NULL,
    column_name text NOT NULL,
    row_id uuid NOT NULL,
    path text NOT NULL,
    shape text NOT NULL CHECK (shape IN ('e_mail', 'phone', 'card', 'ip')),
    found_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, relation, column_name, row_id, path, shape)
);

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['jobs', 'retention', 'personal_data_findings'] LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY tenant_isolation ON public.%I USING (tenant_id = (SELECT public.current_tenant_id()))'
                       ' WITH CHECK (tenant_id = (SELECT public.current_tenant_id()))', tenant_table);
    END LOOP;
END
$$;
CREATE POLICY owner_reads ON public.jobs FOR SELECT TO skeldir_owner USING (true);

-- For forgetting; a block-range index costs the taking in of touches next to nothing.
CREATE INDEX attribution_events_moment ON public.attribution_events USING brin (tenant_id, occurred_at)
    WITH (pages_per_range = 16);

-- Which jobs a worker may try to claim: ready, or held by one that has not been heard of. It claims them one by one,
-- bound to their tenant, and reads what they say only then.
CREATE FUNCTION public.claimable_jobs(kinds text[], most integer)
RETURNS TABLE (tenant_id uuid, id uuid, kind text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT j.tenant_id, j.id, j.kind FROM public.jobs j
    WHERE j.kind = ANY(kinds)
      AND ((j.state = 'ready' AND j.run_at <= now()) OR (j.state = 'running' AND j.lease_until < now()))
    ORDER BY j.run_at, j.id LIMIT most
$$;

-- How much there is to do, of all tenants together.
CREATE FUNCTION public.job_counts() RETURNS TABLE (kind text, state text, jobs bigint, oldest_run_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT j.kind, j.state, count(*), min(j.run_at) FROM public.jobs j
    WHERE j.state IN ('ready', 'running', 'dead') GROUP BY j.kind, j.state
$$;

CREATE FUNCTION public.credit_backlog() RETURNS TABLE (marks bigint, oldest_marked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$ SELECT count(*), min(d.marked_at) FROM public.dirty_orders d $$;

CREATE FUNCTION public.rollup_backlog() RETURNS TABLE (marks bigint, oldest_marked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$ SELECT count(*), min(d.marked_at) FROM public.dirty_days d $$;

-- For what is done for every tenant once in a while.
CREATE FUNCTION public.tenants_without_job(job_kind text, since timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog
AS $$
    SELECT t.id FROM public.tenants t
    WHERE NOT EXISTS (SELECT FROM public.jobs j
                      WHERE j.tenant_id = t.id AND j.kind = job_kind
                        AND (j.created_at >= since OR j.state IN ('ready', 'running')))
    ORDER BY t.id
$$;

-- Deletes touches of the current tenant, and only those that its own rule says are too old: facts stay out of the
-- program's reach otherwise. The owner is bound by the tenant's policy like everybody.
CREATE FUNCTION public.forget_touches(most integer) RETURNS bigint
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

REVOKE ALL ON FUNCTION public.claimable_jobs(text[], integer), public.job_counts(), public.credit_backlog(),
    public.rollup_backlog(),
    public.tenants_without_job(text, timestamptz), public.forget_touches(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.claimable_jobs(text[], integer), public.job_counts(), public.credit_backlog(),
    public.rollup_backlog(),
    public.tenants_without_job(text, timestamptz), public.forget_touches(integer) TO app_user;

GRANT SELECT, INSERT, DELETE ON public.jobs, public.heartbeats, public.personal_data_findings TO app_user;
GRANT UPDATE (state, attempts, run_at, lease_until, token, error, finished_at) ON public.jobs TO app_user;
GRANT UPDATE (seen_at) ON public.heartbeats TO app_user;
GRANT SELECT, INSERT ON public.retention TO app_user;
GRANT UPDATE (touch_days) ON public.retention TO app_user;
-- The log of refreshes is kept for a while, not for ever.
GRANT DELETE ON public.matview_refreshes TO app_user;

RESET ROLE;
