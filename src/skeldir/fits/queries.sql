-- name: count_touches_of_keys$
-- How many touches the journeys of some keys have between two moments, including those taken back.
SELECT count(*)
FROM public.attribution_events e
WHERE e.tenant_id = :tenant_id AND e.journey_key IS NOT NULL AND e.journey_key < :end_key::bytea
  AND e.occurred_at >= :first_moment::timestamptz AND e.occurred_at < :end_moment::timestamptz;

-- name: select_touches_of_keys^
-- The touches between two moments of the journeys whose keys lie in a range, journey by journey in time order, as records of
-- 26 bytes: key, moment, and the place of the channel in a list, from 1; 0 for one that is not in it. `others` has the
-- channel of each of those. It is not DISTINCT, for which touches would be sorted by channel first.
SELECT string_agg(t.journey_key || timestamptz_send(t.occurred_at) || int2send(t.channel), '') AS touches,
       array_agg(t.channel_code) FILTER (WHERE t.channel = 0) AS others
FROM (SELECT e.journey_key, e.occurred_at, e.channel_code,
             coalesce(array_position(:channels::text[], e.channel_code), 0)::smallint AS channel
      FROM public.standing_touches e
      WHERE e.tenant_id = :tenant_id AND e.journey_key >= :first_key::bytea AND e.journey_key < :end_key::bytea
        AND e.occurred_at >= :first_moment::timestamptz AND e.occurred_at < :end_moment::timestamptz
      ORDER BY e.journey_key, e.occurred_at, e.idempotency_key) t;

-- name: select_conversions_of_keys^
-- The orders whose first capture that stands lies between two moments, on a journey whose key lies in a range: key and moment
-- in 24 bytes each, by moment and order id. `money` is what all their entries add up to in each currency, in 15 bytes each:
-- the place of the order, from 0, the currency, and minor units.
WITH reached AS MATERIALIZED (
    SELECT DISTINCT c.order_id
    FROM public.revenue_ledger c
    WHERE c.tenant_id = :tenant_id AND c.kind = 'capture' AND c.journey_key IS NOT NULL
      AND c.journey_key >= :first_key::bytea AND c.journey_key < :end_key::bytea
      AND c.occurred_at >= :first_moment::timestamptz AND c.occurred_at < :end_moment::timestamptz
), firsts AS MATERIALIZED (
    SELECT r.order_id, f.occurred_at, f.journey_key,
           (row_number() OVER (ORDER BY f.occurred_at, r.order_id) - 1)::integer AS place
    FROM reached r
    CROSS JOIN LATERAL (
        SELECT l.occurred_at, l.journey_key
        FROM public.standing_entries l
        WHERE l.tenant_id = :tenant_id AND l.order_id = r.order_id AND l.kind = 'capture'
        ORDER BY l.occurred_at, l.business_key
        LIMIT 1
    ) f
    WHERE f.journey_key >= :first_key::bytea AND f.journey_key < :end_key::bytea
      AND f.occurred_at >= :first_moment::timestamptz AND f.occurred_at < :end_moment::timestamptz
), sums AS (
    SELECT f.place, e.currency, sum(e.amount_cents)::bigint AS cents
    FROM firsts f
    JOIN public.revenue_ledger e ON e.tenant_id = :tenant_id AND e.order_id = f.order_id
    GROUP BY f.place, e.currency
)
SELECT (SELECT string_agg(f.journey_key || timestamptz_send(f.occurred_at), '' ORDER BY f.place) FROM firsts f) AS conversions,
       (SELECT string_agg(int4send(s.place) || convert_to(s.currency, 'UTF8') || int8send(s.cents), ''
                          ORDER BY s.place, s.currency) FROM sums s) AS money;

-- name: count_conversions_without_key$
-- The orders whose first capture that stands lies between two moments and names no journey.
SELECT count(*)
FROM public.standing_entries c
WHERE c.tenant_id = :tenant_id AND c.kind = 'capture' AND c.journey_key IS NULL
  AND c.occurred_at >= :first_moment::timestamptz AND c.occurred_at < :end_moment::timestamptz
  AND NOT EXISTS (SELECT FROM public.standing_entries b
                  WHERE b.tenant_id = :tenant_id AND b.order_id = c.order_id AND b.kind = 'capture'
                    AND (b.occurred_at, b.business_key) < (c.occurred_at, c.business_key));

-- name: select_last_version$
SELECT coalesce(max(f.version), 0) FROM public.model_fits f WHERE f.tenant_id = :tenant_id AND f.model = :model;

-- name: insert_fit!
INSERT INTO public.model_fits
    (tenant_id, model, version, made_by, first_day, last_day, lookback_days, chain_order, collapse_repeats, level_percent, draws,
     seed, journeys, conversions, touches, data_sha256, result)
VALUES (:tenant_id, :model, :version, :made_by, :first_day, :last_day, :lookback_days, :chain_order, :collapse_repeats,
        :level_percent, :draws, :seed, :journeys, :conversions, :touches, :data_sha256, :result::jsonb);

-- name: select_fits
-- The fits of a tenant, the newest first; with a model and a number only that one.
-- May be null: number.
-- Never null: version, data_sha256.
SELECT concat(f.model, '@', f.version) AS version, f.model, f.made_at, f.made_by, f.first_day, f.last_day, f.lookback_days,
       f.chain_order, f.collapse_repeats, f.level_percent, f.draws, f.seed, f.journeys, f.conversions, f.touches,
       encode(f.data_sha256, 'hex') AS data_sha256
FROM public.model_fits f
WHERE f.tenant_id = :tenant_id
  AND (:model::text IS NULL OR (f.model = :model::text AND f.version = :number::integer))
ORDER BY f.made_at DESC, f.model, f.version DESC
LIMIT :most;

-- name: select_result$
SELECT f.result::text
FROM public.model_fits f
WHERE f.tenant_id = :tenant_id AND f.model = :model AND f.version = :number;
