-- name: select_active_models
SELECT model_version, model, version, lookback_days, after_conversion, half_life_days, active_since, channels, weights
FROM public.attribution_models
WHERE tenant_id = :tenant_id AND is_active
ORDER BY model_version;

-- name: select_last_versions
-- For each model the version in force or, if the model is retired, the one that was in force last.
SELECT DISTINCT ON (model)
       model_version, model, version, lookback_days, after_conversion, half_life_days, active_since, channels, weights, is_active
FROM public.attribution_models
WHERE tenant_id = :tenant_id
ORDER BY model, is_active DESC, active_since DESC, version DESC;

-- name: select_versions
-- All versions that the models ever had, the earliest first.
SELECT model, version, model_version, lookback_days, after_conversion, half_life_days, channels, weights
FROM public.attribution_models
WHERE tenant_id = :tenant_id AND model = ANY(:models::text[])
ORDER BY model, version;

-- name: select_named_versions
SELECT model_version, model, version, lookback_days, after_conversion, half_life_days, active_since, channels, weights
FROM public.attribution_models
WHERE tenant_id = :tenant_id AND model_version = ANY(:model_versions::text[])
ORDER BY model_version;

-- name: deactivate_models!
UPDATE public.attribution_models SET is_active = false
WHERE tenant_id = :tenant_id AND model = ANY(:models::text[]) AND is_active;

-- name: select_generation$
-- The generation of the tenant's models: the number of times they were changed.
SELECT coalesce(max(active_since), 0) FROM public.attribution_models WHERE tenant_id = :tenant_id;

-- name: put_versions_in_force!
-- A version that exists already has the same parameters.
INSERT INTO public.attribution_models
    (tenant_id, model_version, model, version, lookback_days, after_conversion, half_life_days, is_active, active_since)
SELECT :tenant_id::uuid, v.model_version, v.model, v.version, v.lookback_days, v.after_conversion, v.half_life_days, true,
       :generation::integer
FROM unnest(:model_versions::text[], :models::text[], :versions::integer[], :lookback_days::integer[],
            :after_conversions::text[], :half_life_days::integer[])
     AS v (model_version, model, version, lookback_days, after_conversion, half_life_days)
ON CONFLICT (tenant_id, model_version) DO UPDATE SET is_active = true, active_since = excluded.active_since;

-- name: select_intervals
-- What channels weigh by fits, and both ends of that, where a fit has an interval.
-- May be null: lower_weights[], upper_weights[]. Never null: channels, weights, lower_weights, upper_weights.
SELECT model, channels, weights, lower_weights, upper_weights
FROM public.attribution_models
WHERE tenant_id = :tenant_id AND model_version = ANY(:model_versions::text[]) AND channels IS NOT NULL;

-- name: insert_fitted_version!
-- A fit as a version, not yet in force. One that exists already has the same weights.
-- May be null: lower_weights[], upper_weights[].
INSERT INTO public.attribution_models
    (tenant_id, model_version, model, version, lookback_days, after_conversion, half_life_days, is_active, channels, weights,
     lower_weights, upper_weights)
VALUES (:tenant_id, :model_version, :model, :version, :lookback_days, 'reset', :half_life_days, false, :channels, :weights,
        :lower_weights, :upper_weights)
ON CONFLICT (tenant_id, model_version) DO NOTHING;

-- name: put_fits_in_force!
UPDATE public.attribution_models SET is_active = true, active_since = :generation::integer
WHERE tenant_id = :tenant_id AND model_version = ANY(:model_versions::text[]);

-- name: insert_model_changes!
-- May be null: from_versions[], to_versions[].
INSERT INTO public.model_changes (tenant_id, id, changed_at, changed_by, model, from_version, to_version)
SELECT :tenant_id, c.id, (SELECT clock_timestamp()), :changed_by, c.model, c.from_version, c.to_version
FROM unnest(:ids::uuid[], :models::text[], :from_versions::text[], :to_versions::text[])
     AS c (id, model, from_version, to_version)
RETURNING 1;

-- name: select_session_role$
SELECT session_user::text;

-- name: select_models_in_force
-- `in_force_since` and `changed_by` are NULL for a version put in force before changes were recorded.
SELECT m.model, m.model_version, m.lookback_days, m.after_conversion, m.half_life_days, c.changed_at AS in_force_since,
       c.changed_by
FROM public.attribution_models m
LEFT JOIN LATERAL (SELECT l.changed_at, l.changed_by FROM public.model_changes l
                   WHERE l.tenant_id = :tenant_id AND l.to_version = m.model_version
                   ORDER BY l.changed_at DESC LIMIT 1) c ON true
WHERE m.tenant_id = :tenant_id AND m.is_active
ORDER BY m.model_version;

-- name: select_model_changes
-- Those of a half-open span, which a null leaves open.
-- Column model is one of first_touch, last_touch, last_non_direct, linear, position_based, time_decay, markov, shapley.
SELECT c.changed_at, c.changed_by, c.model, c.from_version, c.to_version,
       b.lookback_days AS lookback_days_before, b.after_conversion AS after_conversion_before,
       b.half_life_days AS half_life_days_before,
       a.lookback_days AS lookback_days_after, a.after_conversion AS after_conversion_after,
       a.half_life_days AS half_life_days_after
FROM public.model_changes c
LEFT JOIN public.attribution_models b ON b.tenant_id = :tenant_id AND b.model_version = c.from_version
LEFT JOIN public.attribution_models a ON a.tenant_id = :tenant_id AND a.model_version = c.to_version
WHERE c.tenant_id = :tenant_id
  AND c.changed_at >= greatest(:since::timestamptz, '-infinity'::timestamptz)
  AND c.changed_at < least(:until::timestamptz, 'infinity'::timestamptz)
ORDER BY c.changed_at DESC, c.id DESC
LIMIT :most;

-- name: count_stored_journeys$
SELECT count(*) FROM (SELECT FROM public.order_journeys WHERE tenant_id = :tenant_id LIMIT :most) counted;

-- name: begin_restatement$
-- Have every stored journey credited by the models in force now. Orders that are set aside, and those whose touches were
-- forgotten before journeys were packed, are marked instead. Returns 0 for a tenant without orders.
WITH marked AS (
    INSERT INTO public.dirty_orders (tenant_id, order_id)
    SELECT :tenant_id::uuid, k.order_id FROM public.kept_allocations k WHERE k.tenant_id = :tenant_id
    UNION SELECT :tenant_id::uuid, s.order_id FROM public.orders_set_aside s WHERE s.tenant_id = :tenant_id
    RETURNING 1
), begun AS (
    INSERT INTO public.restatements (tenant_id, generation, after_order_id)
    SELECT :tenant_id::uuid, :generation::integer, ''
    WHERE EXISTS (SELECT FROM public.order_journeys j WHERE j.tenant_id = :tenant_id)
    RETURNING 1
)
SELECT (SELECT count(*) FROM marked) + (SELECT count(*) FROM begun);

-- name: select_journeys_after
-- A page of the stored journeys. A path longer than `longest` bytes is NULL.
SELECT order_id, converted_at, previous_age, reach, generation, CASE WHEN length(path) <= :longest THEN path END AS path,
       entries
FROM public.order_journeys
WHERE tenant_id = :tenant_id AND order_id > :after
ORDER BY order_id LIMIT :most;

-- name: note_restatement!
-- A restatement that has passed all orders replaces all earlier ones.
WITH done AS (
    DELETE FROM public.restatements
    WHERE tenant_id = :tenant_id AND generation < :generation AND :after::text IS NULL
)
UPDATE public.restatements SET after_order_id = :after::text WHERE tenant_id = :tenant_id AND generation = :generation;

-- name: pin_generations!
-- Orders that the restatement cannot credit keep their generation, and are marked to be credited from their facts.
WITH pinned AS (
    UPDATE public.order_journeys j SET generation = -1 - p.generation
    FROM unnest(:order_ids::text[], :generations::integer[]) AS p (order_id, generation)
    WHERE j.tenant_id = :tenant_id AND j.order_id = p.order_id
    RETURNING j.order_id
)
INSERT INTO public.dirty_orders (tenant_id, order_id) SELECT :tenant_id::uuid, order_id FROM pinned
RETURNING 1;

-- name: select_reach_of_marks^
-- The longest lookback of all versions that the tenant ever had, and whether any resets: a stored journey may come from a
-- version that is no longer in force, and is used again if that version is put back in force.
SELECT coalesce(max(lookback_days), 0) AS lookback_days,
       coalesce(bool_or(after_conversion = 'reset'), false) AS resets
FROM public.attribution_models WHERE tenant_id = :tenant_id;

-- name: mark_orders!
-- This ends the setting of `plan_for_each_list` (see there).
INSERT INTO public.dirty_orders (tenant_id, order_id)
SELECT :tenant_id, order_id FROM unnest(:order_ids::text[]) AS order_id
WHERE (SELECT set_config('plan_cache_mode', 'auto', true)) IS NOT NULL
RETURNING 1;

-- name: credit_lag$
SELECT extract(epoch FROM clock_timestamp() - public.waiting_since('credit'))::float8;

-- name: credit_backlog$
-- Never null: credit_backlog.
SELECT public.credit_backlog();

-- name: mark_all_orders$
WITH marked AS (
    INSERT INTO public.dirty_orders (tenant_id, order_id)
    SELECT DISTINCT :tenant_id::uuid, order_id FROM public.revenue_ledger WHERE tenant_id = :tenant_id
    RETURNING 1
)
SELECT count(*) FROM marked;

