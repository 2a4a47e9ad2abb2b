-- Facts can be taken back without being changed or deleted: a reversing entry for an entry, a withdrawal for a touch.

SET ROLE skeldir_owner;

-- `delivery` says what brought a fact: the hash of its origin, such as a file. It is NULL for facts that are older than
-- this column. A reversing entry has the key of the entry that it takes back, the negative amount, the id of its undoing as
-- `delivery`, and -1 minus that entry's generation as its own. A key whose fact was taken back is free again: the next fact
-- with it has the next generation.
ALTER TABLE public.revenue_ledger ADD COLUMN delivery uuid;
ALTER TABLE public.revenue_ledger ADD COLUMN generation smallint NOT NULL DEFAULT 0;
ALTER TABLE public.revenue_ledger DROP CONSTRAINT revenue_ledger_tenant_id_business_key_key;
ALTER TABLE public.revenue_ledger
    ADD CONSTRAINT revenue_ledger_business_key UNIQUE (tenant_id, business_key, generation);
ALTER TABLE public.revenue_ledger DROP CONSTRAINT amount_has_the_sign_of_its_kind;
ALTER TABLE public.revenue_ledger ADD CONSTRAINT amount_has_the_sign_of_its_kind CHECK (
    CASE WHEN generation >= 0
         THEN CASE WHEN kind IN ('refund', 'dispute') THEN amount_cents < 0
                   WHEN kind = 'capture' THEN amount_cents >= 0
                   ELSE amount_cents > 0 END
         ELSE CASE WHEN kind IN ('refund', 'dispute') THEN amount_cents > 0
                   WHEN kind = 'capture' THEN amount_cents <= 0
                   ELSE amount_cents < 0 END END);
-- Small, and empty for a tenant that has taken nothing back: what counts is found without looking every key up.
CREATE INDEX revenue_ledger_reversals ON public.revenue_ledger (tenant_id, business_key, generation) WHERE generation < 0;

ALTER TABLE public.attribution_events ADD COLUMN delivery uuid;
ALTER TABLE public.attribution_events ADD COLUMN generation smallint NOT NULL DEFAULT 0;
ALTER TABLE public.attribution_events DROP CONSTRAINT attribution_events_idempotency;
ALTER TABLE public.attribution_events
    ADD CONSTRAINT attribution_events_idempotency UNIQUE (tenant_id, idempotency_key, generation);

-- A touch that was taken back. It is a fact as well: never changed, never deleted.
CREATE TABLE public.touch_withdrawals (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    idempotency_key text COLLATE "C" NOT NULL,
    generation smallint NOT NULL CHECK (generation >= 0),
    undoing_id uuid NOT NULL,
    withdrawn_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, idempotency_key, generation)
);

-- Who took back what, when and why; with `redoes`, who put back what that undoing took. Facts with ids after `after_id` up to
-- `until_id` are yet to be visited.
CREATE TABLE public.undoings (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    target_kind text NOT NULL CHECK (target_kind IN ('import', 'order', 'delivery')),
    target text COLLATE "C" NOT NULL,
    deliveries uuid[] NOT NULL,
    redoes uuid,
    reason text NOT NULL CHECK (btrim(reason) <> ''),
    requested_by text NOT NULL CHECK (btrim(requested_by) <> ''),
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    phase text NOT NULL DEFAULT 'entries' CHECK (phase IN ('entries', 'touches', 'done')),
    first_id uuid NOT NULL,
    after_id uuid NOT NULL,
    until_id uuid NOT NULL,
    entries bigint NOT NULL DEFAULT 0,
    touches bigint NOT NULL DEFAULT 0,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((phase = 'done') = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX undoings_open ON public.undoings (tenant_id, target_kind, target) WHERE phase <> 'done';

-- The undoing that took the import back; it is NULL for an import that stands.
ALTER TABLE public.imports ADD COLUMN undone_by uuid;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'touch_withdrawals', 'undoings', 'attribution_events', 'channels', 'model_changes',
                 'attribution_models', 'retention', 'audits', 'registered_tenants', 'revenue_ledger']
$$;

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

ALTER TABLE public.touch_withdrawals ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.touch_withdrawals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.touch_withdrawals
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER TABLE public.undoings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.undoings FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.undoings
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

GRANT SELECT, INSERT ON public.touch_withdrawals TO app_user;
GRANT SELECT, INSERT ON public.undoings TO app_user;
GRANT UPDATE (phase, after_id, entries, touches, ended_at) ON public.undoings TO app_user;
GRANT UPDATE (undone_by) ON public.imports TO app_user;
-- The stored journey of an order whose captures were all taken back.
GRANT DELETE ON public.order_journeys TO app_user;

RESET ROLE;
