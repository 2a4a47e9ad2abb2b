-- name: select_active_models
SELECT model_version, model, version, lookback_days, after_conversion, half_life_days
FROM public.attribution_models
WHERE tenant_id = :tenant_id AND is_active
ORDER BY model_version;

-- name: select_latest_versions
SELECT model, max(version) AS version FROM public.attribution_models WHERE tenant_id = :tenant_id GROUP BY model;

-- name: select_same_version$
SELECT model_version FROM public.attribution_models
WHERE tenant_id = :tenant_id AND model = :model AND lookback_days = :lookback_days
  AND after_conversion = :after_conversion AND half_life_days = :half_life_days
ORDER BY version DESC LIMIT 1;

-- name: deactivate_models!
UPDATE public.attribution_models SET is_active = false
WHERE tenant_id = :tenant_id AND model = ANY(:models::text[]) AND is_active;

-- name: activate_model!
UPDATE public.attribution_models SET is_active = true
WHERE tenant_id = :tenant_id AND model_version = :model_version;

-- name: insert_model!
INSERT INTO public.attribution_models
    (tenant_id, model_version, model, version, lookback_days, after_conversion, half_life_days, is_active)
VALUES (:tenant_id, :model_version, :model, :version, :lookback_days, :after_conversion, :half_life_days, true);

-- name: mark_orders!
INSERT INTO public.dirty_orders (tenant_id, order_id)
SELECT :tenant_id, order_id FROM unnest(:order_ids::text[]) AS order_id;

-- name: credit_backlog^
SELECT marks, extract(epoch FROM clock_timestamp() - oldest_marked_at)::float8 AS oldest_s FROM public.credit_backlog();

-- name: mark_all_orders$
WITH marked AS (
    INSERT INTO public.dirty_orders (tenant_id, order_id)
    SELECT DISTINCT :tenant_id::uuid, order_id FROM public.revenue_ledger WHERE tenant_id = :tenant_id
    RETURNING 1
)
SELECT count(*) FROM marked;

-- name: mark_orders_reached_by_touches$
-- A touch can earn from the captures of its journey that follow it within the longest active lookback.
WITH marked AS (
INSERT INTO public.dirty_orders (tenant_id, order_id)
SELECT DISTINCT :tenant_id::uuid, l.order_id
FROM unnest(:journey_keys::bytea[], :moments::timestamptz[]) AS t (journey_key, occurred_at)
JOIN public.revenue_ledger l
  ON l.tenant_id = :tenant_id AND l.journey_key = t.journey_key AND l.kind = 'capture'
 AND l.occurred_at >= t.occurred_at
 AND l.occurred_at <= t.occurred_at + make_interval(days => :lookback_days::integer)
RETURNING 1
)
SELECT count(*) FROM marked;

-- name: mark_orders_after_captures!
-- Where conversions cut journeys, a capture shortens the journeys of the orders that follow it; a capture earlier
-- than the known ones also moves its order, so all captures of the order count.
INSERT INTO public.dirty_orders (tenant_id, order_id)
SELECT DISTINCT :tenant_id::uuid, later.order_id
FROM public.revenue_ledger own
JOIN public.revenue_ledger later
  ON later.tenant_id = :tenant_id AND later.journey_key = own.journey_key AND later.kind = 'capture'
 AND later.occurred_at >= own.occurred_at
 AND later.occurred_at <= own.occurred_at + make_interval(days => :lookback_days::integer)
WHERE own.tenant_id = :tenant_id AND own.order_id = ANY(:order_ids::text[])
  AND own.kind = 'capture' AND own.journey_key IS NOT NULL
  AND later.order_id <> ALL(:order_ids::text[]);

-- name: tenants_with_dirty_orders
SELECT tenant_id FROM public.tenants_with_dirty_orders() AS tenant_id;

-- name: tenants_without_credit_job
SELECT tenant_id FROM public.tenants_without_credit_job(:kind, :dead_since, :most) AS tenant_id;

-- name: count_dirty_orders$
SELECT count(DISTINCT order_id) FROM public.dirty_orders WHERE tenant_id = :tenant_id;

-- name: select_marks
SELECT id, order_id FROM public.dirty_orders
WHERE tenant_id = :tenant_id AND id > :after
ORDER BY id LIMIT :most;

-- name: take_marks
WITH taken AS (
    DELETE FROM public.dirty_orders WHERE tenant_id = :tenant_id AND id = ANY(:ids::uuid[]) RETURNING order_id
)
SELECT DISTINCT order_id FROM taken ORDER BY order_id;