-- name: select_orders_reached_by_touches
-- Touches can earn from the later captures of their journey, within the longest lookback of any version. The touches of a
-- journey are treated as one span, from the first to the last: an order that lies in it but is reached by none of them is
-- credited as before. A journey with more than `most` captures in reach is returned itself, instead of its orders: then
-- the order is NULL. Never null: journey_key, first_moment, last_moment.
-- Only the index on journeys returns rows in this order, so that under `plan_for_each_list` no other is used.
WITH journeys AS (
    SELECT t.journey_key, min(t.occurred_at) AS first_moment,
           max(t.occurred_at) + make_interval(days => (SELECT coalesce(max(m.lookback_days), :default_days::integer)
                                                       FROM public.attribution_models m
                                                       WHERE m.tenant_id = :tenant_id)) AS last_moment
    FROM unnest(:journey_keys::bytea[], :moments::timestamptz[]) AS t (journey_key, occurred_at)
    GROUP BY t.journey_key
), reached AS (
    SELECT j.journey_key, j.first_moment, j.last_moment, c.order_id,
           count(*) OVER (PARTITION BY j.journey_key) > :most::integer AS is_crowded
    FROM journeys j
    CROSS JOIN LATERAL (
        SELECT l.order_id FROM public.revenue_ledger l
        WHERE l.tenant_id = :tenant_id AND l.journey_key IS NOT NULL AND l.kind = 'capture'
          AND (l.journey_key, l.occurred_at) >= (j.journey_key, j.first_moment)
          AND (l.journey_key, l.occurred_at) <= (j.journey_key, j.last_moment)
        ORDER BY l.journey_key, l.occurred_at
        LIMIT :most::integer + 1
    ) c
)
SELECT DISTINCT r.journey_key, r.first_moment, r.last_moment, CASE WHEN NOT r.is_crowded THEN r.order_id END AS order_id
FROM reached r;

-- name: select_orders_after_captures
-- Where conversions cut journeys, a capture shortens the journeys of the orders after it. A capture earlier than the known
-- ones also moves its order, so all captures of the order count. Otherwise as for touches.
-- Never null: journey_key, first_moment, last_moment.
WITH journeys AS (
    SELECT own.journey_key, min(own.occurred_at) AS first_moment,
           max(own.occurred_at) + make_interval(days => :lookback_days::integer) AS last_moment
    FROM public.revenue_ledger own
    WHERE own.tenant_id = :tenant_id AND own.order_id = ANY(:order_ids::text[])
      AND own.kind = 'capture' AND own.journey_key IS NOT NULL
    GROUP BY own.journey_key
), reached AS (
    SELECT j.journey_key, j.first_moment, j.last_moment, c.order_id,
           count(*) OVER (PARTITION BY j.journey_key) > :most::integer AS is_crowded
    FROM journeys j
    CROSS JOIN LATERAL (
        SELECT l.order_id FROM public.revenue_ledger l
        WHERE l.tenant_id = :tenant_id AND l.journey_key IS NOT NULL AND l.kind = 'capture'
          AND (l.journey_key, l.occurred_at) >= (j.journey_key, j.first_moment)
          AND (l.journey_key, l.occurred_at) <= (j.journey_key, j.last_moment)
        ORDER BY l.journey_key, l.occurred_at
        LIMIT :most::integer + 1
    ) c
)
SELECT DISTINCT r.journey_key, r.first_moment, r.last_moment, CASE WHEN NOT r.is_crowded THEN r.order_id END AS order_id
FROM reached r
WHERE r.is_crowded OR r.order_id <> ALL(:order_ids::text[]);

-- name: mark_journeys!
-- Marks journeys instead of their orders; this ends the setting of `plan_for_each_list`, too.
INSERT INTO public.dirty_journeys (tenant_id, journey_key, first_moment, last_moment)
SELECT :tenant_id, j.journey_key, j.first_moment, j.last_moment
FROM unnest(:journey_keys::bytea[], :first_moments::timestamptz[], :last_moments::timestamptz[])
     AS j (journey_key, first_moment, last_moment)
WHERE (SELECT set_config('plan_cache_mode', 'auto', true)) IS NOT NULL
RETURNING 1;

-- name: tenants_with_dirty_orders
-- Tenants that may have dirty orders; at any time none is missing.
-- Never null: tenant_id.
SELECT tenant_id FROM public.tenants_with_dirty_orders() AS tenant_id;

-- name: tenants_without_credit_job
-- Never null: tenant_id.
SELECT tenant_id FROM public.tenants_without_credit_job(:kind, :dead_since, :most) AS tenant_id;

-- name: count_dirty_orders$
SELECT count(*) FROM (
    SELECT d.order_id FROM public.dirty_orders d WHERE d.tenant_id = :tenant_id
    UNION
    SELECT l.order_id
    FROM (SELECT j.journey_key, min(j.first_moment) AS first_moment, max(j.last_moment) AS last_moment
          FROM public.dirty_journeys j WHERE j.tenant_id = :tenant_id GROUP BY j.journey_key) j
    JOIN public.revenue_ledger l
      ON l.tenant_id = :tenant_id AND l.journey_key = j.journey_key AND l.kind = 'capture'
     AND l.occurred_at >= j.first_moment AND l.occurred_at <= j.last_moment
    UNION
    SELECT p.order_id
    FROM public.restatements r
    JOIN public.order_journeys p
      ON p.tenant_id = :tenant_id AND p.order_id > r.after_order_id AND p.generation < r.generation
    WHERE r.tenant_id = :tenant_id
) dirty;

-- name: select_marked_orders
-- The orders that are marked, themselves or by their journey.
-- Never null: order_id.
SELECT d.order_id FROM public.dirty_orders d WHERE d.tenant_id = :tenant_id
UNION
SELECT l.order_id
FROM (SELECT j.journey_key, min(j.first_moment) AS first_moment, max(j.last_moment) AS last_moment
      FROM public.dirty_journeys j WHERE j.tenant_id = :tenant_id GROUP BY j.journey_key) j
JOIN public.revenue_ledger l
  ON l.tenant_id = :tenant_id AND l.journey_key = j.journey_key AND l.kind = 'capture'
 AND l.occurred_at >= j.first_moment AND l.occurred_at <= j.last_moment;

-- name: select_set_aside
SELECT order_id FROM public.orders_set_aside WHERE tenant_id = :tenant_id;

-- name: select_stored_of_no_order
-- Stored orders without an entry in the ledger. Those whose entries were all taken back are compared with the others.
-- Never null: order_id.
SELECT o.order_id
FROM (SELECT j.order_id FROM public.order_journeys j WHERE j.tenant_id = :tenant_id
      UNION
      SELECT k.order_id FROM public.kept_allocations k WHERE k.tenant_id = :tenant_id) o
WHERE NOT EXISTS (SELECT FROM public.revenue_ledger l WHERE l.tenant_id = :tenant_id AND l.order_id = o.order_id)
ORDER BY o.order_id
LIMIT :most;

-- name: select_kept_orders_after
-- A page of the orders with kept credit and no stored journey.
SELECT DISTINCT k.order_id
FROM public.kept_allocations k
WHERE k.tenant_id = :tenant_id AND k.order_id > :after
  AND NOT EXISTS (SELECT FROM public.order_journeys j WHERE j.tenant_id = :tenant_id AND j.order_id = k.order_id)
ORDER BY k.order_id
LIMIT :most;

-- name: select_marks
SELECT id, order_id FROM public.dirty_orders
WHERE tenant_id = :tenant_id AND id > :after AND is_deferred = :is_deferred
ORDER BY id LIMIT :most;

-- name: select_dirty_journey^
-- A journey that is marked itself, with up to `most` of its marks, of those made up to `until`.
-- Never null: first_moment, last_moment, ids.
SELECT journey_key, min(first_moment) AS first_moment, max(last_moment) AS last_moment, array_agg(id) AS ids
FROM (
    SELECT d.journey_key, d.first_moment, d.last_moment, d.id FROM public.dirty_journeys d
    WHERE d.tenant_id = :tenant_id AND d.marked_at <= :until
      AND d.journey_key = (SELECT f.journey_key FROM public.dirty_journeys f
                           WHERE f.tenant_id = :tenant_id AND f.marked_at <= :until ORDER BY f.id LIMIT 1)
    LIMIT :most
) marks
GROUP BY journey_key;

-- name: take_dirty_journey$
-- Deletes the marks of a journey, and returns when the first was made; NULL when another worker has taken them.
WITH gone AS (
    DELETE FROM public.dirty_journeys WHERE tenant_id = :tenant_id AND id = ANY(:ids::uuid[]) RETURNING marked_at
)
SELECT min(marked_at) FROM gone;

-- name: select_page_of_journey^
-- The moment of the last of the next `most` captures, and their number.
SELECT max(c.occurred_at) AS moment, count(*) AS captures
FROM (SELECT l.occurred_at FROM public.revenue_ledger l
      WHERE l.tenant_id = :tenant_id AND l.journey_key = :journey_key AND l.kind = 'capture'
        AND l.occurred_at >= :first_moment AND l.occurred_at <= :last_moment
      ORDER BY l.occurred_at LIMIT :most) c;

-- name: mark_page_of_journey!
INSERT INTO public.dirty_orders (tenant_id, order_id, is_deferred, marked_at)
SELECT DISTINCT :tenant_id::uuid, l.order_id, true, :marked_at::timestamptz
FROM public.revenue_ledger l
WHERE l.tenant_id = :tenant_id AND l.journey_key = :journey_key AND l.kind = 'capture'
  AND l.occurred_at >= :first_moment AND l.occurred_at <= :last_moment
RETURNING 1;

-- name: mark_rest_of_journey!
-- The time after the page's last moment.
INSERT INTO public.dirty_journeys (tenant_id, journey_key, first_moment, last_moment, marked_at)
VALUES (:tenant_id, :journey_key, :page_moment::timestamptz + interval '1 microsecond', :last_moment, :marked_at);

-- name: select_waiting^
-- The current time if orders are deferred or a journey is marked, and whether stored journeys await a restatement.
SELECT CASE WHEN EXISTS (SELECT FROM public.dirty_orders d WHERE d.tenant_id = :tenant_id AND d.is_deferred)
              OR EXISTS (SELECT FROM public.dirty_journeys j WHERE j.tenant_id = :tenant_id)
            THEN (SELECT clock_timestamp()) END AS deferred_since,
       EXISTS (SELECT FROM public.restatements r
               WHERE r.tenant_id = :tenant_id AND r.after_order_id IS NOT NULL) AS is_restating;

-- name: take_marks
-- An order of `credited` that was set aside is no longer so.
WITH taken AS (
    DELETE FROM public.dirty_orders WHERE tenant_id = :tenant_id AND id = ANY(:ids::uuid[]) RETURNING order_id
), restored AS (
    DELETE FROM public.orders_set_aside
    WHERE tenant_id = :tenant_id AND order_id = ANY(:credited::text[]) AND order_id IN (SELECT t.order_id FROM taken t)
)
SELECT DISTINCT order_id FROM taken ORDER BY order_id;

