-- name: count_touches_of_keys$
-- How many touches the journeys of some keys have between two moments, including those taken back.
SELECT count(*)
FROM public.attribution_events e
WHERE e.tenant_id = :tenant_id AND e.journey_key IS NOT NULL AND e.journey_key < :end_key::bytea
  AND e.occurred_at >= :first_moment::timestamptz AND e.occurred_at < :end_moment::timestamptz;

-- name: select_touches_of_keys^
-- The touches between two moments of the journeys whose keys lie in a range, journey by journey in time order, as records of
-- 26 bytes: key, moment, and the place of the channel in a list, from 1; 0 for one that is not in it. `others` are the
-- channels of those.
WITH t AS MATERIALIZED (
    SELECT e.journey_key, e.occurred_at, e.idempotency_key, e.channel_code,
           coalesce(array_position(:channels::text[], e.channel_code), 0)::smallint AS channel
    FROM public.standing_touches e
    WHERE e.tenant_id = :tenant_id AND e.journey_key >= :first_key::bytea AND e.journey_key < :end_key::bytea
      AND e.occurred_at >= :first_moment::timestamptz AND e.occurred_at < :end_moment::timestamptz
)
SELECT (SELECT string_agg(t.journey_key || timestamptz_send(t.occurred_at) || int2send(t.channel), ''
                          ORDER BY t.journey_key, t.occurred_at, t.idempotency_key) FROM t) AS touches,
       (SELECT array_agg(DISTINCT t.channel_code) FROM t WHERE t.channel = 0) AS others;

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

-- name: select_touches_of_named_keys^
-- As `select_touches_of_keys`, of some keys.
WITH t AS MATERIALIZED (
    SELECT e.journey_key, e.occurred_at, e.idempotency_key, e.channel_code,
           coalesce(array_position(:channels::text[], e.channel_code), 0)::smallint AS channel
    FROM public.standing_touches e
    WHERE e.tenant_id = :tenant_id AND e.journey_key = ANY(:keys::bytea[])
      AND e.occurred_at >= :first_moment::timestamptz AND e.occurred_at < :end_moment::timestamptz
)
SELECT (SELECT string_agg(t.journey_key || timestamptz_send(t.occurred_at) || int2send(t.channel), ''
                          ORDER BY t.journey_key, t.occurred_at, t.idempotency_key) FROM t) AS touches,
       (SELECT array_agg(DISTINCT t.channel_code) FROM t WHERE t.channel = 0) AS others;