-- name: select_entries
SELECT order_id, id, business_key, occurred_at, kind, currency, amount_cents, journey_key
FROM public.revenue_ledger
WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids::text[]);

-- name: select_touches
SELECT j.place, t.occurred_at, t.channel_code, t.idempotency_key
FROM unnest(:journey_keys::bytea[], :moments::timestamptz[]) WITH ORDINALITY AS j (journey_key, converted_at, place)
JOIN public.attribution_events t
  ON t.tenant_id = :tenant_id AND t.journey_key = j.journey_key
 AND t.occurred_at >= j.converted_at - make_interval(days => :lookback_days::integer)
 AND t.occurred_at <= j.converted_at
ORDER BY j.place, t.occurred_at, t.idempotency_key;

-- name: select_previous_conversions
-- An order converts at its earliest capture; of two orders at one moment, the smaller order id comes first.
SELECT j.place, p.occurred_at
FROM unnest(:order_ids::text[], :journey_keys::bytea[], :moments::timestamptz[])
     WITH ORDINALITY AS j (order_id, journey_key, converted_at, place)
CROSS JOIN LATERAL (
    SELECT l.occurred_at
    FROM public.revenue_ledger l
    WHERE l.tenant_id = :tenant_id AND l.journey_key = j.journey_key AND l.kind = 'capture'
      AND l.occurred_at <= j.converted_at
      AND (l.occurred_at, l.order_id) < (j.converted_at, j.order_id COLLATE "C")
      AND l.order_id <> j.order_id
      AND NOT EXISTS (SELECT FROM public.revenue_ledger c
                      WHERE c.tenant_id = :tenant_id AND c.order_id = l.order_id AND c.kind = 'capture'
                        AND (c.occurred_at, c.business_key) < (l.occurred_at, l.business_key))
    ORDER BY l.occurred_at DESC
    LIMIT 1
) p;

-- name: select_kept_allocations
-- The columns after the first are the fields of an Allocation, in their order.
SELECT a.order_id, a.model_version, a.entry_id, a.channel_code, a.allocated_cents, a.conversion_ppt
FROM unnest(:order_ids::text[], :model_versions::text[]) AS k (order_id, model_version)
JOIN public.attribution_allocations a
  ON a.tenant_id = :tenant_id AND a.order_id = k.order_id AND a.model_version = k.model_version
ORDER BY a.order_id, a.model_version, a.entry_id, a.channel_code;

-- name: delete_allocations!
-- What goes is taken off the sums of its days, and what comes is added, by the next rollup.
WITH gone AS (
    DELETE FROM public.attribution_allocations
    WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids::text[]) AND model_version = ANY(:model_versions::text[])
    RETURNING entry_date, model_version, channel_code, currency, conversion_ppt, allocated_cents
)
INSERT INTO public.credit_changes
    (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, allocations)
SELECT :tenant_id, entry_date, model_version, channel_code, currency,
       -sum(conversion_ppt), -sum(allocated_cents), -count(*)
FROM gone GROUP BY entry_date, model_version, channel_code, currency;

-- name: insert_allocations!
WITH made AS (
    INSERT INTO public.attribution_allocations
        (tenant_id, order_id, model_version, entry_id, channel_code, entry_date, currency, allocated_cents,
         conversion_ppt)
    SELECT :tenant_id, a.order_id, a.model_version, a.entry_id, a.channel_code, a.entry_date, a.currency,
           a.allocated_cents, a.conversion_ppt
    FROM unnest(:order_ids::text[], :model_versions::text[], :entry_ids::uuid[], :channel_codes::text[],
                :entry_dates::date[], :currencies::text[], :cents::bigint[], :parts::bigint[])
         AS a (order_id, model_version, entry_id, channel_code, entry_date, currency, allocated_cents, conversion_ppt)
    RETURNING entry_date, model_version, channel_code, currency, conversion_ppt, allocated_cents
)
INSERT INTO public.credit_changes
    (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, allocations)
SELECT :tenant_id, entry_date, model_version, channel_code, currency,
       sum(conversion_ppt), sum(allocated_cents), count(*)
FROM made GROUP BY entry_date, model_version, channel_code, currency;

-- name: select_channel_totals
SELECT a.currency, a.channel_code, m.model, sum(a.allocated_cents) AS credited_cents,
       sum(a.conversion_ppt::numeric) / 1000000000000 AS conversions
