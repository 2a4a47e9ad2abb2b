-- name: mark_days!
INSERT INTO public.dirty_days (tenant_id, day, sums)
SELECT :tenant_id, day, :sums FROM unnest(:days::date[]) AS day
RETURNING 1;

-- name: mark_days_of_orders
-- The days on which one of the orders has an entry: a capture can change the state of an earlier refund of its order. A
-- row for each mark.
INSERT INTO public.dirty_days (tenant_id, day, sums)
SELECT DISTINCT :tenant_id::uuid,
       ((e.occurred_at AT TIME ZONE 'UTC')
        + make_interval(secs => coalesce(z.offsets_s[1 + width_bucket(e.occurred_at, z.changes)], 0)))::date, 'revenue'
FROM public.revenue_ledger e
LEFT JOIN (SELECT x.changes, x.offsets_s FROM public.time_zones x
           WHERE x.tenant_id = :tenant_id ORDER BY x.turn DESC LIMIT 1) z ON true
WHERE e.tenant_id = :tenant_id AND e.order_id = ANY(:order_ids::text[])
RETURNING day;

-- name: mark_days_of_models$
-- The days with spend, which is repeated for each model, and those on which credit is compared with the ledger. Returns
-- the number of marks.
WITH of_spend AS (
    INSERT INTO public.dirty_days (tenant_id, day)
    SELECT DISTINCT :tenant_id::uuid, spend_date FROM public.spend WHERE tenant_id = :tenant_id
    RETURNING 1
), compared AS (
    INSERT INTO public.dirty_days (tenant_id, day, sums)
    SELECT DISTINCT :tenant_id::uuid, revenue_date, 'credit' FROM public.rollup_allocation_day
    WHERE tenant_id = :tenant_id
    RETURNING 1
)
SELECT (SELECT count(*) FROM of_spend) + (SELECT count(*) FROM compared);

-- name: tenants_with_dirty_days
-- Tenants that may have dirty days; at any time none is missing.
-- Never null: tenant_id.
SELECT tenant_id FROM public.tenants_with_dirty_days() AS tenant_id;

-- name: has_dirty_days$
SELECT EXISTS (SELECT FROM public.tenants_with_dirty_days());

-- name: rollup_lag$
SELECT extract(epoch FROM clock_timestamp() - public.waiting_since('days'))::float8;

-- name: review_waiting$
SELECT public.review_waiting_tenant(:tenant_id, :rollup_lock::bigint, :other_locks::bigint[]);

-- name: take_dirty_days
-- Deletes the marks that are visible; a mark written concurrently is another row and stays.
-- Never null: has_spend, has_revenue.
WITH taken AS (
    DELETE FROM public.dirty_days
    WHERE tenant_id = :tenant_id
      AND day IN (SELECT DISTINCT day FROM public.dirty_days WHERE tenant_id = :tenant_id ORDER BY day LIMIT :most)
    RETURNING day, sums
)
SELECT day, bool_or(sums = 'all') AS has_spend, bool_or(sums <> 'credit') AS has_revenue
FROM taken GROUP BY day ORDER BY day;

-- name: delete_revenue_days!
-- Their sums are subtracted from the totals over all days. The latest moment of a total stays; see `settle_latest_entries`.
WITH gone AS (
    DELETE FROM public.rollup_revenue_day
    WHERE tenant_id = :tenant_id AND revenue_date = ANY(:days::date[])
    RETURNING currency, state, amount_cents, entries, orders, last_entry_at, renewal_cents, renewal_entries,
              renewal_orders
)
INSERT INTO public.rollup_revenue_total AS t
    (tenant_id, currency, state, amount_cents, entries, orders, last_entry_at, renewal_cents, renewal_entries,
     renewal_orders)
SELECT :tenant_id::uuid, g.currency, g.state, -sum(g.amount_cents), -sum(g.entries), -sum(g.orders),
       max(g.last_entry_at), -sum(g.renewal_cents), -sum(g.renewal_entries), -sum(g.renewal_orders)
FROM gone g
GROUP BY g.currency, g.state
ON CONFLICT (tenant_id, currency, state) DO UPDATE
SET amount_cents = t.amount_cents + excluded.amount_cents,
    entries = t.entries + excluded.entries,
    orders = t.orders + excluded.orders,
    renewal_cents = t.renewal_cents + excluded.renewal_cents,
    renewal_entries = t.renewal_entries + excluded.renewal_entries,
    renewal_orders = t.renewal_orders + excluded.renewal_orders;