-- name: select_conversions_of_named_keys^
-- As `select_conversions_of_keys`, of some keys.
WITH reached AS MATERIALIZED (
    SELECT DISTINCT c.order_id
    FROM public.revenue_ledger c
    WHERE c.tenant_id = :tenant_id AND c.kind = 'capture' AND c.journey_key IS NOT NULL
      AND c.journey_key = ANY(:keys::bytea[])
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
    WHERE f.journey_key = ANY(:keys::bytea[])
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

-- name: ask_lookback!
-- Notes that a fit asks for the journeys of a lookback, which are kept from then on.
INSERT INTO public.kept_lookbacks (tenant_id, lookback_days, first_day)
VALUES (:tenant_id, :lookback_days, :first_day)
ON CONFLICT (tenant_id, lookback_days) DO UPDATE SET asked_at = (SELECT now());

-- name: select_moment$
-- The moment now. A writer may wait for two locks, each as long as a statement may take: what that is beyond a minute is
-- taken off.
-- Never null: moment.
SELECT clock_timestamp() - greatest(2 * current_setting('statement_timeout')::interval - interval '1 minute',
                                    interval '0') AS moment;

-- name: select_lookback^
SELECT k.number, k.first_day, k.facts_until, k.zone_sha256, k.channels
FROM public.kept_lookbacks k
WHERE k.tenant_id = :tenant_id AND k.lookback_days = :lookback_days;

-- name: select_lookbacks
SELECT k.lookback_days FROM public.kept_lookbacks k WHERE k.tenant_id = :tenant_id ORDER BY k.lookback_days;

-- name: delete_lookbacks!
-- Deletes what no fit has asked for since a moment, and what is not among the `most` asked for last, with its journeys. An
-- update that writes is waited for.
WITH unasked AS MATERIALIZED (
    SELECT k.lookback_days FROM public.kept_lookbacks k
    WHERE k.tenant_id = :tenant_id
      AND (k.asked_at < :since::timestamptz
           OR k.asked_at < (SELECT l.asked_at FROM public.kept_lookbacks l WHERE l.tenant_id = :tenant_id
                            ORDER BY l.asked_at DESC OFFSET :most - 1 LIMIT 1))
    FOR UPDATE
), journeys AS (
    DELETE FROM public.kept_journeys j
    WHERE j.tenant_id = :tenant_id AND j.lookback_days IN (SELECT u.lookback_days FROM unasked u)
)
DELETE FROM public.kept_lookbacks k
WHERE k.tenant_id = :tenant_id AND k.lookback_days IN (SELECT u.lookback_days FROM unasked u);

-- name: select_changed_keys$
-- The keys, one after another, of journeys of which a fact was recorded or taken back since a moment; a few more than `most`
-- at most. Ids are in the order of their hosts' clocks, and moments are the database's: `since_id` is older than `since`.
SELECT string_agg(k.journey_key, '' ORDER BY k.journey_key)
FROM (SELECT u.journey_key
      FROM (SELECT e.journey_key
            FROM public.attribution_events e
            WHERE e.tenant_id = :tenant_id AND e.id >= :since_id AND e.recorded_at >= :since::timestamptz
              AND e.journey_key IS NOT NULL
            UNION
            SELECT t.journey_key
            FROM public.touch_withdrawals w
            JOIN public.attribution_events t ON t.tenant_id = :tenant_id AND t.idempotency_key = w.idempotency_key
                                            AND t.generation = w.generation
            WHERE w.tenant_id = :tenant_id AND w.withdrawn_at >= :since::timestamptz AND t.journey_key IS NOT NULL
            UNION
            SELECT c.journey_key
            FROM public.revenue_ledger n
            JOIN public.revenue_ledger c ON c.tenant_id = :tenant_id AND c.order_id = n.order_id
            WHERE n.tenant_id = :tenant_id AND n.id >= :since_id AND n.recorded_at >= :since::timestamptz
              AND c.kind = 'capture' AND c.journey_key IS NOT NULL) u
      LIMIT :most) k;

-- name: select_kept_keys
-- The keys of the journeys that ended on some days, both included.
SELECT k.day, k.keys
FROM public.kept_journeys k
WHERE k.tenant_id = :tenant_id AND k.lookback_days = :lookback_days AND k.day >= :first_day AND k.day <= :last_day;

-- name: select_kept_journeys
SELECT k.day, k.journeys
FROM public.kept_journeys k
WHERE k.tenant_id = :tenant_id AND k.lookback_days = :lookback_days AND k.day = ANY(:days::date[]);

-- name: select_kept_days
SELECT k.day
FROM public.kept_journeys k
WHERE k.tenant_id = :tenant_id AND k.lookback_days = :lookback_days
ORDER BY k.day;

-- name: take_lookback$
-- Moves a lookback on to facts until a moment; null if another update or an erasure did something to it before.
UPDATE public.kept_lookbacks k
SET number = k.number + 1, first_day = :first_day, facts_until = :facts_until::timestamptz, zone_sha256 = :zone_sha256::bytea,
    channels = :channels::text[]
WHERE k.tenant_id = :tenant_id AND k.lookback_days = :lookback_days AND k.number = :number
RETURNING k.number;

-- name: delete_kept_days!
DELETE FROM public.kept_journeys k
WHERE k.tenant_id = :tenant_id AND k.lookback_days = :lookback_days
  AND (k.day < :first_day OR k.day = ANY(:days::date[]));

-- name: put_kept_days!
INSERT INTO public.kept_journeys (tenant_id, lookback_days, day, keys, journeys)
SELECT :tenant_id, :lookback_days, d.day, d.keys, d.journeys
FROM unnest(:days::date[], :keys::bytea[], :journeys::bytea[]) AS d (day, keys, journeys)
ON CONFLICT (tenant_id, lookback_days, day) DO UPDATE SET keys = excluded.keys, journeys = excluded.journeys;

-- name: select_last_version$
SELECT coalesce(max(f.version), 0) FROM public.model_fits f WHERE f.tenant_id = :tenant_id AND f.model = :model;

-- name: insert_fit!
INSERT INTO public.model_fits
    (tenant_id, model, version, made_by, first_day, last_day, lookback_days, chain_order, collapse_repeats, level_percent, draws,
     seed, journeys, conversions, touches, data_sha256, result)
VALUES (:tenant_id, :model, :version, :made_by, :first_day, :last_day, :lookback_days, :chain_order, :collapse_repeats,
        :level_percent, :draws, :seed, :journeys, :conversions, :touches, :data_sha256, :result::jsonb);

-- name: select_fits
-- The fits of a tenant, the newest first.
-- Never null: version, data_sha256.
SELECT concat(f.model, '@', f.version) AS version, f.model, f.made_at, f.made_by, f.first_day, f.last_day, f.lookback_days,
       f.chain_order, f.collapse_repeats, f.level_percent, f.draws, f.seed, f.journeys, f.conversions, f.touches,
       encode(f.data_sha256, 'hex') AS data_sha256
FROM public.model_fits f
WHERE f.tenant_id = :tenant_id
ORDER BY f.made_at DESC, f.model, f.version DESC
LIMIT :most;

-- name: select_named_fits
-- Some fits by model and number.
-- Never null: version, data_sha256.
SELECT concat(f.model, '@', f.version) AS version, f.model, f.made_at, f.made_by, f.first_day, f.last_day, f.lookback_days,
       f.chain_order, f.collapse_repeats, f.level_percent, f.draws, f.seed, f.journeys, f.conversions, f.touches,
       encode(f.data_sha256, 'hex') AS data_sha256
FROM unnest(:models::text[], :numbers::integer[]) AS w (model, number)
JOIN public.model_fits f ON f.tenant_id = :tenant_id AND f.model = w.model AND f.version = w.number;

-- name: select_results
-- What some fits found.
-- Never null: version, result.
SELECT concat(f.model, '@', f.version) AS version, f.result::text AS result
FROM unnest(:models::text[], :numbers::integer[]) AS w (model, number)
JOIN public.model_fits f ON f.tenant_id = :tenant_id AND f.model = w.model AND f.version = w.number;

-- name: insert_fit_request$
-- Nothing while one of the tenant waits.
INSERT INTO public.fit_requests
    (tenant_id, id, model, first_day, last_day, lookback_days, chain_order, collapse_repeats, level_percent, draws, seed,
     asked_by)
VALUES (:tenant_id, :id, :model, :first_day, :last_day, :lookback_days, :chain_order, :collapse_repeats, :level_percent,
        :draws, :seed, :asked_by)
ON CONFLICT (tenant_id) WHERE state = 'waiting' DO NOTHING
RETURNING id;

-- name: select_fit_requests
-- One request: by its id, the one that waits, or the latest.
SELECT r.id, r.state, r.model, r.first_day, r.last_day, r.lookback_days, r.chain_order, r.collapse_repeats, r.level_percent,
       r.draws, r.seed, r.asked_by, r.asked_at, r.ended_at, r.model || '@' || r.version AS version, r.code, r.detail, r.cure
FROM public.fit_requests r
WHERE r.tenant_id = :tenant_id
  AND (:id::uuid IS NULL OR r.id = :id::uuid)
  AND (NOT :only_waiting::boolean OR r.state = 'waiting')
ORDER BY r.asked_at DESC, r.id DESC
LIMIT 1;

-- name: end_fit_request!
UPDATE public.fit_requests
SET state = 'done', version = :version, ended_at = (SELECT now())
WHERE tenant_id = :tenant_id AND id = :id AND state = 'waiting';

-- name: refuse_fit_request!
UPDATE public.fit_requests
SET state = 'refused', code = :code, detail = :detail, cure = :cure, ended_at = (SELECT now())
WHERE tenant_id = :tenant_id AND id = :id AND state = 'waiting';
