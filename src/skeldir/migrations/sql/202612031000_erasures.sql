-- The personal traces of an order or a journey are erased; amounts and credit stay. Receipts are kept, and so are the
-- requests of privacy laws that shops pass on.

SET ROLE skeldir_owner;

ALTER TABLE public.payments DROP CONSTRAINT payments_journey_check;
ALTER TABLE public.payments
    ADD CONSTRAINT payments_journey_check CHECK (journey IN ('token', 'derived', 'erased'));

CREATE TABLE public.erasures (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    request_id uuid,
    target_kind text COLLATE "C" NOT NULL CHECK (target_kind IN ('order', 'journey', 'customer', 'shop')),
    target_digest text COLLATE "C" NOT NULL CHECK (target_digest ~ '^[0-9a-f]{64}$'),
    reason text NOT NULL CHECK (btrim(reason) <> ''),
    requested_by text NOT NULL CHECK (btrim(requested_by) <> ''),
    erased_at timestamptz NOT NULL,
    counts jsonb NOT NULL CHECK (public.holds_no_personal_keys(counts)),
    digest text COLLATE "C" NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN public.erasures.target_digest IS 'a SHA-256 of what was named; neither a token nor its hash can be read from it';
COMMENT ON COLUMN public.erasures.digest IS 'the SHA-256 of the receipt''s lines';

CREATE TABLE public.privacy_requests (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('data_request', 'redact_customer', 'redact_shop')),
    order_refs text[] COLLATE "C" NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL,
    answered_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
COMMENT ON COLUMN public.privacy_requests.answered_at IS
    'when the orders'' traces were erased, or what is held of them was exported';
CREATE INDEX idx_privacy_requests_due ON public.privacy_requests (tenant_id, due_at, id);

ALTER TABLE public.erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.erasures FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.erasures
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER TABLE public.privacy_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.privacy_requests FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.privacy_requests
    USING (tenant_id = (SELECT public.current_tenant_id())) WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

-- Erases the personal traces of orders, payments and a journey of the current tenant, and writes the receipt. The journeys of
-- the orders are erased with them, and with a journey all orders that it led to: a journey is a person. Touches are deleted;
-- entries lose the journey's key, and deliveries all but the type and the money. Amounts and stored credit stay.
CREATE FUNCTION public.erase_traces(
    erasure uuid, request uuid, kind_of_target text, digest_of_target text, why text, who text, named_orders text[],
    named_payments uuid[], named_key bytea) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog
AS $$
DECLARE
    -- Variables, so that on Citus each statement goes to the tenant's node alone.
    tenant CONSTANT uuid := public.current_tenant_id();
    moment CONSTANT timestamptz := clock_timestamp();
    orders text[];
    payment_ids uuid[];
    keys bytea[];
    hex_keys text[];
    touch_ids uuid[];
    touch_keys text[];
    row_ids uuid[];
    gone bigint;
    counts jsonb := '{}';
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'no tenant is set' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- What was named, and what belongs to it: payments, their orders, the keys of both.
    SELECT coalesce(array_agg(p.id), '{}') INTO payment_ids FROM public.payments p
    WHERE p.tenant_id = tenant AND (p.id = ANY(named_payments) OR p.order_id = ANY(named_orders));
    SELECT coalesce(array_agg(DISTINCT o), '{}') INTO orders FROM (
        SELECT unnest(named_orders) AS o
        UNION SELECT p.order_id FROM public.payments p
        WHERE p.tenant_id = tenant AND p.id = ANY(payment_ids) AND p.order_id IS NOT NULL) named;
    SELECT coalesce(array_agg(DISTINCT k), '{}') INTO keys FROM (
        SELECT named_key AS k WHERE named_key IS NOT NULL
        UNION SELECT l.journey_key FROM public.revenue_ledger l
        WHERE l.tenant_id = tenant AND l.order_id = ANY(orders) AND l.journey_key IS NOT NULL
        UNION SELECT decode(d.report ->> 'journey_hash', 'hex') FROM public.webhook_deliveries d
        WHERE d.tenant_id = tenant AND d.payment_id = ANY(payment_ids) AND d.report ? 'journey_hash') found;
    SELECT coalesce(array_agg(encode(k, 'hex')), '{}') INTO hex_keys FROM unnest(keys) AS k;
    -- What else these journeys led to.
    SELECT coalesce(array_agg(DISTINCT o), '{}') INTO orders FROM (
        SELECT unnest(orders) AS o
        UNION SELECT l.order_id FROM public.revenue_ledger l
        WHERE l.tenant_id = tenant AND l.journey_key = ANY(keys)) led;
    SELECT coalesce(array_agg(DISTINCT p), '{}') INTO payment_ids FROM (
        SELECT unnest(payment_ids) AS p
        UNION SELECT p.id FROM public.payments p WHERE p.tenant_id = tenant AND p.order_id = ANY(orders)
        UNION SELECT d.payment_id FROM public.webhook_deliveries d
        WHERE d.tenant_id = tenant AND d.payment_id IS NOT NULL AND d.report ->> 'journey_hash' = ANY(hex_keys)) led;

    SELECT coalesce(array_agg(e.id), '{}'), coalesce(array_agg(e.idempotency_key), '{}') INTO touch_ids, touch_keys
    FROM public.attribution_events e WHERE e.tenant_id = tenant AND e.journey_key = ANY(keys);
    DELETE FROM public.attribution_events e WHERE e.tenant_id = tenant AND e.id = ANY(touch_ids);
    GET DIAGNOSTICS gone = ROW_COUNT;
    counts := counts || jsonb_build_object('touches', gone);
    -- A withdrawal says which generation a key has: it stays as long as any touch with the key.
    DELETE FROM public.touch_withdrawals w
    WHERE w.tenant_id = tenant AND w.idempotency_key = ANY(touch_keys)
      AND w.idempotency_key NOT IN (SELECT x.idempotency_key FROM public.attribution_events x
                                    WHERE x.tenant_id = tenant AND x.idempotency_key = ANY(touch_keys));
    DELETE FROM public.dirty_journeys j WHERE j.tenant_id = tenant AND j.journey_key = ANY(keys);
    SELECT coalesce(array_agg(x.id), '{}') INTO row_ids FROM public.dead_events x
    WHERE x.tenant_id = tenant AND x.item ->> 'journey_key' = ANY(hex_keys);
    DELETE FROM public.dead_events x WHERE x.tenant_id = tenant AND x.id = ANY(row_ids);
    GET DIAGNOSTICS gone = ROW_COUNT;
    counts := counts || jsonb_build_object('rejected_items', gone);
    row_ids := row_ids || touch_ids;

    UPDATE public.revenue_ledger l SET journey_key = NULL
    WHERE l.tenant_id = tenant AND l.order_id = ANY(orders) AND l.journey_key IS NOT NULL;
    GET DIAGNOSTICS gone = ROW_COUNT;
    counts := counts || jsonb_build_object('journey_keys', gone);
    SELECT count(DISTINCT l.order_id) INTO gone FROM public.revenue_ledger l
    WHERE l.tenant_id = tenant AND l.order_id = ANY(orders);
    counts := counts || jsonb_build_object('orders', gone);
    SELECT row_ids || coalesce(array_agg(d.id), '{}') INTO row_ids FROM public.webhook_deliveries d
    WHERE d.tenant_id = tenant AND d.payment_id = ANY(payment_ids);
    UPDATE public.webhook_deliveries d
    SET headers = '{}', kept = '{}', report = d.report - 'journey_hash' - 'visit'
    WHERE d.tenant_id = tenant AND d.payment_id = ANY(payment_ids);
    GET DIAGNOSTICS gone = ROW_COUNT;
    counts := counts || jsonb_build_object('deliveries', gone);
    UPDATE public.payments p SET journey = 'erased' WHERE p.tenant_id = tenant AND p.id = ANY(payment_ids);
    GET DIAGNOSTICS gone = ROW_COUNT;
    counts := counts || jsonb_build_object('payments', gone);
    DELETE FROM public.personal_data_findings f WHERE f.tenant_id = tenant AND f.row_id = ANY(row_ids);

    INSERT INTO public.erasures
        (tenant_id, id, request_id, target_kind, target_digest, reason, requested_by, erased_at, counts, digest)
    VALUES (tenant, erasure, request, kind_of_target, digest_of_target, why, who, moment, counts,
            encode(sha256(convert_to(concat_ws(
                E'\n', tenant, erasure, kind_of_target, digest_of_target, why, who,
                to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                (SELECT string_agg(c.key || ' ' || c.value, E'\n' ORDER BY c.key COLLATE "C")
                 FROM jsonb_each_text(counts) c)), 'UTF8')), 'hex'));
    RETURN counts;
END
$$;
REVOKE ALL ON FUNCTION public.erase_traces(uuid, uuid, text, text, text, text, text[], uuid[], bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.erase_traces(uuid, uuid, text, text, text, text, text[], uuid[], bytea) TO app_user;

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'privacy_requests', 'erasures', 'webhook_secrets', 'webhook_refusals', 'webhook_endpoints',
                 'webhook_settings', 'payments',
                 'payment_refs', 'webhook_deliveries', 'credit_turns', 'orders_set_aside', 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'spend', 'touch_withdrawals', 'undoings', 'attribution_events', 'channels', 'tenant_hosts',
                 'model_changes', 'attribution_models', 'retention', 'time_zones', 'audits', 'registered_tenants',
                 'revenue_ledger']
$$;

GRANT SELECT ON public.erasures TO app_user;
GRANT SELECT, INSERT, UPDATE (answered_at) ON public.privacy_requests TO app_user;

RESET ROLE;