-- name: insert_revenue_days!
-- Their sums are added to the totals over all days. No zone is ahead of UTC, or behind it, by 16 hours; the bounds of
-- a day of UTC are exact. They are worked out beside the ledger (OFFSET 0): under row-level security only leakproof
-- conditions can use its index, and the functions that make a moment of a day are not leakproof. What took an entry back
-- is looked up for each entry (OFFSET 0), as `attribution.select_entries` does. So is whether its order is a renewal, if
-- the tenant has any.
WITH added AS (
INSERT INTO public.rollup_revenue_day
    (tenant_id, revenue_date, currency, state, amount_cents, entries, orders, last_entry_at, renewal_cents,
     renewal_entries, renewal_orders)
SELECT :tenant_id, s.day, s.currency, s.state,
       sum(s.amount_cents), count(*), count(*) FILTER (WHERE s.opens_order), max(s.occurred_at),
       coalesce(sum(s.amount_cents) FILTER (WHERE s.is_renewal), 0), count(*) FILTER (WHERE s.is_renewal),
       count(*) FILTER (WHERE s.is_renewal AND s.opens_order)
FROM (
    SELECT d.day, e.currency, e.amount_cents, e.occurred_at,
           CASE WHEN (SELECT EXISTS (SELECT FROM public.renewal_orders x WHERE x.tenant_id = :tenant_id))
                THEN EXISTS (SELECT FROM public.renewal_orders n
                             WHERE n.tenant_id = :tenant_id AND n.order_id = e.order_id OFFSET 0)
                ELSE false END AS is_renewal,
           CASE WHEN e.kind = 'capture' THEN 'captured'
                WHEN NOT EXISTS (SELECT FROM public.revenue_ledger c
                                 WHERE c.tenant_id = :tenant_id AND c.order_id = e.order_id AND c.kind = 'capture'
                                   AND c.generation >= 0
                                   AND NOT EXISTS (SELECT FROM public.revenue_ledger r
                                                   WHERE r.tenant_id = :tenant_id AND r.business_key = c.business_key
                                                     AND r.generation = -1 - c.generation AND r.generation < 0 OFFSET 0))
                    THEN CASE WHEN e.kind LIKE 'dispute%' THEN 'dispute_awaiting_capture' ELSE 'awaiting_capture' END
                WHEN e.kind = 'refund' THEN 'refunded'
                WHEN e.kind = 'refund_reversal' THEN 'refund_reversed'
                WHEN e.kind = 'dispute' THEN 'disputed'
                ELSE 'dispute_reversed' END AS state,
           e.kind = 'capture' AND NOT EXISTS (
               SELECT FROM public.revenue_ledger c
               WHERE c.tenant_id = :tenant_id AND c.order_id = e.order_id AND c.kind = 'capture'
                 AND (c.occurred_at, c.business_key) < (e.occurred_at, e.business_key)
                 AND c.generation >= 0
                 AND NOT EXISTS (SELECT FROM public.revenue_ledger r
                                 WHERE r.tenant_id = :tenant_id AND r.business_key = c.business_key
                                   AND r.generation = -1 - c.generation AND r.generation < 0 OFFSET 0)) AS opens_order
    FROM (SELECT u.day, z.changes, z.offsets_s,
                 (u.day::timestamp AT TIME ZONE 'UTC') - z.margin AS first_moment,
                 ((u.day + 1)::timestamp AT TIME ZONE 'UTC') + z.margin AS end_moment
          FROM unnest(:days::date[]) AS u (day)
          CROSS JOIN (SELECT y.changes, nullif(y.offsets_s, '{0}') AS offsets_s,
                             make_interval(hours => CASE WHEN nullif(y.offsets_s, '{0}') IS NULL THEN 0 ELSE 16 END) AS margin
                      FROM (SELECT 1) one
                      LEFT JOIN (SELECT x.changes, x.offsets_s FROM public.time_zones x
                                 WHERE x.tenant_id = :tenant_id ORDER BY x.turn DESC LIMIT 1) y ON true OFFSET 0) z
          OFFSET 0) d
    JOIN public.revenue_ledger e
      ON e.tenant_id = :tenant_id AND e.occurred_at >= d.first_moment AND e.occurred_at < d.end_moment
     AND e.generation >= 0
     AND NOT EXISTS (SELECT FROM public.revenue_ledger r
                     WHERE r.tenant_id = :tenant_id AND r.business_key = e.business_key
                       AND r.generation = -1 - e.generation AND r.generation < 0 OFFSET 0)
     AND (d.offsets_s IS NULL
          OR ((e.occurred_at AT TIME ZONE 'UTC')
              + make_interval(secs => d.offsets_s[1 + width_bucket(e.occurred_at, d.changes)]))::date = d.day)
) s
GROUP BY s.day, s.currency, s.state
RETURNING currency, state, amount_cents, entries, orders, last_entry_at, renewal_cents, renewal_entries, renewal_orders
)
INSERT INTO public.rollup_revenue_total AS t
    (tenant_id, currency, state, amount_cents, entries, orders, last_entry_at, renewal_cents, renewal_entries,
     renewal_orders)