-- name: defer_marks!
WITH moved AS (
    DELETE FROM public.dirty_orders WHERE tenant_id = :tenant_id AND id = ANY(:ids::uuid[])
    RETURNING order_id, marked_at
)
INSERT INTO public.dirty_orders (tenant_id, order_id, is_deferred, marked_at)
SELECT :tenant_id::uuid, order_id, true, min(marked_at) FROM moved GROUP BY order_id
RETURNING 1;

-- name: select_credit_state^
-- The turn of the tenant's credit (0 before the first), the generation of its models, the models in force, up to when its
-- touches have been forgotten, the longest lookback of any of its versions, whether it has kept credit of touches that
-- were forgotten before journeys were packed, whether it has withdrawn touches, the numbers of its channels, the progress
-- of its restatements, whether it has renewals, or credit that is counted as that of renewals, and the rules of its time
-- zone, if it has one.
-- Always a row.
SELECT coalesce((SELECT c.turn FROM public.credit_turns c WHERE c.tenant_id = :tenant_id), 0) AS turn,
       coalesce((SELECT max(m.active_since) FROM public.attribution_models m
                 WHERE m.tenant_id = :tenant_id), 0) AS generation,
       (SELECT coalesce(json_agg(v), '[]')::text
        FROM (SELECT m.model_version, m.model, m.version, m.lookback_days, m.after_conversion, m.half_life_days,
                     m.active_since, m.channels, m.weights
              FROM public.attribution_models m
              WHERE m.tenant_id = :tenant_id AND m.is_active ORDER BY m.model_version) v) AS models,
       (SELECT r.touches_forgotten_before FROM public.retention r
        WHERE r.tenant_id = :tenant_id) AS touches_forgotten_before,
       (SELECT max(m.lookback_days) FROM public.attribution_models m WHERE m.tenant_id = :tenant_id) AS longest_days,
       EXISTS (SELECT FROM public.kept_allocations k WHERE k.tenant_id = :tenant_id) AS has_kept,
       EXISTS (SELECT FROM public.touch_withdrawals w WHERE w.tenant_id = :tenant_id) AS has_withdrawals,
       (SELECT coalesce(json_object_agg(n.channel_code, n.number), '{}')::text
        FROM public.channel_numbers n WHERE n.tenant_id = :tenant_id) AS numbers,
       (SELECT coalesce(json_agg(x), '[]')::text
        FROM (SELECT s.generation, s.after_order_id FROM public.restatements s
              WHERE s.tenant_id = :tenant_id ORDER BY s.generation) x) AS restatements,
       EXISTS (SELECT FROM public.renewal_orders n WHERE n.tenant_id = :tenant_id)
       OR EXISTS (SELECT FROM public.credited_renewals c WHERE c.tenant_id = :tenant_id) AS has_renewals,
       z.time_zone, z.changes, z.offsets_s
FROM (SELECT 1) one
LEFT JOIN (SELECT y.time_zone, y.changes, y.offsets_s FROM public.time_zones y
           WHERE y.tenant_id = :tenant_id ORDER BY y.turn DESC LIMIT 1) z ON true;

-- name: select_renewals
-- Which of some orders are renewals, and which ones' credit is counted as that of renewals; one that is both has two rows.
-- Never null: every column.
SELECT n.order_id, false AS is_counted FROM public.renewal_orders n
WHERE n.tenant_id = :tenant_id AND n.order_id = ANY(:order_ids::text[])
UNION ALL
SELECT c.order_id, true FROM public.credited_renewals c
WHERE c.tenant_id = :tenant_id AND c.order_id = ANY(:order_ids::text[]);

-- name: insert_credited_renewals!
INSERT INTO public.credited_renewals (tenant_id, order_id)
SELECT :tenant_id::uuid, o.order_id FROM unnest(:order_ids::text[]) AS o (order_id)
ON CONFLICT (tenant_id, order_id) DO NOTHING;

-- name: delete_credited_renewals!
DELETE FROM public.credited_renewals WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids::text[]);

-- name: select_channel_numbers
SELECT channel_code, number FROM public.channel_numbers WHERE tenant_id = :tenant_id;

-- name: number_channels
-- Assigns numbers to channels that have none, in the order of their codes. The caller holds the lock of the credit.
INSERT INTO public.channel_numbers (tenant_id, channel_code, number)
SELECT :tenant_id::uuid, c.code,
       coalesce((SELECT max(n.number) FROM public.channel_numbers n WHERE n.tenant_id = :tenant_id), -1) + c.place
FROM unnest(:codes::text[]) WITH ORDINALITY AS c (code, place)
RETURNING channel_code, number;

-- name: take_turn$
-- The next turn; no row if it is not the one after `seen`.
INSERT INTO public.credit_turns AS c (tenant_id, turn) VALUES (:tenant_id, 1)
ON CONFLICT (tenant_id) DO UPDATE SET turn = c.turn + 1 WHERE c.turn = :seen
RETURNING turn;

-- name: pass_turn$
-- Take the next turn, whatever it is.
-- Always a row.
INSERT INTO public.credit_turns AS c (tenant_id, turn) VALUES (:tenant_id, 1)
ON CONFLICT (tenant_id) DO UPDATE SET turn = c.turn + 1
RETURNING turn;

-- name: set_orders_aside!
INSERT INTO public.orders_set_aside (tenant_id, order_id, reason, detail)
SELECT :tenant_id::uuid, a.order_id, a.reason, a.detail
FROM unnest(:order_ids::text[], :reasons::text[], :details::text[]) AS a (order_id, reason, detail)
ON CONFLICT (tenant_id, order_id) DO UPDATE SET reason = excluded.reason, detail = excluded.detail;

-- name: set_aside_counts
-- Never null: every column.
SELECT reason, orders FROM public.set_aside_counts();

-- name: select_set_aside_totals
-- The set-aside orders and their money in the ledger, a row per currency. Orders without a capture do not count: their
-- money awaits its capture. Without renewals, only the money of other orders counts; the ids are those of orders whose
-- credit is in the sums without renewals, which until a change is credited need not be the same.
-- Never null: every column.
WITH aside AS (
    SELECT s.order_id,
           :without_renewals::boolean AND EXISTS (SELECT FROM public.renewal_orders n
                                                  WHERE n.tenant_id = :tenant_id AND n.order_id = s.order_id) AS is_out,
           :without_renewals AND EXISTS (SELECT FROM public.credited_renewals c
                                         WHERE c.tenant_id = :tenant_id AND c.order_id = s.order_id) AS is_counted_out
    FROM public.orders_set_aside s
    WHERE s.tenant_id = :tenant_id
      AND EXISTS (SELECT FROM public.standing_entries c
                  WHERE c.tenant_id = :tenant_id AND c.order_id = s.order_id AND c.kind = 'capture')
)
SELECT l.currency,
       coalesce(array_agg(DISTINCT l.order_id) FILTER (WHERE NOT a.is_counted_out), '{}') AS order_ids,
       count(DISTINCT l.order_id) FILTER (WHERE NOT a.is_out) AS orders,
       coalesce(sum(l.amount_cents) FILTER (WHERE NOT a.is_out), 0) AS cents
FROM public.standing_entries l
JOIN aside a ON a.order_id = l.order_id
WHERE l.tenant_id = :tenant_id AND NOT (a.is_out AND a.is_counted_out)
GROUP BY l.currency
ORDER BY l.currency;

-- name: select_entries
-- Standing entries. What took an entry back is looked up for each one: OFFSET 0 keeps the planner from a join, which compares
-- each entry with all reversing ones as long as the statistics are of a ledger without any.
SELECT l.order_id, l.id, l.business_key, l.occurred_at, l.kind, l.currency, l.amount_cents, l.journey_key
FROM public.revenue_ledger l
WHERE l.tenant_id = :tenant_id AND l.order_id = ANY(:order_ids::text[]) AND l.generation >= 0
  AND NOT EXISTS (SELECT FROM public.revenue_ledger r
                  WHERE r.tenant_id = :tenant_id AND r.business_key = l.business_key
                    AND r.generation = -1 - l.generation AND r.generation < 0 OFFSET 0)
LIMIT :most;

-- name: count_captures
-- The number of captures of each journey between two moments, counted up to `most`.
-- Never null: every column.
SELECT j.place, c.captures
FROM unnest(:journey_keys::bytea[], :first_moments::timestamptz[], :last_moments::timestamptz[])
     WITH ORDINALITY AS j (journey_key, first_moment, last_moment, place)
CROSS JOIN LATERAL (
    SELECT count(*) AS captures
    FROM (SELECT FROM public.revenue_ledger l
          WHERE l.tenant_id = :tenant_id AND l.journey_key IS NOT NULL AND l.kind = 'capture'
            AND (l.journey_key, l.occurred_at) >= (j.journey_key, j.first_moment)
            AND (l.journey_key, l.occurred_at) <= (j.journey_key, j.last_moment)
          ORDER BY l.journey_key, l.occurred_at
          LIMIT :most) counted
) c;

-- name: select_touches
-- Up to `most_of_each` touches of each journey between two moments, in time order: their moments, 8 bytes each, and
-- channels. A journey without any has no row.
-- Never null: every column.
SELECT j.place, p.moments, p.codes
FROM unnest(:journey_keys::bytea[], :first_moments::timestamptz[], :last_moments::timestamptz[])
     WITH ORDINALITY AS j (journey_key, first_moment, last_moment, place)
CROSS JOIN LATERAL (
    SELECT string_agg(timestamptz_send(t.occurred_at), '') AS moments, array_agg(t.channel_code) AS codes
    FROM (SELECT e.occurred_at, e.channel_code
          FROM public.standing_touches e
          WHERE e.tenant_id = :tenant_id
            AND (e.journey_key, e.occurred_at) >= (j.journey_key, j.first_moment)
            AND (e.journey_key, e.occurred_at) <= (j.journey_key, j.last_moment)
          ORDER BY e.journey_key, e.occurred_at, e.idempotency_key
          LIMIT :most_of_each) t
) p
WHERE p.moments IS NOT NULL;

