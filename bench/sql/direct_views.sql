-- The five views again, with the same content, directly over the facts: the cost of a refresh without rollups.
-- The models' parameters (lookback 30 days, half-life 7 days, "keep") are the defaults, which every tenant uses here.

CREATE SCHEMA direct AUTHORIZATION matview_owner;
GRANT USAGE ON SCHEMA direct TO app_user;

CREATE POLICY matview_owner_reads ON public.attribution_events FOR SELECT TO matview_owner USING (true);
CREATE POLICY matview_owner_reads ON public.revenue_ledger FOR SELECT TO matview_owner USING (true);
CREATE POLICY matview_owner_reads ON public.attribution_models FOR SELECT TO matview_owner USING (true);
CREATE POLICY matview_owner_reads ON public.spend FOR SELECT TO matview_owner USING (true);
GRANT SELECT ON public.attribution_events, public.revenue_ledger, public.attribution_models, public.spend TO matview_owner;
GRANT USAGE ON SCHEMA bench TO matview_owner;
GRANT SELECT ON bench.powers TO matview_owner;

SET ROLE matview_owner;

-- An order's earliest capture determines its journey.
CREATE VIEW direct.conversions AS
SELECT DISTINCT ON (tenant_id, order_id)
       tenant_id, order_id, id AS entry_id, journey_key, occurred_at AS converted_at
FROM public.revenue_ledger
WHERE kind = 'capture'
ORDER BY tenant_id, order_id, occurred_at, business_key;

-- A touch of a journey, its place in it, and its age relative to the newest touch, in microseconds.
CREATE VIEW direct.journeys AS
SELECT c.tenant_id, c.order_id, coalesce(t.channel_code, 'unattributed') COLLATE "C" AS channel_code,
       row_number() OVER (journey ORDER BY t.occurred_at, t.idempotency_key) AS place,
       count(*) OVER journey AS touches,
       t.channel_code IS DISTINCT FROM 'direct' AS is_non_direct,
       coalesce((extract(epoch FROM max(t.occurred_at) OVER journey - t.occurred_at) * 1000000)::bigint, 0) AS age
FROM direct.conversions c
LEFT JOIN public.attribution_events t
       ON t.tenant_id = c.tenant_id AND t.journey_key = c.journey_key
      AND t.occurred_at BETWEEN c.converted_at - interval '30 days' AND c.converted_at
WINDOW journey AS (PARTITION BY c.tenant_id, c.order_id);

-- 2^120 times 2^(-age / 7 days), to the same last bit as skeldir.attribution.models.halving. The exponent's fraction
-- has 56 bits, computed 20, 20 and 16 at a time; bench.powers has the powers of its three digits of ten bits.
CREATE VIEW direct.weighed_touches AS
SELECT j.*,
       max(j.place) FILTER (WHERE j.is_non_direct) OVER (PARTITION BY j.tenant_id, j.order_id) AS last_non_direct,
       div(72057594037927936 * (l.power - div(l.power * (f.bits & 67108863) * 12786308645202655659,
                                              1329227995784915872903807060280344576)),
           (1::bigint << (j.age / 604800000000)::integer)::numeric) AS decayed
FROM direct.journeys j
CROSS JOIN LATERAL (SELECT j.age % 604800000000 << 20 AS n) a
CROSS JOIN LATERAL (SELECT a.n % 604800000000 << 20 AS n) b
CROSS JOIN LATERAL (SELECT b.n % 604800000000 << 16 AS n) c
CROSS JOIN LATERAL (SELECT (a.n / 604800000000 << 36) + (b.n / 604800000000 << 16) + c.n / 604800000000 AS bits) f
JOIN bench.powers p1 ON p1.place = 1 AND p1.digit = f.bits >> 46
JOIN bench.powers p2 ON p2.place = 2 AND p2.digit = f.bits >> 36 & 1023
JOIN bench.powers p3 ON p3.place = 3 AND p3.digit = f.bits >> 26 & 1023
CROSS JOIN LATERAL (SELECT div(div(p1.power * p2.power, 18446744073709551616) * p3.power, 18446744073709551616) AS power) l;

CREATE VIEW direct.weights AS
SELECT s.tenant_id, s.order_id, s.channel_code, m.model_version, w.weight,
       sum(w.weight) OVER (PARTITION BY s.tenant_id, s.order_id, m.model_version) AS whole
