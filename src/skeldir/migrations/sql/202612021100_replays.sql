-- A replay of refused rows is a delivery of its own, numbered by its import. An import whose file repeated facts that may
-- have been taken back since is read again from its first row when it is run again.

SET ROLE skeldir_owner;

ALTER TABLE public.imports ADD COLUMN replays integer NOT NULL DEFAULT 0;
ALTER TABLE public.imports ADD COLUMN repeats_undone boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN public.imports.repeats_undone IS 'whether facts that its rows repeated may have been taken back since';
GRANT UPDATE (replays, repeats_undone) ON public.imports TO app_user;

-- Deletes touches of the current tenant, and only those that its own rule says are too old, with what withdrew them. A
-- touch that was withdrawn within the last day stays for another, with those of its key: until the orders that it reached
-- are credited, only these rows say what their stored journeys must lose, and hold instead.
CREATE OR REPLACE FUNCTION public.forget_touches(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    -- A variable, so that on Citus each statement goes to the tenant's node alone.
    tenant CONSTANT uuid := public.current_tenant_id();
    settled CONSTANT timestamptz := now() - interval '1 day';
    horizon timestamptz;
    gone bigint;
BEGIN
    SELECT date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - make_interval(days => r.touch_days)
    INTO horizon
    FROM public.retention r WHERE r.tenant_id = tenant FOR UPDATE;
    IF horizon IS NULL THEN
        RETURN 0;
    END IF;
    UPDATE public.retention r SET touches_forgotten_before = greatest(r.touches_forgotten_before, horizon)
    WHERE r.tenant_id = tenant;
    WITH forgotten AS (
        DELETE FROM public.attribution_events e
        WHERE e.tenant_id = tenant
          AND e.id IN (SELECT o.id FROM public.attribution_events o
                       WHERE o.tenant_id = tenant AND o.occurred_at < horizon
                         AND NOT EXISTS (SELECT FROM public.touch_withdrawals n
                                         WHERE n.tenant_id = tenant AND n.idempotency_key = o.idempotency_key
                                           AND n.withdrawn_at > settled)
                       LIMIT most)
        RETURNING e.id, e.idempotency_key),
    cleared AS (
        DELETE FROM public.personal_data_findings f
        WHERE f.tenant_id = tenant AND f.relation = 'attribution_events'
          AND f.row_id IN (SELECT id FROM forgotten)
        RETURNING 1),
    -- A withdrawal says which generation a key has: it stays as long as any touch with the key.
    forgiven AS (
        DELETE FROM public.touch_withdrawals w
        WHERE w.tenant_id = tenant
          AND w.idempotency_key IN (SELECT idempotency_key FROM forgotten)
          AND NOT EXISTS (SELECT FROM public.attribution_events x
                          WHERE x.tenant_id = tenant AND x.idempotency_key = w.idempotency_key
                            AND x.id NOT IN (SELECT id FROM forgotten))
        RETURNING 1)
    SELECT count(*) INTO gone FROM forgotten;
    RETURN gone;
END
$$;

RESET ROLE;