-- name: select_withdrawn_touches
-- Up to `most_of_each` withdrawn touches of each journey before a moment, whose rows exist, and of each the touch of its
-- journey that stands under its key now, if there is one.
-- Never null: place, channel_code.
SELECT j.place, w.occurred_at, w.channel_code, s.occurred_at AS stands_at, s.channel_code AS stands_for
FROM unnest(:journey_keys::bytea[]) WITH ORDINALITY AS j (journey_key, place)
CROSS JOIN LATERAL (
    SELECT e.occurred_at, e.channel_code, e.idempotency_key
    FROM public.attribution_events e
    WHERE e.tenant_id = :tenant_id
      AND (e.journey_key, e.occurred_at) >= (j.journey_key, '-infinity'::timestamptz)
      AND (e.journey_key, e.occurred_at) < (j.journey_key, :before)
      AND EXISTS (SELECT FROM public.touch_withdrawals x
                  WHERE x.tenant_id = :tenant_id AND x.idempotency_key = e.idempotency_key
                    AND x.generation = e.generation)
    ORDER BY e.journey_key, e.occurred_at, e.idempotency_key
    LIMIT :most_of_each
) w
LEFT JOIN LATERAL (
    SELECT t.occurred_at, t.channel_code
    FROM public.standing_touches t
    WHERE t.tenant_id = :tenant_id AND t.idempotency_key = w.idempotency_key AND t.journey_key = j.journey_key
    LIMIT 1
) s ON true;

-- name: select_touches_with_origins
-- As `select_touches`, with the source of each touch behind its channel, after chr(31), and its campaign behind that, after
-- chr(30); a direct one has none.
-- Never null: every column.
SELECT j.place, p.moments, p.codes
FROM unnest(:journey_keys::bytea[], :first_moments::timestamptz[], :last_moments::timestamptz[])
     WITH ORDINALITY AS j (journey_key, first_moment, last_moment, place)
CROSS JOIN LATERAL (
    SELECT string_agg(timestamptz_send(t.occurred_at), '') AS moments, array_agg(t.code) AS codes
    FROM (SELECT e.occurred_at,
                 CASE WHEN e.channel_code = 'direct' THEN e.channel_code
                      ELSE concat(e.channel_code, chr(31), e.source, chr(30), e.campaign) END AS code
          FROM public.standing_touches e
          WHERE e.tenant_id = :tenant_id
            AND (e.journey_key, e.occurred_at) >= (j.journey_key, j.first_moment)
            AND (e.journey_key, e.occurred_at) <= (j.journey_key, j.last_moment)
          ORDER BY e.journey_key, e.occurred_at, e.idempotency_key
          LIMIT :most_of_each) t
) p
WHERE p.moments IS NOT NULL;

-- name: select_orders_near_origin
-- Those of some orders before a capture of which there is a touch of a channel, with a source and a campaign, among the newest
-- ones of its journey. Empty means without one, null any. These are more than credit such a touch.
SELECT DISTINCT l.order_id
FROM public.revenue_ledger l
CROSS JOIN LATERAL (
    SELECT FROM (SELECT e.channel_code, e.source, e.campaign
                 FROM public.standing_touches e
                 WHERE e.tenant_id = :tenant_id AND e.journey_key = l.journey_key AND e.occurred_at <= l.occurred_at
                 ORDER BY e.journey_key DESC, e.occurred_at DESC
                 LIMIT :most_of_each) t
    WHERE t.channel_code = :channel
      AND coalesce(t.source, '') = coalesce(:source::text, t.source, '')
      AND coalesce(t.campaign, '') = coalesce(:campaign::text, t.campaign, '')
    LIMIT 1
) f
WHERE l.tenant_id = :tenant_id AND l.order_id = ANY(:order_ids::text[]) AND l.kind = 'capture' AND l.generation >= 0;

-- name: select_touches_with_fields
-- As `select_touches`, with all that a rule of channels can read behind each channel, after chr(31) each; the first field is empty
-- if the channel was given with the touch or by a correction, the last one unless the touch has the marked key.
-- Never null: every column.
SELECT j.place, p.moments, p.codes
FROM unnest(:journey_keys::bytea[], :first_moments::timestamptz[], :last_moments::timestamptz[])
     WITH ORDINALITY AS j (journey_key, first_moment, last_moment, place)
CROSS JOIN LATERAL (
    SELECT string_agg(timestamptz_send(t.occurred_at), '') AS moments, array_agg(t.code) AS codes
    FROM (SELECT e.occurred_at,
                 concat(e.channel_code, chr(31),
                        CASE WHEN e.channel_rule <> 'explicit' AND NOT starts_with(e.channel_rule, 'correction@') THEN '1' END, chr(31),
                        e.source,
                        chr(31), e.medium, chr(31), e.campaign, chr(31), e.referrer_host, chr(31), e.landing_path,
                        chr(31), array_to_string(e.click_id_kinds, ' '), chr(31),
                        CASE WHEN e.idempotency_key = :marked_key::text THEN '1' END) AS code
          FROM public.standing_touches e
          WHERE e.tenant_id = :tenant_id
            AND (e.journey_key, e.occurred_at) >= (j.journey_key, j.first_moment)
            AND (e.journey_key, e.occurred_at) <= (j.journey_key, j.last_moment)
          ORDER BY e.journey_key, e.occurred_at, e.idempotency_key
          LIMIT :most_of_each) t
) p
WHERE p.moments IS NOT NULL;

-- name: select_orders_of_days
-- A page of the entries in order of time, after the one given, and of each whether it stands on the half-open range of
-- local days; without a bound it is open on that side. The moments are bounds for the index, wider than the days in any
-- zone; the first page begins after the first of them. Without renewals, their entries are not wanted.
-- Never null: is_wanted.
SELECT l.id, l.occurred_at, l.order_id,
       d.day >= greatest(:first_day::date, '-infinity'::date) AND d.day < least(:end_day::date, 'infinity'::date)
       AND l.generation >= 0
       AND NOT EXISTS (SELECT FROM public.revenue_ledger r
                       WHERE r.tenant_id = :tenant_id AND r.business_key = l.business_key
                         AND r.generation = -1 - l.generation AND r.generation < 0)
       AND (NOT :without_renewals::boolean
            OR NOT EXISTS (SELECT FROM public.renewal_orders n
                           WHERE n.tenant_id = :tenant_id AND n.order_id = l.order_id)) AS is_wanted
FROM public.revenue_ledger l
LEFT JOIN (SELECT x.changes, x.offsets_s FROM public.time_zones x
           WHERE x.tenant_id = :tenant_id ORDER BY x.turn DESC LIMIT 1) z ON true
CROSS JOIN LATERAL (
    SELECT ((l.occurred_at AT TIME ZONE 'UTC')
            + make_interval(secs => coalesce(z.offsets_s[1 + width_bucket(l.occurred_at, z.changes)], 0)))::date AS day
) d
WHERE l.tenant_id = :tenant_id
  AND (l.occurred_at, l.id) > (greatest(:after_moment::timestamptz, '-infinity'::timestamptz), :after_id::uuid)
  AND l.occurred_at < least(:end_moment::timestamptz, 'infinity'::timestamptz)
ORDER BY l.occurred_at, l.id
LIMIT :most;

-- name: select_touches_of_journey^
-- A page of one journey's touches between two moments, as `select_touches` returns them, and where the next page begins:
-- after the moment and key of the last touch of this one. The first page begins with an empty key, which no touch has.
-- Never null: every column.
SELECT string_agg(timestamptz_send(t.occurred_at), '') AS moments, array_agg(t.channel_code) AS codes,
       max(t.occurred_at) AS last_moment, (array_agg(t.idempotency_key))[count(*)] AS last_key
FROM (SELECT occurred_at, channel_code, idempotency_key
      FROM public.standing_touches
      WHERE tenant_id = :tenant_id AND journey_key = :journey_key
        AND occurred_at >= :first_moment AND occurred_at <= :last_moment
        AND (occurred_at, idempotency_key) > (:first_moment, :after_key COLLATE "C")
      ORDER BY occurred_at, idempotency_key
      LIMIT :most) t
HAVING count(*) > 0;

-- name: select_fields_of_journey^
-- As `select_touches_of_journey`, with the fields that `select_touches_with_fields` returns.
-- Never null: every column.
SELECT string_agg(timestamptz_send(t.occurred_at), '') AS moments, array_agg(t.code) AS codes,
       max(t.occurred_at) AS last_moment, (array_agg(t.idempotency_key))[count(*)] AS last_key
FROM (SELECT e.occurred_at, e.idempotency_key,
             concat(e.channel_code, chr(31),
                        CASE WHEN e.channel_rule <> 'explicit' AND NOT starts_with(e.channel_rule, 'correction@') THEN '1' END, chr(31),
                    e.source,
                    chr(31), e.medium, chr(31), e.campaign, chr(31), e.referrer_host, chr(31), e.landing_path,
                    chr(31), array_to_string(e.click_id_kinds, ' '), chr(31),
                        CASE WHEN e.idempotency_key = :marked_key::text THEN '1' END) AS code
      FROM public.standing_touches e
      WHERE e.tenant_id = :tenant_id AND e.journey_key = :journey_key
        AND e.occurred_at >= :first_moment AND e.occurred_at <= :last_moment
        AND (e.occurred_at, e.idempotency_key) > (:first_moment, :after_key COLLATE "C")
      ORDER BY e.occurred_at, e.idempotency_key
      LIMIT :most) t
HAVING count(*) > 0;

-- name: select_orders_after
-- A page of the orders that have an entry, by id.
SELECT DISTINCT order_id FROM public.revenue_ledger
WHERE tenant_id = :tenant_id AND order_id > :after
ORDER BY order_id LIMIT :most;