FROM (SELECT tenant_id, order_id, channel_code,
             count(*) FILTER (WHERE place = 1) AS first_touch,
             count(*) FILTER (WHERE place = touches) AS last_touch,
             count(*) FILTER (WHERE place = coalesce(last_non_direct, touches)) AS last_non_direct,
             count(*) AS linear,
             sum(CASE WHEN touches > 2 AND place IN (1, touches) THEN 2 * (touches - 2) ELSE 1 END) AS position_based,
             sum(decayed) AS time_decay
      FROM direct.weighed_touches
      GROUP BY tenant_id, order_id, channel_code) s
CROSS JOIN LATERAL (VALUES ('first_touch', first_touch), ('last_touch', last_touch), ('last_non_direct', last_non_direct),
                           ('linear', linear), ('position_based', position_based), ('time_decay', time_decay))
                   AS w (model, weight)
JOIN public.attribution_models m ON m.tenant_id = s.tenant_id AND m.model = w.model AND m.is_active
WHERE w.weight > 0;

-- The amounts to divide: the balance of the order after each entry and, at its earliest capture, its one conversion.
CREATE VIEW direct.balances AS
SELECT e.tenant_id, e.order_id, e.id AS entry_id, e.currency, e.occurred_at, e.business_key,
       sum(e.amount_cents) OVER (PARTITION BY e.tenant_id, e.order_id, e.currency
                                 ORDER BY e.occurred_at, e.business_key) AS balance,
       CASE WHEN e.id = c.entry_id THEN 1000000000000 ELSE 0 END AS conversion
FROM public.revenue_ledger e
JOIN direct.conversions c USING (tenant_id, order_id);

-- Largest remainder: round down, then give the remaining units to the largest remainders, ties by channel code.
CREATE VIEW direct.allocations AS
SELECT tenant_id, model_version, channel_code, currency, (occurred_at AT TIME ZONE 'UTC')::date AS entry_date,
       share - lag(share, 1, 0::numeric) OVER (PARTITION BY tenant_id, order_id, currency, model_version, channel_code
                                               ORDER BY occurred_at, business_key) AS cents,
       ppt
FROM (SELECT f.*,
             sign(balance) * (cents + CASE WHEN row_number() OVER (split ORDER BY cents_rest DESC, channel_code)
                                                <= abs(balance) - sum(cents) OVER split THEN 1 ELSE 0 END) AS share,
             floored + CASE WHEN row_number() OVER (split ORDER BY ppt_rest DESC, channel_code)
                                 <= conversion - sum(floored) OVER split THEN 1 ELSE 0 END AS ppt
      FROM (SELECT b.*, w.model_version, w.channel_code,
                   div(abs(b.balance) * w.weight, w.whole) AS cents, mod(abs(b.balance) * w.weight, w.whole) AS cents_rest,
                   div(b.conversion * w.weight, w.whole) AS floored, mod(b.conversion * w.weight, w.whole) AS ppt_rest
            FROM direct.balances b
            JOIN direct.weights w USING (tenant_id, order_id)) f
      WINDOW split AS (PARTITION BY tenant_id, entry_id, model_version)) parts;

CREATE VIEW direct.stated_entries AS
SELECT e.tenant_id, (e.occurred_at AT TIME ZONE 'UTC')::date AS revenue_date, e.currency, e.amount_cents, e.occurred_at,
       CASE WHEN e.kind = 'capture' THEN 'captured'
            WHEN c.entry_id IS NULL
                THEN CASE WHEN e.kind LIKE 'dispute%' THEN 'dispute_awaiting_capture' ELSE 'awaiting_capture' END
            WHEN e.kind = 'refund' THEN 'refunded'
            WHEN e.kind = 'refund_reversal' THEN 'refund_reversed'
            WHEN e.kind = 'dispute' THEN 'disputed'
            ELSE 'dispute_reversed' END AS state,
       e.id = c.entry_id AS opens_order
FROM public.revenue_ledger e
LEFT JOIN direct.conversions c USING (tenant_id, order_id);