SELECT :tenant_id::uuid, a.currency, a.state, sum(a.amount_cents), sum(a.entries), sum(a.orders), max(a.last_entry_at),
       sum(a.renewal_cents), sum(a.renewal_entries), sum(a.renewal_orders)
FROM added a
GROUP BY a.currency, a.state
ON CONFLICT (tenant_id, currency, state) DO UPDATE
SET amount_cents = t.amount_cents + excluded.amount_cents,
    entries = t.entries + excluded.entries,
    orders = t.orders + excluded.orders,
    renewal_cents = t.renewal_cents + excluded.renewal_cents,
    renewal_entries = t.renewal_entries + excluded.renewal_entries,
    renewal_orders = t.renewal_orders + excluded.renewal_orders,
    last_entry_at = greatest(t.last_entry_at, excluded.last_entry_at);

-- name: has_reversals$
-- Whether entries of the tenant were ever taken back.
SELECT EXISTS (SELECT FROM public.revenue_ledger l WHERE l.tenant_id = :tenant_id AND l.generation < 0);

-- name: delete_ended_totals!
-- Of currencies in which no day has an entry any more.
DELETE FROM public.rollup_revenue_total t
WHERE t.tenant_id = :tenant_id
  AND t.currency NOT IN (SELECT d.currency FROM public.rollup_revenue_day d WHERE d.tenant_id = :tenant_id);

-- name: settle_latest_entries!
-- The latest entry of a currency may have been taken back.
UPDATE public.rollup_revenue_total t SET last_entry_at = d.last_entry_at
FROM (SELECT r.currency, max(r.last_entry_at) AS last_entry_at FROM public.rollup_revenue_day r
      WHERE r.tenant_id = :tenant_id GROUP BY r.currency) d
WHERE t.tenant_id = :tenant_id AND t.currency = d.currency AND t.last_entry_at > d.last_entry_at;

-- name: mark_revenue_days!
-- All days with ledger entries, and days that have sums without an entry.
INSERT INTO public.dirty_days (tenant_id, day, sums)
SELECT :tenant_id::uuid, d.day, 'revenue'
FROM (SELECT ((e.occurred_at AT TIME ZONE 'UTC')
              + make_interval(secs => coalesce(z.offsets_s[1 + width_bucket(e.occurred_at, z.changes)], 0)))::date AS day
      FROM public.revenue_ledger e
      LEFT JOIN (SELECT x.changes, x.offsets_s FROM public.time_zones x
                 WHERE x.tenant_id = :tenant_id ORDER BY x.turn DESC LIMIT 1) z ON true
      WHERE e.tenant_id = :tenant_id
      UNION
      SELECT r.revenue_date FROM public.rollup_revenue_day r WHERE r.tenant_id = :tenant_id) d
RETURNING 1;

-- name: select_days_of_sums
-- All days with ledger entries, spend or a sum of revenue or of both sides.
-- Never null: day.
SELECT ((e.occurred_at AT TIME ZONE 'UTC')
        + make_interval(secs => coalesce(z.offsets_s[1 + width_bucket(e.occurred_at, z.changes)], 0)))::date AS day
FROM public.revenue_ledger e
LEFT JOIN (SELECT x.changes, x.offsets_s FROM public.time_zones x
           WHERE x.tenant_id = :tenant_id ORDER BY x.turn DESC LIMIT 1) z ON true
WHERE e.tenant_id = :tenant_id
UNION
SELECT s.spend_date FROM public.spend s WHERE s.tenant_id = :tenant_id
UNION
SELECT r.revenue_date FROM public.rollup_revenue_day r WHERE r.tenant_id = :tenant_id
UNION
SELECT a.revenue_date FROM public.rollup_allocation_day a WHERE a.tenant_id = :tenant_id
ORDER BY day;