-- name: select_previous_conversions
-- An order converts at its earliest capture; of two orders at the same moment, the smaller order id is first. For each
-- journey only conversions between two moments matter: an earlier one cuts no window that is looked at.
-- The bounds `>=` and `<=` with the same order or journey make the planner use the index that returns rows in order.
-- Never null: order_id, occurred_at.
WITH captured AS (
    SELECT DISTINCT j.journey_key, j.first_moment, l.order_id
    FROM unnest(:journey_keys::bytea[], :first_moments::timestamptz[], :last_moments::timestamptz[])
         AS j (journey_key, first_moment, last_moment)
    CROSS JOIN LATERAL (
        SELECT c.order_id FROM public.standing_entries c
        WHERE c.tenant_id = :tenant_id AND c.journey_key IS NOT NULL AND c.kind = 'capture'
          AND (c.journey_key, c.occurred_at) >= (j.journey_key, j.first_moment)
          AND (c.journey_key, c.occurred_at) <= (j.journey_key, j.last_moment)
        ORDER BY c.journey_key, c.occurred_at OFFSET 0
    ) l
), conversions AS (
    SELECT c.journey_key, c.order_id, f.occurred_at
    FROM captured c
    CROSS JOIN LATERAL (
        SELECT e.occurred_at, e.journey_key FROM public.standing_entries e
        WHERE e.tenant_id = :tenant_id AND e.order_id >= c.order_id AND e.order_id <= c.order_id AND e.kind = 'capture'
        ORDER BY e.order_id, e.occurred_at, e.business_key LIMIT 1
    ) f
    WHERE f.journey_key = c.journey_key AND f.occurred_at >= c.first_moment
)
SELECT order_id, occurred_at
FROM (SELECT order_id, lag(occurred_at) OVER (PARTITION BY journey_key ORDER BY occurred_at, order_id) AS occurred_at
      FROM conversions) before
WHERE occurred_at IS NOT NULL AND order_id = ANY(:order_ids::text[]);

-- name: select_stored_journeys
-- A path longer than `longest` bytes is NULL.
SELECT order_id, converted_at, previous_age, reach, generation, CASE WHEN length(path) <= :longest THEN path END AS path,
       entries
FROM public.order_journeys
WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids::text[]);

-- name: select_kept_allocations
SELECT k.order_id, k.generation, k.model_version, k.entry_id, k.channel_code, k.allocated_cents, k.conversion_ppt
FROM public.kept_allocations k
WHERE k.tenant_id = :tenant_id AND k.order_id = ANY(:order_ids::text[])
ORDER BY k.order_id, k.model_version, k.entry_id, k.channel_code
LIMIT :most;

-- name: put_journeys!
-- Each column is one text, its values joined by the unit separator, chr(31), where an empty value is NULL. Paths and
-- entries are each concatenated in one value; `path_ends` and `entries_ends` are the offsets after their last bytes.
INSERT INTO public.order_journeys AS j
    (tenant_id, order_id, converted_at, previous_age, reach, generation, path, entries)
SELECT :tenant_id::uuid, o.order_id, '2000-01-01T00:00:00Z'::timestamptz + o.converted_at * interval '1 microsecond',
       o.previous_age, o.reach, :generation::integer,
       substr(:paths::bytea, o.path_start + 1, o.path_end - o.path_start),
       substr(:entries::bytea, o.entries_start + 1, o.entries_end - o.entries_start)
FROM unnest(string_to_array(:order_ids, chr(31)), string_to_array(:converted, chr(31))::bigint[],
            string_to_array(:previous_ages, chr(31), '')::bigint[], string_to_array(:reaches, chr(31))::bigint[],
            string_to_array(:path_starts, chr(31))::integer[], string_to_array(:path_ends, chr(31))::integer[],
            string_to_array(:entries_starts, chr(31))::integer[], string_to_array(:entries_ends, chr(31))::integer[])
     AS o (order_id, converted_at, previous_age, reach, path_start, path_end, entries_start, entries_end)
ON CONFLICT (tenant_id, order_id) DO UPDATE
SET converted_at = excluded.converted_at, previous_age = excluded.previous_age, reach = excluded.reach,
    generation = excluded.generation, path = excluded.path, entries = excluded.entries;

-- name: delete_journeys!
-- Of orders whose captures were all taken back.
DELETE FROM public.order_journeys WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids::text[]);

-- name: delete_kept!
-- All kept allocations of orders whose journeys are packed now, and those of the active versions for the other orders.
DELETE FROM public.kept_allocations
WHERE tenant_id = :tenant_id
  AND (order_id = ANY(:packed::text[])
       OR (order_id = ANY(:kept::text[]) AND model_version = ANY(:model_versions::text[])));

-- name: insert_kept!
INSERT INTO public.kept_allocations
    (tenant_id, order_id, generation, model_version, entry_id, channel_code, entry_date, currency, allocated_cents,
     conversion_ppt)
SELECT :tenant_id, a.order_id, :generation, a.model_version, a.entry_id, a.channel_code, a.entry_date, a.currency,
       a.allocated_cents, a.conversion_ppt
FROM unnest(:order_ids::text[], :model_versions::text[], :entry_ids::uuid[], :channel_codes::text[],
            :entry_dates::date[], :currencies::text[], :cents::bigint[], :parts::bigint[])
     AS a (order_id, model_version, entry_id, channel_code, entry_date, currency, allocated_cents, conversion_ppt)
RETURNING 1;

-- name: select_channel_totals
-- Sums that hold only spend are left out. The product is exact; a quotient would be rounded. Without renewals, the rows of
-- their basis are subtracted, and so are they in the following statements.
-- Never null: credited_cents, conversions.
SELECT d.currency, d.channel_code, m.model,
       sum(CASE d.basis WHEN 'entry' THEN d.credited_cents ELSE -d.credited_cents END) AS credited_cents,
       trim_scale(sum(CASE d.basis WHEN 'entry' THEN d.conversion_ppt ELSE -d.conversion_ppt END) * 0.000000000001)
           AS conversions
FROM public.rollup_channel_day d
JOIN public.attribution_models m
  ON m.tenant_id = :tenant_id AND m.model_version = d.model_version AND m.is_active
WHERE d.tenant_id = :tenant_id AND d.basis = ANY(:bases::text[]) AND d.allocations <> 0
GROUP BY d.currency, d.channel_code, m.model
HAVING sum(CASE d.basis WHEN 'entry' THEN d.allocations ELSE -d.allocations END) <> 0
ORDER BY d.currency, d.channel_code, m.model;

-- name: select_channel_sums_of_days
-- As `select_channel_totals`, over a half-open range of days, which without a bound is open on that side.
-- Never null: credited_cents, conversion_ppt.
SELECT d.currency, d.channel_code, d.model_version,
       sum(CASE d.basis WHEN 'entry' THEN d.credited_cents ELSE -d.credited_cents END) AS credited_cents,
       sum(CASE d.basis WHEN 'entry' THEN d.conversion_ppt ELSE -d.conversion_ppt END) AS conversion_ppt
FROM public.rollup_channel_day d
WHERE d.tenant_id = :tenant_id AND d.basis = ANY(:bases::text[]) AND d.allocations <> 0
  AND d.revenue_date >= greatest(:first_day::date, '-infinity'::date)
  AND d.revenue_date < least(:end_day::date, 'infinity'::date)
  AND d.model_version = ANY(:versions::text[])
  AND (:currency::text IS NULL OR d.currency = :currency::text)
  AND (:channel::text IS NULL OR d.channel_code = :channel::text)
GROUP BY d.currency, d.channel_code, d.model_version
HAVING sum(CASE d.basis WHEN 'entry' THEN d.allocations ELSE -d.allocations END) <> 0
ORDER BY d.currency, d.channel_code, d.model_version
LIMIT :most;

-- name: select_channel_report
-- One row per period, currency and channel, with the models in arrays. Each row repeats the standing of the tenant, and
-- without any row it is returned alone: the active versions of the requested models, and how many orders await credit and
-- are set aside, each counted up to `most_counted`. A total has a single period without a first day, which a fixed date
-- represents. The bound that repeats the first column of the key lets the index scan begin at the page.
-- Under row-level security only leakproof conditions can use an index: GREATEST and LEAST, which ignore NULL, are;
-- COALESCE is not, as far as the planner knows. A row without allocations and spend is left out: its credit was restated
-- to other channels or is all of renewals, or its spend was restated to 0. That of a refunded order keeps its allocations.
-- Never null: awaiting, set_aside, time_zone. May be null: after_currency, after_channel, roas[].
WITH active AS (
    SELECT m.model, m.model_version FROM public.attribution_models m
    WHERE m.tenant_id = :tenant_id AND m.is_active AND m.model = ANY(:models::text[])
), standing AS (
    SELECT (SELECT array_agg(a.model ORDER BY a.model) FROM active a) AS models,
           (SELECT array_agg(a.model_version ORDER BY a.model) FROM active a) AS versions,
           (SELECT count(*) FROM (
               (SELECT DISTINCT d.order_id FROM public.dirty_orders d
                WHERE d.tenant_id = :tenant_id LIMIT :most_counted)
               UNION
               (SELECT DISTINCT l.order_id
                FROM (SELECT j.journey_key, min(j.first_moment) AS first_moment, max(j.last_moment) AS last_moment
                      FROM public.dirty_journeys j WHERE j.tenant_id = :tenant_id GROUP BY j.journey_key) j
                JOIN public.revenue_ledger l
                  ON l.tenant_id = :tenant_id AND l.journey_key = j.journey_key AND l.kind = 'capture'
                 AND l.occurred_at >= j.first_moment AND l.occurred_at <= j.last_moment
                LIMIT :most_counted)
               UNION
               (SELECT p.order_id
                FROM public.restatements r
                JOIN public.order_journeys p
                  ON p.tenant_id = :tenant_id AND p.order_id > r.after_order_id AND p.generation < r.generation
                WHERE r.tenant_id = :tenant_id
                LIMIT :most_counted)
               LIMIT :most_counted) AS counted) AS awaiting,
           (SELECT count(*) FROM (SELECT FROM public.orders_set_aside s
                                  WHERE s.tenant_id = :tenant_id LIMIT :most_counted) AS counted) AS set_aside,
           coalesce((SELECT z.time_zone FROM public.time_zones z
                     WHERE z.tenant_id = :tenant_id ORDER BY z.turn DESC LIMIT 1), 'UTC') AS time_zone
), report AS (
    SELECT g.period, g.currency, g.channel_code,
           array_agg(g.model_version) AS model_versions,
           array_agg(g.credited_cents) AS credited_cents,
           array_agg(g.conversions) AS conversions,
           array_agg(g.spend_cents) AS spend_cents,
           array_agg(g.roas) AS roas
    FROM (
        SELECT c.period, c.currency, c.channel_code, c.model_version,
               sum(c.credited_cents) AS credited_cents,
               trim_scale(sum(c.conversion_ppt) * 0.000000000001)::text AS conversions,
               sum(c.spend_cents) AS spend_cents,
               round(sum(c.credited_cents) / nullif(sum(c.spend_cents), 0), 6)::text AS roas
        FROM (SELECT CASE :granularity::text WHEN 'total' THEN DATE '0002-01-01' WHEN 'day' THEN d.revenue_date
                          ELSE date_trunc(:granularity::text, d.revenue_date::timestamp)::date END AS period,
                     d.currency, d.channel_code, d.model_version, d.spend_cents,
                     CASE d.basis WHEN 'entry' THEN d.credited_cents ELSE -d.credited_cents END AS credited_cents,
                     CASE d.basis WHEN 'entry' THEN d.conversion_ppt ELSE -d.conversion_ppt END AS conversion_ppt,
                     CASE d.basis WHEN 'entry' THEN d.allocations ELSE -d.allocations END AS allocations
              FROM public.rollup_channel_day d
              WHERE d.tenant_id = :tenant_id AND d.basis = ANY(:bases::text[])
                AND d.revenue_date >= greatest(:first_day::date, :after_period::date, '-infinity'::date)
                AND d.revenue_date < least(:end_day::date, 'infinity'::date)
                AND d.model_version = ANY(ARRAY(SELECT a.model_version FROM active a))
                AND (:currency::text IS NULL OR d.currency = :currency::text)) c
        WHERE :after_period::date IS NULL
           OR (c.period, c.currency, c.channel_code)
              > (:after_period::date, :after_currency::text, :after_channel::text COLLATE "C")
        GROUP BY c.period, c.currency, c.channel_code, c.model_version
        HAVING sum(c.allocations) <> 0 OR sum(c.spend_cents) <> 0
    ) g
    GROUP BY g.period, g.currency, g.channel_code
    ORDER BY g.period, g.currency, g.channel_code
    LIMIT :most
)
SELECT s.models, s.versions, s.awaiting, s.set_aside, s.time_zone, r.period, coalesce(r.currency, '') AS currency,
       coalesce(r.channel_code, '') AS channel, coalesce(r.model_versions, '{}') AS model_versions,
       coalesce(r.credited_cents, '{}') AS credited_cents, coalesce(r.conversions, '{}') AS conversions,
       coalesce(r.spend_cents, '{}') AS spend_cents, coalesce(r.roas, '{}') AS roas