CREATE MATERIALIZED VIEW direct.mv_realtime_revenue AS
SELECT tenant_id, currency,
       coalesce(sum(amount_cents) FILTER (WHERE state = 'captured'), 0)::bigint AS captured_cents,
       coalesce(sum(amount_cents) FILTER (WHERE state IN ('refunded', 'refund_reversed', 'awaiting_capture')), 0)::bigint
           AS refunded_cents,
       coalesce(sum(amount_cents) FILTER (WHERE state IN ('disputed', 'dispute_reversed', 'dispute_awaiting_capture')), 0)::bigint
           AS disputed_cents,
       sum(amount_cents)::bigint AS net_cents,
       count(*) FILTER (WHERE opens_order) AS orders,
       max(occurred_at) AS last_entry_at
FROM direct.stated_entries
GROUP BY tenant_id, currency;
CREATE UNIQUE INDEX ON direct.mv_realtime_revenue (tenant_id, currency);

CREATE MATERIALIZED VIEW direct.mv_daily_revenue_summary AS
SELECT tenant_id, revenue_date, currency, state, sum(amount_cents)::bigint AS amount_cents, count(*) AS entries
FROM direct.stated_entries
GROUP BY tenant_id, revenue_date, currency, state;
CREATE UNIQUE INDEX ON direct.mv_daily_revenue_summary (tenant_id, revenue_date, currency, state);

CREATE MATERIALIZED VIEW direct.mv_channel_performance AS
SELECT tenant_id, model_version, channel_code, date, currency,
       (sum(ppt) / 1000000000000)::numeric(30, 12) AS credited_conversions,
       sum(cents)::bigint AS credited_cents, sum(spend_cents)::bigint AS spend_cents,
       round(sum(cents) / nullif(sum(spend_cents), 0), 6) AS roas
FROM (SELECT tenant_id, model_version, channel_code, entry_date AS date, currency, ppt, cents, 0 AS spend_cents
      FROM direct.allocations
      WHERE cents <> 0 OR ppt <> 0
      UNION ALL
      SELECT s.tenant_id, m.model_version, s.channel_code, s.spend_date, s.currency, 0, 0, s.amount_cents
      FROM public.spend s
      JOIN public.attribution_models m ON m.tenant_id = s.tenant_id AND m.is_active) sides
GROUP BY tenant_id, model_version, channel_code, date, currency;
CREATE UNIQUE INDEX ON direct.mv_channel_performance (tenant_id, date, model_version, channel_code, currency);

CREATE MATERIALIZED VIEW direct.mv_allocation_summary AS
SELECT tenant_id, model_version, date, currency,
       sum(ledger)::bigint AS ledger_cents, sum(awaiting)::bigint AS awaiting_capture_cents,
       sum(allocated)::bigint AS allocated_cents,
       sum(ledger - awaiting - allocated)::bigint AS drift_cents, sum(ledger - awaiting) = sum(allocated) AS is_balanced
FROM (SELECT e.tenant_id, m.model_version, e.revenue_date AS date, e.currency, e.amount_cents AS ledger,
             CASE WHEN e.state IN ('awaiting_capture', 'dispute_awaiting_capture') THEN e.amount_cents ELSE 0 END AS awaiting, 0 AS allocated
      FROM direct.stated_entries e
      JOIN public.attribution_models m ON m.tenant_id = e.tenant_id AND m.is_active
      UNION ALL
      SELECT tenant_id, model_version, entry_date, currency, 0, 0, cents
      FROM direct.allocations
      WHERE cents <> 0 OR ppt <> 0) sides
GROUP BY tenant_id, model_version, date, currency;
CREATE UNIQUE INDEX ON direct.mv_allocation_summary (tenant_id, date, model_version, currency);

CREATE MATERIALIZED VIEW direct.mv_reconciliation_status AS
SELECT DISTINCT ON (tenant_id, platform)
       tenant_id, platform, currency, state, claimed_cents, verified_cents, ghost_cents,
       round((claimed_cents - verified_cents)::numeric * 10000 / nullif(verified_cents, 0), 2) AS discrepancy_bp,
       ran_at, id AS run_id
FROM public.reconciliation_runs
ORDER BY tenant_id, platform, ran_at DESC, id DESC;
CREATE UNIQUE INDEX ON direct.mv_reconciliation_status (tenant_id, platform);

GRANT MAINTAIN ON ALL TABLES IN SCHEMA direct TO app_user;
RESET ROLE;
