-- Journeys that ended, kept by day, so that a fit reads what is new and not all touches of its days.

SET ROLE skeldir_owner;

CREATE TABLE public.kept_lookbacks (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    lookback_days integer NOT NULL CHECK (lookback_days > 0),
    asked_at timestamptz NOT NULL DEFAULT now(),
    number bigint NOT NULL DEFAULT 0 CHECK (number >= 0),
    first_day date NOT NULL,
    facts_until timestamptz,
    zone_sha256 bytea CHECK (length(zone_sha256) = 32),
    channels text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, lookback_days),
    CHECK (facts_until IS NULL OR zone_sha256 IS NOT NULL)
);
COMMENT ON COLUMN public.kept_lookbacks.asked_at IS 'when a fit last asked for it';
COMMENT ON COLUMN public.kept_lookbacks.number IS 'goes up with each update and each erasure: an update of another number is not written';
COMMENT ON COLUMN public.kept_lookbacks.first_day IS 'all journeys that ended on this day or later are kept';
COMMENT ON COLUMN public.kept_lookbacks.facts_until IS 'all facts recorded before this moment are counted; null: nothing is kept';
COMMENT ON COLUMN public.kept_lookbacks.zone_sha256 IS 'of the rules of the time zone by which moments are put on days';
COMMENT ON COLUMN public.kept_lookbacks.channels IS 'the channel of each number in the kept journeys, from 1';

CREATE TABLE public.kept_journeys (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    lookback_days integer NOT NULL,
    day date NOT NULL,
    keys bytea NOT NULL CHECK (length(keys) > 0 AND length(keys) % 16 = 0),
    journeys bytea NOT NULL,
    PRIMARY KEY (tenant_id, lookback_days, day),
    FOREIGN KEY (tenant_id, lookback_days) REFERENCES public.kept_lookbacks (tenant_id, lookback_days)
);
COMMENT ON COLUMN public.kept_journeys.day IS 'the tenant''s day on which the journeys ended';
COMMENT ON COLUMN public.kept_journeys.keys IS 'their journey keys, one after another';
COMMENT ON COLUMN public.kept_journeys.journeys IS 'column by column: shards and ends, lengths, channels of the touches, money';
-- They hardly shrink, and reading them shall cost no decompression.
ALTER TABLE public.kept_journeys ALTER COLUMN keys SET STORAGE EXTERNAL;
ALTER TABLE public.kept_journeys ALTER COLUMN journeys SET STORAGE EXTERNAL;

ALTER TABLE public.kept_lookbacks ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.kept_lookbacks FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.kept_lookbacks USING (tenant_id = (SELECT public.current_tenant_id()))
    WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));
ALTER TABLE public.kept_journeys ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.kept_journeys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.kept_journeys USING (tenant_id = (SELECT public.current_tenant_id()))
    WITH CHECK (tenant_id = (SELECT public.current_tenant_id()));

-- What was taken back lately, and the orders that name no journey.
CREATE INDEX touch_withdrawals_moment ON public.touch_withdrawals (tenant_id, withdrawn_at);
CREATE INDEX revenue_ledger_without_journey ON public.revenue_ledger (tenant_id, occurred_at)
    WHERE kind = 'capture' AND journey_key IS NULL;

-- As before, and kept journeys go with their keys.
CREATE OR REPLACE FUNCTION public.erase_traces(
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
    DELETE FROM public.touch_corrections c
    WHERE c.tenant_id = tenant AND c.touch_key = ANY(touch_keys)
      AND c.touch_key NOT IN (SELECT x.idempotency_key FROM public.attribution_events x
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

    -- Kept journeys are found by their keys. Those of all others are counted from their facts by the next update.
    UPDATE public.kept_lookbacks k SET number = k.number + 1, facts_until = NULL WHERE k.tenant_id = tenant;
    DELETE FROM public.kept_journeys k WHERE k.tenant_id = tenant;

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

CREATE OR REPLACE FUNCTION public.tenant_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog
AS $$
    SELECT ARRAY['dirty_orders', 'dirty_journeys', 'dirty_days', 'restatements', 'waiting_tenants', 'jobs', 'api_keys',
                 'invitations', 'memberships', 'audit_log', 'saved_reports', 'notice_deliveries',
                 'notice_destinations', 'alerts',
                 'privacy_requests', 'erasures', 'webhook_secrets', 'webhook_refusals', 'webhook_endpoints',
                 'webhook_settings', 'payments',
                 'payment_refs', 'webhook_deliveries', 'renewal_orders', 'credited_renewals', 'credit_turns', 'orders_set_aside',
                 'personal_data_findings', 'credit_journal',
                 'rollup_revenue_day', 'rollup_revenue_total', 'rollup_channel_day', 'rollup_allocation_day',
                 'reconciliation_runs', 'reconciliation_lines', 'reconciliation_overlaps', 'reconciliations',
                 'order_journeys', 'kept_allocations', 'channel_numbers', 'dead_events',
                 'imports', 'channel_rule_turns', 'channel_rules', 'exchange_rates', 'spend', 'ad_days', 'ad_loads',
                 'touch_withdrawals', 'touch_corrections', 'undoings', 'attribution_events',
                 'channels', 'tenant_hosts',
                 'kept_journeys', 'kept_lookbacks', 'model_fits', 'model_changes', 'attribution_models', 'retention',
                 'time_zones', 'audits', 'registered_tenants', 'revenue_ledger']
$$;

GRANT SELECT, DELETE, INSERT (tenant_id, lookback_days, first_day),
      UPDATE (asked_at, number, first_day, facts_until, zone_sha256, channels)
    ON public.kept_lookbacks TO app_user;
GRANT SELECT, INSERT, DELETE, UPDATE (keys, journeys) ON public.kept_journeys TO app_user;

RESET ROLE;