FROM standing s
LEFT JOIN report r ON true
ORDER BY r.period, r.currency, r.channel_code;

-- name: select_versions_at
-- The versions of some models that were in force before a moment, or that are in force now if it is NULL. Versions that
-- were put in force before changes were recorded are known from the change that ended them, or are still in force.
-- Never null: every column.
SELECT w.model,
       CASE WHEN :moment::timestamptz IS NULL THEN a.model_version
            WHEN b.id IS NOT NULL THEN b.to_version
            WHEN l.id IS NOT NULL THEN l.from_version
            ELSE a.model_version END AS model_version
FROM unnest(:models::text[]) AS w (model)
LEFT JOIN public.attribution_models a ON a.tenant_id = :tenant_id AND a.model = w.model AND a.is_active
LEFT JOIN LATERAL (SELECT c.id, c.to_version FROM public.model_changes c
                   WHERE c.tenant_id = :tenant_id AND c.model = w.model AND c.changed_at < :moment::timestamptz
                   ORDER BY c.changed_at DESC, c.id DESC LIMIT 1) b ON true
LEFT JOIN LATERAL (SELECT c.id, c.from_version FROM public.model_changes c
                   WHERE c.tenant_id = :tenant_id AND c.model = w.model AND c.changed_at >= :moment::timestamptz
                   ORDER BY c.changed_at, c.id LIMIT 1) l ON true
WHERE CASE WHEN :moment::timestamptz IS NULL THEN a.model_version
           WHEN b.id IS NOT NULL THEN b.to_version
           WHEN l.id IS NOT NULL THEN l.from_version
           ELSE a.model_version END IS NOT NULL;

-- name: select_channel_sums_at
-- The sums of the channel report before a moment, or now if it is NULL: as `select_channel_report`, for the versions given.
-- The day of each sum is shifted, so that the periods of two reports can be compared.
-- Credit of days before `border` is today's without what was changed since the moment, that of later days is what had been
-- changed by then: of both, the journal holds little. Which days are which makes no difference to the sums. Spend of an
-- earlier moment is summed before it is repeated for each version.
-- May be null: after_currency, after_channel, roas[]. Never null: every column.
SELECT g.period, g.currency, g.channel_code AS channel,
       array_agg(g.model_version) AS model_versions,
       array_agg(g.credited_cents) AS credited_cents,
       array_agg(g.conversions) AS conversions,
       array_agg(g.spend_cents) AS spend_cents,
       array_agg(g.roas) AS roas
FROM (
    SELECT c.period, c.currency, c.channel_code, c.model_version,
           sum(c.credited_cents) AS credited_cents,
           trim_scale(sum(c.conversion_ppt) * 0.000000000001)::text AS conversions,
           sum(c.spend_cents) AS spend_cents,
           round(sum(c.credited_cents) / nullif(sum(c.spend_cents), 0), 6)::text AS roas
    FROM (SELECT CASE WHEN :granularity::text = 'total' THEN DATE '0002-01-01'
                      ELSE date_trunc(:granularity::text,
                                      d.revenue_date + make_interval(months => :shift_months::integer,
                                                                     days => :shift_days::integer))::date
                 END AS period,
                 d.currency, d.channel_code, d.model_version, d.spend_cents,
                 d.sign * d.credited_cents AS credited_cents, d.sign * d.conversion_ppt AS conversion_ppt,
                 d.sign * d.allocations AS allocations
          FROM (SELECT r.revenue_date, r.currency, r.channel_code, r.model_version, r.credited_cents, r.conversion_ppt,
                       r.allocations, CASE r.basis WHEN 'entry' THEN 1 ELSE -1 END AS sign,
                       CASE WHEN :moment::timestamptz IS NULL THEN r.spend_cents ELSE 0 END AS spend_cents
                FROM public.rollup_channel_day r
                WHERE r.tenant_id = :tenant_id AND r.basis = ANY(:bases::text[])
                  AND r.revenue_date >= greatest(:first_day::date, '-infinity'::date)
                  AND r.revenue_date < least(:end_day::date, :border::date, 'infinity'::date)
                  AND r.model_version = ANY(:versions::text[])
                  AND (:currency::text IS NULL OR r.currency = :currency::text)
                UNION ALL
                SELECT j.revenue_date, j.currency, j.channel_code, j.model_version, j.credited_cents, j.conversion_ppt,
                       j.allocations, CASE j.basis WHEN 'entry' THEN -1 ELSE 1 END, 0
                FROM public.credit_journal j
                WHERE j.tenant_id = :tenant_id AND j.basis = ANY(:bases::text[])
                  AND j.revenue_date >= greatest(:first_day::date, '-infinity'::date)
                  AND j.revenue_date < least(:end_day::date, :border::date)
                  AND j.changed_at >= :moment::timestamptz
                  AND j.model_version = ANY(:versions::text[])
                  AND (:currency::text IS NULL OR j.currency = :currency::text)
                UNION ALL
                SELECT j.revenue_date, j.currency, j.channel_code, j.model_version, j.credited_cents, j.conversion_ppt,
                       j.allocations, CASE j.basis WHEN 'entry' THEN 1 ELSE -1 END, 0
                FROM public.credit_journal j
                WHERE j.tenant_id = :tenant_id AND j.basis = ANY(:bases::text[])
                  AND j.revenue_date >= greatest(:first_day::date, :border::date)
                  AND j.revenue_date < least(:end_day::date, 'infinity'::date)
                  AND j.changed_at < :moment::timestamptz
                  AND j.model_version = ANY(:versions::text[])
                  AND (:currency::text IS NULL OR j.currency = :currency::text)
                UNION ALL
                SELECT s.spend_date, s.currency, s.channel_code, v.model_version, 0, 0, 0, 1, s.spend_cents
                FROM (SELECT x.spend_date, x.currency, x.channel_code, sum(x.amount_cents) AS spend_cents
                      FROM public.spend x
                      WHERE x.tenant_id = :tenant_id
                        AND x.spend_date >= greatest(:first_day::date, '-infinity'::date)
                        AND x.spend_date < least(:end_day::date, 'infinity'::date)
                        AND x.recorded_at < :moment::timestamptz
                        AND (:currency::text IS NULL OR x.currency = :currency::text)
                      GROUP BY x.spend_date, x.currency, x.channel_code) s
                CROSS JOIN unnest(:versions::text[]) AS v (model_version)) d) c
    WHERE :after_period::date IS NULL
       OR (c.period, c.currency, c.channel_code)
          > (:after_period::date, :after_currency::text, :after_channel::text COLLATE "C")
    GROUP BY c.period, c.currency, c.channel_code, c.model_version
    HAVING sum(c.allocations) <> 0 OR sum(c.spend_cents) <> 0
) g
GROUP BY g.period, g.currency, g.channel_code
ORDER BY g.period, g.currency, g.channel_code
LIMIT :most;

-- name: select_order_standing^
-- Whether the order awaits credit, why it is set aside if it is, how many entries it has, and up to when the tenant's
-- touches have been forgotten.
-- Always a row.
SELECT EXISTS (SELECT FROM public.dirty_orders d
               WHERE d.tenant_id = :tenant_id AND d.order_id = :order_id)
       OR EXISTS (SELECT FROM public.dirty_journeys j
                  JOIN public.revenue_ledger c
                    ON c.tenant_id = :tenant_id AND c.journey_key = j.journey_key AND c.order_id = :order_id
                   AND c.kind = 'capture' AND c.occurred_at >= j.first_moment AND c.occurred_at <= j.last_moment
                  WHERE j.tenant_id = :tenant_id)
       OR EXISTS (SELECT FROM public.restatements x
                  JOIN public.order_journeys p
                    ON p.tenant_id = :tenant_id AND p.order_id = :order_id AND p.order_id > x.after_order_id
                   AND p.generation < x.generation
                  WHERE x.tenant_id = :tenant_id) AS awaits_credit,
       (SELECT count(*) FROM public.standing_entries l
        WHERE l.tenant_id = :tenant_id AND l.order_id = :order_id) AS entries,
       (SELECT r.touches_forgotten_before FROM public.retention r
        WHERE r.tenant_id = :tenant_id) AS touches_forgotten_before,
       s.reason, s.detail, s.since
