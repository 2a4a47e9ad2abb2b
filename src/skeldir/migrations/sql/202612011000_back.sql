-- As it was before 202612011000, of a database in which nothing was taken back.

SET ROLE skeldir_owner;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'attribution_events', 'channels', 'model_changes', 'attribution_models', 'retention',
                 'audits', 'registered_tenants', 'revenue_ledger']
$$;

-- Deletes touches of the current tenant, and only those that its own rule says are too old.
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
        RETURNING e.id),
    cleared AS (
        DELETE FROM public.personal_data_findings f
        WHERE f.tenant_id = tenant AND f.relation = 'attribution_events'
          AND f.row_id IN (SELECT id FROM forgotten)
        RETURNING 1)
    SELECT count(*) INTO gone FROM forgotten;
    RETURN gone;
END
$$;

REVOKE DELETE ON public.order_journeys FROM app_user;
ALTER TABLE public.imports DROP COLUMN undone_by;
DROP TABLE public.undoings;
DROP TABLE public.touch_withdrawals;
ALTER TABLE public.attribution_events DROP CONSTRAINT attribution_events_idempotency;
ALTER TABLE public.attribution_events DROP COLUMN generation;
ALTER TABLE public.attribution_events DROP COLUMN delivery;
ALTER TABLE public.attribution_events
    ADD CONSTRAINT attribution_events_idempotency UNIQUE (tenant_id, idempotency_key);
ALTER TABLE public.revenue_ledger DROP CONSTRAINT amount_has_the_sign_of_its_kind;
ALTER TABLE public.revenue_ledger DROP CONSTRAINT revenue_ledger_business_key;
DROP INDEX public.revenue_ledger_reversals;
ALTER TABLE public.revenue_ledger DROP COLUMN generation;
ALTER TABLE public.revenue_ledger DROP COLUMN delivery;
ALTER TABLE public.revenue_ledger
    ADD CONSTRAINT revenue_ledger_tenant_id_business_key_key UNIQUE (tenant_id, business_key);
ALTER TABLE public.revenue_ledger ADD CONSTRAINT amount_has_the_sign_of_its_kind CHECK (
    CASE WHEN kind IN ('refund', 'dispute') THEN amount_cents < 0
         WHEN kind = 'capture' THEN amount_cents >= 0
         ELSE amount_cents > 0 END);

RESET ROLE;