-- name: insert_time_zone!
INSERT INTO public.time_zones (tenant_id, turn, time_zone, changes, offsets_s, changed_at, changed_by)
VALUES (:tenant_id, :turn, :time_zone, :changes, :offsets_s, clock_timestamp(), :changed_by);

-- name: select_time_zones
-- The zones of the tenant, the one in force first.
SELECT z.turn, z.time_zone, z.changes, z.offsets_s, z.changed_at, z.changed_by
FROM public.time_zones z
WHERE z.tenant_id = :tenant_id
ORDER BY z.turn DESC
LIMIT :most;

-- name: select_time_zone$
SELECT coalesce((SELECT z.time_zone FROM public.time_zones z
                 WHERE z.tenant_id = :tenant_id ORDER BY z.turn DESC LIMIT 1), 'UTC');

-- name: select_time_zone_at^
-- The zone that was in force before a moment, unless it was UTC because none had been set.
SELECT z.time_zone, z.changes, z.offsets_s
FROM public.time_zones z
WHERE z.tenant_id = :tenant_id AND (z.turn = 0 OR z.changed_at < :moment)
ORDER BY z.turn DESC
LIMIT 1;

-- name: select_bounds_of_moments^
-- When the tenant was created, and the moment up to which this server knows what is recorded: on a replica that of the
-- last transaction it has replayed.
-- Always a row. Never null: every column.
SELECT t.created_at,
       (SELECT CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_xact_replay_timestamp(), '-infinity'::timestamptz)
                    ELSE clock_timestamp() END) AS read_at
FROM public.tenants t
WHERE t.id = :tenant_id;

-- name: select_last_entry$
SELECT coalesce((SELECT e.id FROM public.revenue_ledger e WHERE e.tenant_id = :tenant_id ORDER BY e.id DESC LIMIT 1),
                '00000000-0000-0000-0000-000000000000');

-- name: find_end_of_entries$
-- The id up to which about `most` entries follow an id, at most `until`. Statements over the whole ledger read it in such
-- pieces, so that none takes longer than a statement may.
-- Never null: end.
SELECT least((SELECT e.id FROM public.revenue_ledger e
              WHERE e.tenant_id = :tenant_id AND e.id > :after::uuid AND e.id <= :until::uuid
              ORDER BY e.id OFFSET :most::bigint LIMIT 1), :until::uuid) AS "end";

-- name: preview_time_zone
-- The money that entries of other days than before would take from one day to another, by day and currency, for the
-- entries of a piece. The sizes are sums of amounts without their sign.
-- Never null: every column.
WITH moved AS (
    SELECT e.currency, e.amount_cents,
           ((e.occurred_at AT TIME ZONE 'UTC')
            + make_interval(secs => coalesce(z.offsets_s[1 + width_bucket(e.occurred_at, z.changes)], 0)))::date AS from_day,
           ((e.occurred_at AT TIME ZONE 'UTC')
            + make_interval(secs => (:offsets_s::integer[])[1 + width_bucket(e.occurred_at, :changes::timestamptz[])]))::date
               AS to_day
    FROM public.standing_entries e
    LEFT JOIN (SELECT x.changes, x.offsets_s FROM public.time_zones x
               WHERE x.tenant_id = :tenant_id ORDER BY x.turn DESC LIMIT 1) z ON true
    WHERE e.tenant_id = :tenant_id AND e.id > :after AND e.id <= :until
), sides AS (
    SELECT m.from_day AS day, m.currency, 1 AS leaving, m.amount_cents AS leaving_cents, 0 AS coming, 0 AS coming_cents
    FROM moved m WHERE m.from_day <> m.to_day
    UNION ALL
    SELECT m.to_day, m.currency, 0, 0, 1, m.amount_cents FROM moved m WHERE m.from_day <> m.to_day
)
SELECT s.day, s.currency, sum(s.leaving)::bigint AS leaving, sum(s.leaving_cents)::numeric AS leaving_cents,
       sum(abs(s.leaving_cents))::numeric AS leaving_size, sum(s.coming)::bigint AS coming,
       sum(s.coming_cents)::numeric AS coming_cents, sum(abs(s.coming_cents))::numeric AS coming_size
FROM sides s
GROUP BY s.day, s.currency;

-- name: delete_revenue_totals!
DELETE FROM public.rollup_revenue_total WHERE tenant_id = :tenant_id;