FROM (SELECT 1) one
LEFT JOIN public.orders_set_aside s ON s.tenant_id = :tenant_id AND s.order_id = :order_id;

-- name: select_payments_of_order
-- What webhooks reported of the order besides its entries, the newest payments first.
-- Never null: waiting, evidence.
SELECT state, flags, providers, is_renewal, journey, waiting::text AS waiting, evidence::text AS evidence
FROM public.payments
WHERE tenant_id = :tenant_id AND order_id = :order_id
ORDER BY id DESC
LIMIT :most;

-- name: select_newest_touches
-- With who corrected the channel, when and why, if somebody did.
-- Never null: idempotency_key, occurred_at, channel_code, channel_rule.
SELECT t.idempotency_key, t.occurred_at, t.channel_code, t.channel_rule, t.source, t.medium, t.campaign, t.referrer_host,
       t.click_id_kinds, u.id AS correction_id, u.reason, u.requested_by, u.requested_at
FROM (SELECT s.idempotency_key, s.occurred_at, s.channel_code, s.channel_rule, s.source, s.medium, s.campaign,
             s.referrer_host, s.click_id_kinds,
             substring(s.channel_rule FROM '^correction@([0-9a-f-]{36})')::uuid AS correction_id
      FROM public.standing_touches s
      WHERE s.tenant_id = :tenant_id AND s.journey_key = :journey_key
        AND s.occurred_at >= :first_moment AND s.occurred_at <= :last_moment
      ORDER BY s.occurred_at DESC, s.idempotency_key DESC
      LIMIT :most) t
LEFT JOIN public.undoings u ON u.tenant_id = :tenant_id AND u.id = t.correction_id
ORDER BY t.occurred_at DESC, t.idempotency_key DESC;

-- name: select_credit_by_day
-- The sums of some days, a row per day, currency and version with the channels in arrays; without renewals as in
-- `select_channel_report`.
-- Never null: every column.
SELECT g.day, g.currency, g.model_version,
       array_agg(g.channel_code ORDER BY g.channel_code) AS channels,
       array_agg(g.credited_cents ORDER BY g.channel_code) AS credited_cents,
       array_agg(g.conversion_ppt ORDER BY g.channel_code) AS conversion_ppt,
       array_agg(g.spend_cents ORDER BY g.channel_code) AS spend_cents
FROM (
    SELECT d.revenue_date AS day, d.currency, d.model_version, d.channel_code,
           sum(CASE d.basis WHEN 'entry' THEN d.credited_cents ELSE -d.credited_cents END) AS credited_cents,
           sum(CASE d.basis WHEN 'entry' THEN d.conversion_ppt ELSE -d.conversion_ppt END) AS conversion_ppt,
           sum(d.spend_cents) AS spend_cents
    FROM public.rollup_channel_day d
    WHERE d.tenant_id = :tenant_id AND d.basis = ANY(:bases::text[])
      AND d.revenue_date >= :first_day AND d.revenue_date < :end_day
      AND d.model_version = ANY(:versions::text[])
    GROUP BY d.revenue_date, d.currency, d.model_version, d.channel_code
    HAVING sum(CASE d.basis WHEN 'entry' THEN d.allocations ELSE -d.allocations END) <> 0 OR sum(d.spend_cents) <> 0
) g
GROUP BY g.day, g.currency, g.model_version
ORDER BY g.day, g.currency, g.model_version;

-- name: select_span_of_credit^
-- The first and last day with sums in a half-open range, which without a bound is open on that side.
SELECT min(d.revenue_date) AS first_day, max(d.revenue_date) AS last_day
FROM public.rollup_channel_day d
WHERE d.tenant_id = :tenant_id AND d.basis = 'entry'
  AND d.revenue_date >= greatest(:first_day::date, '-infinity'::date)
  AND d.revenue_date < least(:end_day::date, 'infinity'::date);

-- name: select_credit_of_periods
-- The credit of all channels by period, currency and version; a total has a single period, as in `select_channel_report`.
-- Never null: every column.
SELECT c.period, c.currency, c.model_version, sum(c.credited_cents) AS credited_cents
FROM (SELECT CASE :granularity::text WHEN 'total' THEN DATE '0002-01-01' WHEN 'day' THEN d.revenue_date
                  ELSE date_trunc(:granularity::text, d.revenue_date::timestamp)::date END AS period,
             d.currency, d.model_version,
             CASE d.basis WHEN 'entry' THEN d.credited_cents ELSE -d.credited_cents END AS credited_cents
      FROM public.rollup_channel_day d
      WHERE d.tenant_id = :tenant_id AND d.basis = ANY(:bases::text[])
        AND d.revenue_date >= greatest(:first_day::date, '-infinity'::date)
        AND d.revenue_date < least(:end_day::date, 'infinity'::date)
        AND d.model_version = ANY(:versions::text[])
        AND (:currency::text IS NULL OR d.currency = :currency::text)) c
GROUP BY c.period, c.currency, c.model_version;

-- name: select_campaign_costs
-- What campaigns cost on some days, by the latest revision of each day, in the channel of that revision.
SELECT l.currency, l.channel_code, l.platform, l.account, l.campaign,
       array_agg(DISTINCT l.campaign_name) FILTER (WHERE l.campaign_name IS NOT NULL) AS names,
       sum(l.cost_cents) AS cost_cents
FROM (SELECT DISTINCT ON (d.platform, d.account, d.campaign, d.day, d.currency)
             d.platform, d.account, d.campaign, d.campaign_name, d.currency, d.cost_cents, d.channel_code
      FROM public.ad_days d
      WHERE d.tenant_id = :tenant_id
        AND d.day >= greatest(:first_day::date, '-infinity'::date) AND d.day < least(:end_day::date, 'infinity'::date)
        AND (:currency::text IS NULL OR d.currency = :currency::text)
      ORDER BY d.platform, d.account, d.campaign, d.day, d.currency, d.revision DESC) l
WHERE l.cost_cents IS NOT NULL AND (:channel::text IS NULL OR l.channel_code = :channel::text)
GROUP BY l.currency, l.channel_code, l.platform, l.account, l.campaign
ORDER BY l.currency, l.channel_code, l.platform, l.account, l.campaign
LIMIT :most;

-- name: select_channel_spend
-- What channels cost on some days, as the channel report shows it beside any version.
-- Never null: spend_cents.
SELECT d.currency, d.channel_code, sum(d.spend_cents) AS spend_cents
FROM public.rollup_channel_day d
WHERE d.tenant_id = :tenant_id AND d.basis = 'entry' AND d.model_version = :version AND d.spend_cents <> 0
  AND d.revenue_date >= greatest(:first_day::date, '-infinity'::date)
  AND d.revenue_date < least(:end_day::date, 'infinity'::date)
  AND (:currency::text IS NULL OR d.currency = :currency::text)
  AND (:channel::text IS NULL OR d.channel_code = :channel::text)
GROUP BY d.currency, d.channel_code
HAVING sum(d.spend_cents) <> 0
ORDER BY d.currency, d.channel_code
LIMIT :most;

-- name: select_channel_figures
-- The sums of one version over some days; without renewals as in `select_channel_report`.
-- Never null: credited_cents, conversion_ppt, spend_cents.
SELECT d.currency, d.channel_code,
       sum(CASE d.basis WHEN 'entry' THEN d.credited_cents ELSE -d.credited_cents END) AS credited_cents,
       sum(CASE d.basis WHEN 'entry' THEN d.conversion_ppt ELSE -d.conversion_ppt END) AS conversion_ppt,
       sum(d.spend_cents) AS spend_cents
FROM public.rollup_channel_day d
WHERE d.tenant_id = :tenant_id AND d.basis = ANY(:bases::text[]) AND d.model_version = :version
  AND d.revenue_date >= greatest(:first_day::date, '-infinity'::date)
  AND d.revenue_date < least(:end_day::date, 'infinity'::date)
GROUP BY d.currency, d.channel_code
HAVING sum(CASE d.basis WHEN 'entry' THEN d.allocations ELSE -d.allocations END) <> 0 OR sum(d.spend_cents) <> 0
ORDER BY d.currency, sum(CASE d.basis WHEN 'entry' THEN d.credited_cents ELSE -d.credited_cents END) DESC,
         d.channel_code;

-- name: select_changed_orders
-- Orders whose credit may differ between two moments, because an entry or a touch was recorded or taken back in between:
-- those of the entries, and all that have captures on the journeys concerned. Ids follow the time, so only rows with later
-- ones than `first_id` are read.
-- Never null: order_id.
WITH entries AS (
    SELECT DISTINCT l.order_id FROM public.revenue_ledger l
    WHERE l.tenant_id = :tenant_id AND l.id >= :first_id
      AND l.recorded_at >= :since::timestamptz AND l.recorded_at < :until::timestamptz
), journeys AS (
    SELECT l.journey_key FROM public.revenue_ledger l
    WHERE l.tenant_id = :tenant_id AND l.order_id IN (SELECT e.order_id FROM entries e) AND l.kind = 'capture'
      AND l.journey_key IS NOT NULL
    UNION
    SELECT t.journey_key FROM public.attribution_events t
    WHERE t.tenant_id = :tenant_id AND t.id >= :first_id AND t.recorded_at >= :since AND t.recorded_at < :until
      AND t.journey_key IS NOT NULL
    UNION
    SELECT t.journey_key
    FROM public.touch_withdrawals w
    JOIN public.attribution_events t
      ON t.tenant_id = :tenant_id AND t.idempotency_key = w.idempotency_key AND t.generation = w.generation
    WHERE w.tenant_id = :tenant_id AND w.withdrawn_at >= :since AND w.withdrawn_at < :until
      AND t.journey_key IS NOT NULL
)
SELECT o.order_id
FROM (SELECT e.order_id FROM entries e
      UNION
      SELECT l.order_id FROM journeys j
      JOIN public.revenue_ledger l
        ON l.tenant_id = :tenant_id AND l.journey_key = j.journey_key AND l.kind = 'capture') o
