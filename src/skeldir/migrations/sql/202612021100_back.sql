SET ROLE skeldir_owner;

-- Deletes touches of the current tenant, and only those that its own rule says are too old, with what withdrew them.
CREATE OR REPLACE FUNCTION public.forget_touches(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    -- A variable, so that on Citus each statement goes to the tenant's node alone.
    tenant CONSTANT uuid := public.current_tenant_id();
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
                       WHERE o.tenant_id = tenant AND o.occurred_at < horizon LIMIT most)
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

ALTER TABLE public.imports DROP COLUMN repeats_undone;
ALTER TABLE public.imports DROP COLUMN replays;

RESET ROLE;