-- name: insert_revenue_totals!
-- The latest entry is taken from the ledger: a wrong one from the days would stay.
INSERT INTO public.rollup_revenue_total
    (tenant_id, currency, state, amount_cents, entries, orders, last_entry_at, renewal_cents, renewal_entries,
     renewal_orders)
SELECT :tenant_id::uuid, r.currency, r.state, sum(r.amount_cents), sum(r.entries), sum(r.orders),
       coalesce(l.last_entry_at, max(r.last_entry_at)), sum(r.renewal_cents), sum(r.renewal_entries),
       sum(r.renewal_orders)
FROM public.rollup_revenue_day r
LEFT JOIN (SELECT e.currency, max(e.occurred_at) AS last_entry_at FROM public.standing_entries e
           WHERE e.tenant_id = :tenant_id GROUP BY e.currency) l
  ON l.currency = r.currency
WHERE r.tenant_id = :tenant_id
GROUP BY r.currency, r.state, l.last_entry_at
RETURNING 1;

-- name: sum_spend!
-- Spend belongs to no model, so it is repeated for every active one, by day. It is never deleted, only corrected.
-- Sorted by key, like `add_credit`: two transactions that change the same sums wait for each other and do not deadlock.
INSERT INTO public.rollup_channel_day
    (tenant_id, basis, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, spend_cents,
     allocations)
SELECT :tenant_id::uuid, 'entry', s.spend_date, m.model_version, s.channel_code, s.currency, 0, 0, sum(s.amount_cents),
       0
FROM public.spend s
JOIN public.attribution_models m ON m.tenant_id = :tenant_id AND m.is_active
WHERE s.tenant_id = :tenant_id AND s.spend_date = ANY(:days::date[])
GROUP BY s.spend_date, m.model_version, s.channel_code, s.currency
ORDER BY s.spend_date, m.model_version, s.channel_code, s.currency COLLATE "C"
ON CONFLICT (tenant_id, basis, revenue_date, model_version, channel_code, currency) DO UPDATE
SET spend_cents = excluded.spend_cents;

-- name: add_credit!
-- Adds changes of credit, sorted by key, to the sums of their days and to the journal, under the turn that made them. The
-- days are marked for comparison with the ledger. The basis says what the sums are of: `entry` is everything, and
-- `renewal` the part of it that is credited for renewals. Each column is one text, its values joined by the unit
-- separator, chr(31).
-- The lists are read three times, since Citus would send a part that others read to all nodes.
WITH noted AS (
    INSERT INTO public.credit_journal
        (tenant_id, turn, changed_at, basis, revenue_date, model_version, channel_code, currency, conversion_ppt,
         credited_cents, allocations)
    SELECT :tenant_id::uuid, :turn::bigint, (SELECT clock_timestamp()), :basis, c.day, c.model_version, c.channel_code,
           c.currency, c.ppt, c.cents, c.allocations
    FROM unnest(string_to_array(:days, chr(31))::date[], string_to_array(:model_versions, chr(31)),
                string_to_array(:channel_codes, chr(31)), string_to_array(:currencies, chr(31)),
                string_to_array(:ppts, chr(31))::numeric[], string_to_array(:cents, chr(31))::numeric[],
                string_to_array(:counts, chr(31))::bigint[])
         AS c (day, model_version, channel_code, currency, ppt, cents, allocations)
    RETURNING 1
), marked AS (
    INSERT INTO public.dirty_days (tenant_id, day, sums)
    SELECT DISTINCT :tenant_id::uuid, c.day, 'credit' FROM unnest(string_to_array(:days, chr(31))::date[]) AS c (day)
    RETURNING 1
)
INSERT INTO public.rollup_channel_day AS r
    (tenant_id, basis, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, spend_cents,
     allocations)
SELECT :tenant_id::uuid, :basis, c.day, c.model_version, c.channel_code, c.currency, c.ppt, c.cents, 0, c.allocations
FROM unnest(string_to_array(:days, chr(31))::date[], string_to_array(:model_versions, chr(31)),
            string_to_array(:channel_codes, chr(31)), string_to_array(:currencies, chr(31)),
            string_to_array(:ppts, chr(31))::numeric[], string_to_array(:cents, chr(31))::numeric[],
            string_to_array(:counts, chr(31))::bigint[])
     AS c (day, model_version, channel_code, currency, ppt, cents, allocations)
ON CONFLICT (tenant_id, basis, revenue_date, model_version, channel_code, currency) DO UPDATE
SET conversion_ppt = r.conversion_ppt + excluded.conversion_ppt,
    credited_cents = r.credited_cents + excluded.credited_cents,
    allocations = r.allocations + excluded.allocations;