ORDER BY o.order_id
LIMIT :most;

-- name: select_orders_recorded
-- All orders with an entry recorded before a moment.
SELECT DISTINCT l.order_id FROM public.revenue_ledger l
WHERE l.tenant_id = :tenant_id AND l.recorded_at < :until
ORDER BY l.order_id
LIMIT :most;

-- name: select_entries_at
-- As `select_entries`, but what had been recorded by some moments, each for a kind of entry, and not been taken back by
-- another one.
SELECT l.order_id, l.id, l.business_key, l.occurred_at, l.kind, l.currency, l.amount_cents, l.journey_key
FROM public.revenue_ledger l
WHERE l.tenant_id = :tenant_id AND l.order_id = ANY(:order_ids::text[]) AND l.generation >= 0
  AND l.recorded_at < CASE WHEN l.kind = 'capture' THEN :captures_by::timestamptz
                           WHEN l.kind IN ('refund', 'refund_reversal') THEN :refunds_by::timestamptz
                           ELSE :disputes_by::timestamptz END
  AND NOT EXISTS (SELECT FROM public.revenue_ledger r
                  WHERE r.tenant_id = :tenant_id AND r.business_key = l.business_key
                    AND r.generation = -1 - l.generation AND r.generation < 0
                    AND r.recorded_at < :taken_back_by::timestamptz OFFSET 0)
LIMIT :most;

-- name: select_conversions_at
-- The conversions of all orders with a capture on some journeys, as of some moments: each order's first capture.
SELECT DISTINCT ON (l.order_id) l.order_id, l.occurred_at, l.journey_key
FROM public.revenue_ledger l
WHERE l.tenant_id = :tenant_id AND l.kind = 'capture' AND l.generation >= 0 AND l.recorded_at < :captures_by
  AND l.order_id IN (SELECT c.order_id FROM public.revenue_ledger c
                     WHERE c.tenant_id = :tenant_id AND c.journey_key = ANY(:journey_keys::bytea[])
                       AND c.kind = 'capture')
  AND NOT EXISTS (SELECT FROM public.revenue_ledger r
                  WHERE r.tenant_id = :tenant_id AND r.business_key = l.business_key
                    AND r.generation = -1 - l.generation AND r.generation < 0 AND r.recorded_at < :taken_back_by OFFSET 0)
ORDER BY l.order_id, l.occurred_at, l.business_key;

-- name: select_touches_at
-- As `select_touches`, but what had been recorded by a moment and not been taken back by another one. What a restatement of
-- channels took back and recorded again counts from a third one on, and of a correction from a fourth.
-- Never null: every column.
SELECT j.place, p.moments, p.codes
FROM unnest(:journey_keys::bytea[], :first_moments::timestamptz[], :last_moments::timestamptz[])
     WITH ORDINALITY AS j (journey_key, first_moment, last_moment, place)
CROSS JOIN LATERAL (
    SELECT string_agg(timestamptz_send(t.occurred_at), '') AS moments, array_agg(t.channel_code) AS codes
    FROM (SELECT e.occurred_at, e.channel_code
          FROM public.attribution_events e
          WHERE e.tenant_id = :tenant_id
            AND (e.journey_key, e.occurred_at) >= (j.journey_key, j.first_moment)
            AND (e.journey_key, e.occurred_at) <= (j.journey_key, j.last_moment)
            AND e.recorded_at < CASE
                (SELECT u.target_kind FROM public.touch_withdrawals x
                 JOIN public.undoings u ON u.tenant_id = :tenant_id AND u.id = x.undoing_id
                 WHERE e.generation > 0 AND x.tenant_id = :tenant_id AND x.idempotency_key = e.idempotency_key
                   AND x.generation = e.generation - 1)
                WHEN 'channels' THEN :restated_by::timestamptz
                WHEN 'correction' THEN :corrected_by::timestamptz ELSE :touches_by::timestamptz END
            AND NOT EXISTS (SELECT FROM public.touch_withdrawals w
                            LEFT JOIN public.undoings u ON u.tenant_id = :tenant_id AND u.id = w.undoing_id
                            WHERE w.tenant_id = :tenant_id AND w.idempotency_key = e.idempotency_key
                              AND w.generation = e.generation
                              AND w.withdrawn_at < CASE u.target_kind WHEN 'channels' THEN :restated_by
                                                        WHEN 'correction' THEN :corrected_by
                                                        ELSE :taken_back_by::timestamptz END)
          ORDER BY e.journey_key, e.occurred_at, e.idempotency_key
          LIMIT :most_of_each) t
) p
WHERE p.moments IS NOT NULL;

-- name: select_orders_of_changes
-- For each kind of entry the first `most` orders with one that was recorded between two moments, or taken back.
-- Column cause is one of captures, refunds, disputes, taken_back.
-- Never null: every column.
SELECT k.cause, o.order_id
FROM unnest(ARRAY['captures', 'refunds', 'disputes', 'taken_back']) AS k (cause)
CROSS JOIN LATERAL (
    SELECT DISTINCT l.order_id FROM public.revenue_ledger l
    WHERE l.tenant_id = :tenant_id AND l.id >= :first_id AND l.recorded_at >= :since::timestamptz
      AND l.recorded_at < :until::timestamptz
      AND k.cause = CASE WHEN l.generation < 0 THEN 'taken_back' WHEN l.kind = 'capture' THEN 'captures'
                         WHEN l.kind IN ('refund', 'refund_reversal') THEN 'refunds' ELSE 'disputes' END
    ORDER BY l.order_id
    LIMIT :most) o
ORDER BY k.cause, o.order_id;

-- name: select_undoings_of_changes
-- Who took facts back, restated channels, or corrected a touch between two moments.
SELECT u.id, u.target_kind, u.target, u.reason, u.requested_by, u.requested_at
FROM public.undoings u
WHERE u.tenant_id = :tenant_id AND u.requested_at < :until AND (u.ended_at IS NULL OR u.ended_at >= :since)
ORDER BY u.requested_at, u.id
LIMIT :most;

-- name: select_standings
-- Those of some orders that await credit, or are set aside and why.
-- Never null: order_id, awaits_credit.
SELECT o.order_id, o.awaits_credit, s.reason
FROM (SELECT w.order_id,
             EXISTS (SELECT FROM public.dirty_orders d
                     WHERE d.tenant_id = :tenant_id AND d.order_id = w.order_id)
             OR EXISTS (SELECT FROM public.revenue_ledger c
                        JOIN public.dirty_journeys j
                          ON j.tenant_id = :tenant_id AND j.journey_key = c.journey_key
                         AND c.occurred_at >= j.first_moment AND c.occurred_at <= j.last_moment
                        WHERE c.tenant_id = :tenant_id AND c.order_id = w.order_id AND c.kind = 'capture')
             OR EXISTS (SELECT FROM public.restatements x
                        JOIN public.order_journeys p
                          ON p.tenant_id = :tenant_id AND p.order_id = w.order_id AND p.order_id > x.after_order_id
                         AND p.generation < x.generation
                        WHERE x.tenant_id = :tenant_id) AS awaits_credit
      FROM unnest(:order_ids::text[]) AS w (order_id)) o
LEFT JOIN public.orders_set_aside s ON s.tenant_id = :tenant_id AND s.order_id = o.order_id
WHERE o.awaits_credit OR s.reason IS NOT NULL;

-- name: select_newest_journeys^
-- The stored journeys of the orders that converted last between two moments, at most `most`, the newest first, as columns:
-- paths and entries are each concatenated, with the length of each. At most `most_read` captures are read; where these are
-- not all, orders that converted before the first of them are left out, since some of them would be missing. An order whose
-- captures were taken back has no journey. `missing` counts orders with a capture that stands and no journey, and `too_long`
-- those with a path longer than `longest` bytes. The numbers of each order are sent as bytes, a previous age that is not
-- known as -1.
WITH captures AS MATERIALIZED (
    SELECT l.order_id, l.occurred_at
    FROM public.revenue_ledger l
    WHERE l.tenant_id = :tenant_id AND l.kind = 'capture' AND l.generation >= 0
      AND l.occurred_at >= :first_moment::timestamptz AND l.occurred_at < :end_moment::timestamptz
    ORDER BY l.occurred_at DESC
    LIMIT :most_read
), found AS (
    SELECT o.order_id, j.converted_at, j.previous_age, j.path, j.entries
    FROM (SELECT DISTINCT c.order_id FROM captures c) o
    LEFT JOIN public.order_journeys j ON j.tenant_id = :tenant_id AND j.order_id = o.order_id
), newest AS (
    SELECT f.order_id, f.converted_at, f.previous_age, f.path, f.entries
    FROM found f
    WHERE length(f.path) <= :longest AND f.converted_at >= (SELECT min(c.occurred_at) FROM captures c)
    ORDER BY f.converted_at DESC, f.order_id
    LIMIT :most
)
SELECT (SELECT count(*) FROM captures) AS captures_read,
       (SELECT count(*) FROM found f
        WHERE f.converted_at IS NULL
          AND EXISTS (SELECT FROM public.standing_entries s
                      WHERE s.tenant_id = :tenant_id AND s.order_id = f.order_id AND s.kind = 'capture' OFFSET 0)) AS missing,
       (SELECT count(*) FROM found f WHERE length(f.path) > :longest AND f.converted_at >= :first_moment) AS too_long,
       count(*) AS orders,
       array_agg(n.order_id ORDER BY n.converted_at DESC, n.order_id) FILTER (WHERE :with_ids::boolean) AS order_ids,
       string_agg(timestamptz_send(n.converted_at), '' ORDER BY n.converted_at DESC, n.order_id) AS converted,
       string_agg(int8send(coalesce(n.previous_age, -1)), '' ORDER BY n.converted_at DESC, n.order_id) AS previous_ages,
       string_agg(int4send(length(n.path)), '' ORDER BY n.converted_at DESC, n.order_id) AS path_bytes,
       string_agg(int4send(length(n.entries)), '' ORDER BY n.converted_at DESC, n.order_id) AS entry_bytes,
       string_agg(n.path, '' ORDER BY n.converted_at DESC, n.order_id) AS paths,
       string_agg(n.entries, '' ORDER BY n.converted_at DESC, n.order_id) AS entries
FROM newest n;