FROM public.attribution_allocations a
JOIN public.attribution_models m
  ON m.tenant_id = :tenant_id AND m.model_version = a.model_version AND m.is_active
WHERE a.tenant_id = :tenant_id
GROUP BY a.currency, a.channel_code, m.model
ORDER BY a.currency, a.channel_code, m.model;

-- name: select_report_standing^
-- The active version of each model, and how many orders wait to be credited, counted up to `most`.
SELECT array_agg(m.model) AS models, array_agg(m.model_version) AS versions,
       (SELECT count(*) FROM (SELECT DISTINCT d.order_id FROM public.dirty_orders d
                              WHERE d.tenant_id = :tenant_id LIMIT :most) AS counted) AS awaiting
FROM public.attribution_models m
WHERE m.tenant_id = :tenant_id AND m.is_active;

-- name: select_channel_report
-- One row a period, currency and channel, the models side by side in arrays. A total has one period without a first
-- day; a fixed date stands for it. The bound that repeats the first column of the key lets the index begin at the page.
SELECT g.period, g.currency, g.channel_code AS channel,
       array_agg(g.model_version) AS model_versions,
       array_agg(g.credited_cents) AS credited_cents,
       array_agg(g.conversions) AS conversions,
       array_agg(g.spend_cents) AS spend_cents,
       array_agg(g.roas) AS roas
FROM (
    SELECT c.period, c.currency, c.channel_code, c.model_version,
           sum(c.credited_cents) AS credited_cents,
           trim_scale(sum(c.credited_conversions))::text AS conversions,
           sum(c.spend_cents) AS spend_cents,
           round(sum(c.credited_cents) / nullif(sum(c.spend_cents), 0), 6)::text AS roas
    FROM (SELECT CASE :granularity::text WHEN 'total' THEN DATE '0002-01-01' WHEN 'day' THEN p.date
                      ELSE date_trunc(:granularity::text, p.date::timestamp)::date END AS period,
                 p.currency, p.channel_code, p.model_version, p.credited_cents, p.credited_conversions, p.spend_cents
          FROM public.channel_performance p
          WHERE p.tenant_id = :tenant_id
            AND p.date >= coalesce(greatest(:first_day::date, :after_period::date), '-infinity')
            AND p.date < coalesce(:end_day::date, 'infinity')
            AND p.model_version = ANY(:model_versions::text[])
            AND (:currency::text IS NULL OR p.currency = :currency::text)) c
    WHERE :after_period::date IS NULL
       OR (c.period, c.currency, c.channel_code)
          > (:after_period::date, :after_currency::text, :after_channel::text COLLATE "C")
    GROUP BY c.period, c.currency, c.channel_code, c.model_version
) g
GROUP BY g.period, g.currency, g.channel_code
ORDER BY g.period, g.currency, g.channel_code
LIMIT :most;

-- name: select_order_entries
SELECT id, business_key, kind, amount_cents, currency, occurred_at, recorded_at, source, journey_key
FROM public.revenue_ledger
WHERE tenant_id = :tenant_id AND order_id = :order_id
ORDER BY occurred_at, business_key;

-- name: select_order_balances
SELECT currency, state, captured_cents, refunded_cents, disputed_cents, balance_cents
FROM public.order_balances
WHERE tenant_id = :tenant_id AND order_id = :order_id
ORDER BY currency;

-- name: select_order_standing^
-- Whether the order waits to be credited, and up to when the tenant's touches have been forgotten.
SELECT EXISTS (SELECT FROM public.dirty_orders d
               WHERE d.tenant_id = :tenant_id AND d.order_id = :order_id) AS awaits_credit,
       (SELECT r.touches_forgotten_before FROM public.retention r
        WHERE r.tenant_id = :tenant_id) AS touches_forgotten_before;

-- name: select_journey
SELECT idempotency_key, occurred_at, channel_code, channel_rule, source, medium, campaign, referrer_host,
       click_id_kinds
FROM public.attribution_events
WHERE tenant_id = :tenant_id AND journey_key = :journey_key
  AND occurred_at >= :first_moment AND occurred_at <= :last_moment
ORDER BY occurred_at, idempotency_key
LIMIT :most;

-- name: select_order_allocations
SELECT a.model_version, a.entry_id, a.channel_code, a.allocated_cents, a.conversion_ppt
FROM public.attribution_allocations a
WHERE a.tenant_id = :tenant_id AND a.order_id = :order_id AND a.model_version = ANY(:model_versions::text[])
ORDER BY a.model_version, a.channel_code;