-- name: take_off_credit!
-- Deletes the sums of the versions, of every basis, and records this in the journal.
WITH gone AS (
    DELETE FROM public.rollup_channel_day
    WHERE tenant_id = :tenant_id AND model_version = ANY(:model_versions::text[])
    RETURNING basis, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, allocations
)
INSERT INTO public.credit_journal
    (tenant_id, turn, changed_at, basis, revenue_date, model_version, channel_code, currency, conversion_ppt,
     credited_cents, allocations)
SELECT :tenant_id::uuid, :turn::bigint, (SELECT clock_timestamp()), g.basis, g.revenue_date, g.model_version,
       g.channel_code, g.currency, -g.conversion_ppt, -g.credited_cents, -g.allocations
FROM gone g WHERE g.allocations <> 0
RETURNING 1;

-- name: delete_channel_days!
DELETE FROM public.rollup_channel_day WHERE tenant_id = :tenant_id;

-- name: settle_journal!
-- Beside a CTE that writes, Citus could not plan the sub-select in this statement.
INSERT INTO public.credit_journal
    (tenant_id, turn, changed_at, basis, revenue_date, model_version, channel_code, currency, conversion_ppt,
     credited_cents, allocations)
SELECT :tenant_id::uuid, :turn::bigint, (SELECT clock_timestamp()), j.basis, j.revenue_date, j.model_version,
       j.channel_code, j.currency, -sum(j.conversion_ppt), -sum(j.credited_cents), -sum(j.allocations)
FROM public.credit_journal j
WHERE j.tenant_id = :tenant_id
GROUP BY j.basis, j.revenue_date, j.model_version, j.channel_code, j.currency
HAVING (sum(j.conversion_ppt), sum(j.credited_cents), sum(j.allocations)) <> (0, 0, 0)
RETURNING 1;

-- name: select_spans_to_compact
-- The hours, or days, in which some sum has changed more than once.
-- Never null: began_at.
SELECT c.began_at
FROM (SELECT date_trunc(:unit::text, j.changed_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS began_at, count(*) AS changes
      FROM public.credit_journal j
      WHERE j.tenant_id = :tenant_id AND j.changed_at >= :since::timestamptz AND j.changed_at < :until::timestamptz
      GROUP BY 1, j.basis, j.revenue_date, j.model_version, j.channel_code, j.currency) c
WHERE c.changes > 1
GROUP BY c.began_at ORDER BY c.began_at;

-- name: count_span$
SELECT count(*) FROM public.credit_journal j
WHERE j.tenant_id = :tenant_id AND j.changed_at >= :since::timestamptz AND j.changed_at < :until::timestamptz;

-- name: compact_span
-- Replaces the changes of a span by their sums; a row for each sum that is kept.
WITH gone AS (
    DELETE FROM public.credit_journal j
    WHERE j.tenant_id = :tenant_id AND j.changed_at >= :since::timestamptz AND j.changed_at < :until::timestamptz
    RETURNING j.turn, j.changed_at, j.basis, j.revenue_date, j.model_version, j.channel_code, j.currency,
              j.conversion_ppt, j.credited_cents, j.allocations
)
INSERT INTO public.credit_journal
    (tenant_id, turn, changed_at, basis, revenue_date, model_version, channel_code, currency, conversion_ppt,
     credited_cents, allocations)
SELECT :tenant_id::uuid, max(g.turn), max(g.changed_at), g.basis, g.revenue_date, g.model_version, g.channel_code,
       g.currency, sum(g.conversion_ppt), sum(g.credited_cents), sum(g.allocations)
FROM gone g
GROUP BY g.basis, g.revenue_date, g.model_version, g.channel_code, g.currency
HAVING (sum(g.conversion_ppt), sum(g.credited_cents), sum(g.allocations)) <> (0, 0, 0)
RETURNING turn;

-- name: delete_empty_channel_days!
-- Spend stands in the rows of the basis `entry` only.
DELETE FROM public.rollup_channel_day r
WHERE r.tenant_id = :tenant_id AND r.basis = :basis AND r.revenue_date = ANY(:days::date[]) AND r.allocations = 0
  AND (r.basis <> 'entry'
       OR NOT EXISTS (SELECT FROM public.spend s
                      WHERE s.tenant_id = :tenant_id AND s.spend_date = r.revenue_date
                        AND s.channel_code = r.channel_code AND s.currency = r.currency));

-- name: delete_allocation_days!
DELETE FROM public.rollup_allocation_day WHERE tenant_id = :tenant_id AND revenue_date = ANY(:days::date[]);

-- name: insert_allocation_days!
-- The ledger's side and the credit's side are computed independently, so that a drift shows; both by the day of the entry.
INSERT INTO public.rollup_allocation_day
    (tenant_id, revenue_date, model_version, currency, ledger_cents, awaiting_capture_cents, allocated_cents)
SELECT :tenant_id, revenue_date, model_version, currency,
       sum(ledger_cents), sum(awaiting_cents), sum(allocated_cents)
FROM (
    SELECT r.revenue_date, m.model_version, r.currency, r.amount_cents AS ledger_cents,
           CASE WHEN r.state IN ('awaiting_capture', 'dispute_awaiting_capture') THEN r.amount_cents ELSE 0 END AS awaiting_cents,
           0 AS allocated_cents
    FROM public.rollup_revenue_day r
    JOIN public.attribution_models m ON m.tenant_id = :tenant_id AND m.is_active
    WHERE r.tenant_id = :tenant_id AND r.revenue_date = ANY(:days::date[])
    UNION ALL
    SELECT c.revenue_date, c.model_version, c.currency, 0, 0, c.credited_cents
    FROM public.rollup_channel_day c
    WHERE c.tenant_id = :tenant_id AND c.basis = 'entry' AND c.revenue_date = ANY(:days::date[])
      AND c.allocations <> 0
) sides
GROUP BY revenue_date, model_version, currency
RETURNING 1;

-- name: note_rollup_change!
INSERT INTO public.rollup_changes DEFAULT VALUES ON CONFLICT DO NOTHING;

-- name: note_credit_change!
-- The days of the credit were marked, so the tenant is listed for them, in the same round trip.
WITH noted AS (
    INSERT INTO public.waiting_tenants (tenant_id, work)
    SELECT :tenant_id::uuid, 'days'
    WHERE NOT EXISTS (SELECT FROM public.waiting_tenants w WHERE w.tenant_id = :tenant_id AND w.work = 'days')
    RETURNING 1
)
INSERT INTO public.rollup_changes DEFAULT VALUES ON CONFLICT DO NOTHING;

-- name: select_revenue_days
-- The bound that repeats the first column of the key lets the index scan begin at the page.
-- Under row-level security only leakproof conditions can use an index: GREATEST and LEAST, which ignore NULL, are;
-- COALESCE is not, as far as the planner knows.
-- May be null: after_currency, after_state.
-- Column state is one of captured, refunded, refund_reversed, disputed, dispute_reversed, awaiting_capture,
-- dispute_awaiting_capture.
-- Never null: amount_cents, entries.
SELECT revenue_date AS date, currency, state,
       amount_cents - CASE WHEN :without_renewals THEN renewal_cents ELSE 0 END AS amount_cents,
       entries - CASE WHEN :without_renewals THEN renewal_entries ELSE 0 END AS entries
FROM public.rollup_revenue_day
WHERE tenant_id = :tenant_id
  AND revenue_date >= greatest(:first_day::date, :after_date::date, '-infinity'::date)
  AND revenue_date < least(:end_day::date, 'infinity'::date)
  AND (:currency::text IS NULL OR currency = :currency::text)
  AND (:state::text IS NULL OR state = :state::text)
  AND (NOT :without_renewals::boolean OR entries <> renewal_entries)
  AND (:after_date::date IS NULL
       OR (revenue_date, currency, state) > (:after_date::date, :after_currency::text, :after_state::text))
ORDER BY revenue_date, currency, state
LIMIT :most;

-- name: select_revenue_totals
-- From the totals over all days, which have a row per currency and state. They are numeric: each day fits in a bigint,
-- the sum of all days may not. The latest entry may be of a renewal, even if these are left out.
-- Never null: net_cents, orders, last_entry_at.
SELECT currency,
       coalesce(sum(cents) FILTER (WHERE state = 'captured'), 0) AS captured_cents,
       coalesce(sum(cents) FILTER (WHERE state IN ('refunded', 'refund_reversed', 'awaiting_capture')), 0)
           AS refunded_cents,
       coalesce(sum(cents) FILTER (WHERE state IN ('disputed', 'dispute_reversed', 'dispute_awaiting_capture')), 0)
           AS disputed_cents,
       sum(cents) AS net_cents,
       sum(opened)::bigint AS orders,
       max(last_entry_at) AS last_entry_at
FROM (SELECT currency, state, last_entry_at,
             amount_cents - CASE WHEN :without_renewals THEN renewal_cents ELSE 0 END AS cents,
             entries - CASE WHEN :without_renewals THEN renewal_entries ELSE 0 END AS counted,
             orders - CASE WHEN :without_renewals::boolean THEN renewal_orders ELSE 0 END AS opened
      FROM public.rollup_revenue_total
      WHERE tenant_id = :tenant_id AND entries <> 0) t
GROUP BY currency
HAVING sum(counted) <> 0
ORDER BY currency;

-- name: select_revenue_by_day
-- As `select_revenue_days`, a row per day and currency with the states in arrays.
-- Never null: every column.
SELECT revenue_date AS day, currency,
       array_agg(state ORDER BY state) AS states,
       array_agg(amount_cents - CASE WHEN :without_renewals THEN renewal_cents ELSE 0 END ORDER BY state) AS cents,
       array_agg(entries - CASE WHEN :without_renewals THEN renewal_entries ELSE 0 END ORDER BY state) AS entries,
       (sum(orders) - sum(CASE WHEN :without_renewals THEN renewal_orders ELSE 0 END))::bigint AS orders,
       max(last_entry_at) AS last_entry_at
FROM public.rollup_revenue_day
WHERE tenant_id = :tenant_id AND revenue_date >= :first_day AND revenue_date < :end_day
  AND (NOT :without_renewals::boolean OR entries <> renewal_entries)
GROUP BY revenue_date, currency
ORDER BY revenue_date, currency;

-- name: select_revenue_of_days
-- The sum of days by currency, in all and as far as no capture of the order is known, without which nothing is credited.
SELECT currency,
       coalesce(sum(cents), 0) AS net_cents,
       coalesce(sum(cents) FILTER (WHERE state IN ('awaiting_capture', 'dispute_awaiting_capture')), 0)
           AS awaiting_capture_cents
FROM (SELECT currency, state,
             amount_cents - CASE WHEN :without_renewals::boolean THEN renewal_cents ELSE 0 END AS cents
      FROM public.rollup_revenue_day
      WHERE tenant_id = :tenant_id AND revenue_date >= :first_day AND revenue_date < :end_day) d
GROUP BY currency
ORDER BY currency;

-- name: select_span_of_revenue^
-- The first and last day with sums in a half-open range, which without a bound is open on that side.
SELECT min(revenue_date) AS first_day, max(revenue_date) AS last_day
FROM public.rollup_revenue_day
WHERE tenant_id = :tenant_id
  AND revenue_date >= greatest(:first_day::date, '-infinity'::date)
  AND revenue_date < least(:end_day::date, 'infinity'::date);

-- name: select_waiting_since^
-- The moment, and since when the oldest mark of the tenant may wait, null if none does.
SELECT (SELECT now()) AS as_of,
       (SELECT min(w.since) FROM public.waiting_tenants w WHERE w.tenant_id = :tenant_id) AS waiting_since;

-- name: select_revenue_bridge
-- What was booked before, on and after some days, by currency and state. Only days from the first one on are summed: what
-- was before is the rest of the total over all days.
-- Never null: every column.
WITH recent AS (
    SELECT d.currency, d.state,
           coalesce(sum(d.amount_cents) FILTER (WHERE d.revenue_date < :end_day), 0) AS within_cents,
           coalesce(sum(d.entries) FILTER (WHERE d.revenue_date < :end_day), 0)::bigint AS within_entries,
           coalesce(sum(d.orders) FILTER (WHERE d.revenue_date < :end_day), 0)::bigint AS within_orders,
           sum(d.amount_cents) AS cents
    FROM public.rollup_revenue_day d
    WHERE d.tenant_id = :tenant_id AND d.revenue_date >= :first_day
    GROUP BY d.currency, d.state
)
SELECT t.currency, t.state, t.amount_cents - coalesce(r.cents, 0) AS before_cents,
       coalesce(r.within_cents, 0) AS within_cents, coalesce(r.within_entries, 0) AS within_entries,
       coalesce(r.within_orders, 0) AS within_orders
FROM public.rollup_revenue_total t
LEFT JOIN recent r ON r.currency = t.currency AND r.state = t.state
WHERE t.tenant_id = :tenant_id AND t.entries <> 0
ORDER BY t.currency, t.state;
