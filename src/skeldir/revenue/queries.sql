-- name: insert_entries^
-- Each column is one text, its values joined by the unit separator, chr(31); an empty journey key is NULL. The orders of
-- the new entries are returned in the same form, sorted, and their business keys if requested. This ends the setting of
-- `plan_for_each_list` (see there). A key whose entry was taken back is free: the new entry has the next generation, which
-- is looked up only for a tenant that has taken entries back. All entries are of one delivery unless `deliveries` names
-- that of each.
WITH posted AS (
INSERT INTO public.revenue_ledger
    (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key, source, delivery,
     generation)
SELECT :tenant_id, e.id, e.business_key, e.order_id, e.kind, e.amount_cents, e.currency, e.occurred_at,
       decode(e.journey_key, 'hex'), :source, coalesce(e.delivery, :delivery::uuid),
       CASE WHEN (SELECT EXISTS (SELECT FROM public.revenue_ledger x
                                 WHERE x.tenant_id = :tenant_id AND x.generation < 0))
            THEN coalesce((SELECT -r.generation FROM public.revenue_ledger r
                           WHERE r.tenant_id = :tenant_id AND r.business_key = e.business_key AND r.generation < 0
                           ORDER BY r.generation LIMIT 1), 0)
            ELSE 0 END
FROM unnest(string_to_array(:ids, chr(31))::uuid[], string_to_array(:business_keys, chr(31)),
            string_to_array(:order_ids, chr(31)), string_to_array(:kinds, chr(31)),
            string_to_array(:amounts, chr(31))::bigint[], string_to_array(:currencies, chr(31)),
            string_to_array(:moments, chr(31))::timestamptz[], string_to_array(:journey_keys, chr(31), ''),
            string_to_array(:deliveries, chr(31))::uuid[])
     AS e (id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key, delivery)
WHERE (SELECT set_config('plan_cache_mode', 'auto', true)) IS NOT NULL
ON CONFLICT (tenant_id, business_key, generation) DO NOTHING
RETURNING order_id, business_key
)
SELECT (SELECT count(*) FROM posted) AS entries,
       CASE WHEN :tells_keys::boolean
            THEN (SELECT string_agg(p.business_key, chr(31)) FROM posted p) END AS business_keys,
       (SELECT string_agg(o.order_id, chr(31) ORDER BY o.order_id COLLATE "C")
        FROM (SELECT DISTINCT order_id FROM posted) o) AS order_ids;

-- name: select_reused_keys$
-- The business keys, from columns as above, whose stored entries have other content; those just posted have the same.
-- If keys name orders, another moment or journey is no other content: the same sale was reported again.
SELECT string_agg(e.business_key, chr(31))
FROM unnest(string_to_array(:business_keys, chr(31)), string_to_array(:order_ids, chr(31)),
            string_to_array(:kinds, chr(31)), string_to_array(:amounts, chr(31))::bigint[],
            string_to_array(:currencies, chr(31)), string_to_array(:moments, chr(31))::timestamptz[],
            string_to_array(:journey_keys, chr(31), ''))
     AS e (business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key)
CROSS JOIN LATERAL (
    SELECT l.order_id, l.kind, l.amount_cents, l.currency, l.occurred_at, l.journey_key
    FROM public.revenue_ledger l
    WHERE l.tenant_id = :tenant_id AND l.business_key = e.business_key AND l.generation >= 0
    ORDER BY l.generation DESC
    LIMIT 1
) l
WHERE (l.order_id, l.kind, l.amount_cents, l.currency)
      IS DISTINCT FROM (e.order_id, e.kind, e.amount_cents, e.currency)
   OR (NOT :is_by_order::boolean
       AND (l.occurred_at, l.journey_key) IS DISTINCT FROM (e.occurred_at, decode(e.journey_key, 'hex')));

-- name: select_keys_under
-- The business keys of an order in a currency that begin with a text, each with the sum of its entries: 0 for one whose
-- entry was taken back.
-- Never null: every column.
SELECT e.order_id, e.currency, e.beginning, l.business_key, sum(l.amount_cents) AS cents
FROM unnest(:order_ids::text[], :currencies::text[], :beginnings::text[]) AS e (order_id, currency, beginning)
CROSS JOIN LATERAL (
    SELECT l.business_key, l.amount_cents
    FROM public.revenue_ledger l
    WHERE l.tenant_id = :tenant_id AND l.order_id = e.order_id AND l.currency = e.currency
      AND starts_with(l.business_key, e.beginning)
) l
GROUP BY e.order_id, e.currency, e.beginning, l.business_key;

-- name: select_flagged_orders
-- Never null: every column.
SELECT order_id, currency, state
FROM public.order_balances
WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids::text[])
  AND state IN ('awaiting_capture', 'over_refunded')
ORDER BY order_id, currency;

-- name: select_balances
-- Never null: every column.
SELECT order_id, currency, state, captured_cents, refunded_cents, disputed_cents, balance_cents, last_entry_at
FROM public.order_balances
WHERE tenant_id = :tenant_id AND (:state::text IS NULL OR state = :state::text)
ORDER BY last_entry_at DESC, order_id, currency
LIMIT :most;

-- name: select_ledger_totals
-- Never null: every column.
SELECT currency, sum(amount_cents) AS net_cents, count(*) AS entries,
       count(*) FILTER (WHERE kind = 'capture') AS captures
FROM public.standing_entries s
WHERE s.tenant_id = :tenant_id
  AND (NOT :without_renewals::boolean
       OR NOT EXISTS (SELECT FROM public.renewal_orders n
                      WHERE n.tenant_id = :tenant_id AND n.order_id = s.order_id))
GROUP BY currency
ORDER BY currency;

-- name: select_renewal_totals
-- What the totals without renewals leave out.
-- Never null: every column.
SELECT currency, sum(amount_cents) AS net_cents, count(DISTINCT order_id) AS orders
FROM public.standing_entries s
WHERE s.tenant_id = :tenant_id
  AND EXISTS (SELECT FROM public.renewal_orders n
              WHERE n.tenant_id = :tenant_id AND n.order_id = s.order_id)
GROUP BY currency
ORDER BY currency;

-- name: select_awaiting_totals
-- Never null: every column.
SELECT currency, sum(balance_cents) AS awaiting_cents
FROM public.order_balances b
WHERE b.tenant_id = :tenant_id AND b.state = 'awaiting_capture'
  AND (NOT :without_renewals::boolean
       OR NOT EXISTS (SELECT FROM public.renewal_orders n
                      WHERE n.tenant_id = :tenant_id AND n.order_id = b.order_id))
GROUP BY currency;

-- name: select_order_entries
-- Never null: every column.
-- Column kind is one of capture, refund, refund_reversal, dispute, dispute_reversal.
SELECT id, business_key, kind, amount_cents, currency, occurred_at, recorded_at, source
FROM public.standing_entries
WHERE tenant_id = :tenant_id AND order_id = :order_id
ORDER BY occurred_at, business_key
LIMIT :most;

-- name: select_fixing_capture^
-- Never null: business_key, occurred_at.
SELECT business_key, occurred_at, journey_key
FROM public.standing_entries
WHERE tenant_id = :tenant_id AND order_id = :order_id AND kind = 'capture'
ORDER BY occurred_at, business_key
LIMIT 1;

-- name: select_order_balances
-- Never null: every column.
-- Column state is one of paid, partially_refunded, refunded, over_refunded, disputed, awaiting_capture.
SELECT currency, state, captured_cents, refunded_cents, disputed_cents, balance_cents
FROM public.order_balances
WHERE tenant_id = :tenant_id AND order_id = :order_id
ORDER BY currency;

-- name: select_standing_orders
-- Never null: every column.
SELECT order_id, currency, balance_cents
FROM public.order_balances
WHERE tenant_id = :tenant_id AND order_id = ANY (:order_ids::text[]) AND balance_cents > 0
ORDER BY order_id, currency;

-- name: select_months
-- The money of all standing entries by currency, kind and UTC month.
-- Never null: every column.
-- Column kind is one of capture, refund, refund_reversal, dispute, dispute_reversal.
SELECT s.currency, s.kind, date_trunc('month', s.occurred_at AT TIME ZONE 'UTC')::date AS month,
       count(*) AS entries, sum(s.amount_cents) AS amount_cents
FROM public.standing_entries s
WHERE s.tenant_id = :tenant_id
GROUP BY 1, 2, 3;

-- name: was_taken_back$
-- Whether the order is known only by entries that were taken back.
SELECT EXISTS (SELECT FROM public.revenue_ledger l WHERE l.tenant_id = :tenant_id AND l.order_id = :order_id)
   AND NOT EXISTS (SELECT FROM public.standing_entries s WHERE s.tenant_id = :tenant_id AND s.order_id = :order_id);

-- name: find_end_of_entries$
-- The id up to which about `most` entries follow an id, at most `until`. Statements over the whole ledger read it in such
-- pieces, so that none takes longer than a statement may.
-- Never null: end.
SELECT least((SELECT l.id FROM public.revenue_ledger l
              WHERE l.tenant_id = :tenant_id AND l.id > :after::uuid AND l.id <= :until::uuid
              ORDER BY l.id OFFSET :most::bigint LIMIT 1), :until::uuid) AS "end";

-- name: select_page_to_reverse
-- The first standing entries of a piece, in order of id, that came with one of the deliveries. The money of an order with
-- kept allocations (see there) cannot be taken back: such an entry is kept.
SELECT l.id,
       EXISTS (SELECT FROM public.kept_allocations k
               WHERE k.tenant_id = :tenant_id AND k.order_id = l.order_id) AS is_kept
FROM public.revenue_ledger l
WHERE l.tenant_id = :tenant_id AND l.id > :after AND l.id <= :until
  AND l.delivery = ANY(:deliveries::uuid[]) AND l.generation >= 0
  AND NOT EXISTS (SELECT FROM public.revenue_ledger r
                  WHERE r.tenant_id = :tenant_id AND r.business_key = l.business_key
                    AND r.generation = -1 - l.generation AND r.generation < 0)
ORDER BY l.id LIMIT :most;

-- name: select_order_to_reverse
-- The same for the standing entries of an order.
-- Never null: id.
SELECT l.id,
       EXISTS (SELECT FROM public.kept_allocations k
               WHERE k.tenant_id = :tenant_id AND k.order_id = :order_id) AS is_kept
FROM public.standing_entries l
WHERE l.tenant_id = :tenant_id AND l.order_id = :order_id AND l.id > :after AND l.id <= :until
ORDER BY l.id LIMIT :most;

-- name: select_page_to_restore
-- The same for the reversing entries of an undoing.
SELECT l.id
FROM public.revenue_ledger l
WHERE l.tenant_id = :tenant_id AND l.id > :after AND l.id <= :until
  AND l.delivery = :undoing_id::uuid AND l.generation < 0
ORDER BY l.id LIMIT :most;

-- name: reverse_entries
-- A reversing entry has the day of the entry that it takes back, so both leave the sums of that day. Sorted by key, as every
-- posting is, so that overlapping ones cannot deadlock. An entry that was taken back already is left.
INSERT INTO public.revenue_ledger
    (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key, source, delivery,
     generation)
SELECT :tenant_id, (:new_ids::uuid[])[row_number() OVER (ORDER BY l.business_key)], l.business_key, l.order_id, l.kind,
       -l.amount_cents, l.currency, l.occurred_at, l.journey_key, 'undo', :undoing_id::uuid,
       (-1 - l.generation)::smallint
FROM public.revenue_ledger l
WHERE l.tenant_id = :tenant_id AND l.id >= :first_id AND l.id <= :last_id AND l.id = ANY(:ids::uuid[])
  AND l.generation >= 0 AND (SELECT set_config('plan_cache_mode', 'auto', true)) IS NOT NULL
ORDER BY l.business_key
ON CONFLICT (tenant_id, business_key, generation) DO NOTHING
RETURNING order_id;

-- name: select_refunds_to_restore
-- The refunds that some reversing entries took back, with what went back.
SELECT r.id, r.order_id, r.currency, r.business_key, r.amount_cents AS cents
FROM public.revenue_ledger r
WHERE r.tenant_id = :tenant_id AND r.id >= :first_id AND r.id <= :last_id AND r.id = ANY(:ids::uuid[])
  AND r.generation < 0 AND r.kind = 'refund';

-- name: restore_entries
-- Posts the entries again that these reversing entries took back, with the next generation of the key, which may have come
-- back and been taken back since; where a later entry stands, nothing is posted. Refunds of `cut_ids` are posted with these
-- amounts instead of their own.
INSERT INTO public.revenue_ledger
    (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key, source, delivery,
     generation)
SELECT :tenant_id, (:new_ids::uuid[])[row_number() OVER (ORDER BY r.business_key)], r.business_key, r.order_id, r.kind,
       coalesce((:cut_cents::bigint[])[array_position(:cut_ids::uuid[], r.id)], -r.amount_cents), r.currency,
       r.occurred_at, r.journey_key, l.source, l.delivery,
       (SELECT -x.generation FROM public.revenue_ledger x
        WHERE x.tenant_id = :tenant_id AND x.business_key = r.business_key AND x.generation < 0
        ORDER BY x.generation LIMIT 1)::smallint
FROM public.revenue_ledger r
CROSS JOIN LATERAL (SELECT o.source, o.delivery FROM public.revenue_ledger o
                    WHERE o.tenant_id = :tenant_id AND o.business_key = r.business_key
                      AND o.generation = -1 - r.generation
                    LIMIT 1) l
WHERE r.tenant_id = :tenant_id AND r.id >= :first_id AND r.id <= :last_id AND r.id = ANY(:ids::uuid[])
  AND r.generation < 0 AND (SELECT set_config('plan_cache_mode', 'auto', true)) IS NOT NULL
ORDER BY r.business_key
ON CONFLICT (tenant_id, business_key, generation) DO NOTHING
RETURNING order_id;

-- name: sum_entries
-- The money of some entries by currency, kind and month of the tenant's zone.
-- Never null: every column.
SELECT l.currency, l.kind,
       date_trunc('month', (l.occurred_at AT TIME ZONE 'UTC')
                           + make_interval(secs => coalesce(z.offsets_s[1 + width_bucket(l.occurred_at, z.changes)], 0))
                 )::date AS month,
       count(*) AS entries, sum(l.amount_cents) AS amount_cents
FROM public.revenue_ledger l
LEFT JOIN (SELECT x.changes, x.offsets_s FROM public.time_zones x
           WHERE x.tenant_id = :tenant_id ORDER BY x.turn DESC LIMIT 1) z ON true
WHERE l.tenant_id = :tenant_id AND l.id = ANY(:ids::uuid[])
GROUP BY 1, 2, 3;

-- name: select_dependents
-- Standing entries of the orders of some entries that came another way.
-- Never null: every column.
SELECT s.order_id, s.kind, s.currency, s.amount_cents, s.source, s.occurred_at
FROM public.standing_entries s
WHERE s.tenant_id = :tenant_id
  AND s.order_id IN (SELECT l.order_id FROM public.revenue_ledger l
                     WHERE l.tenant_id = :tenant_id AND l.id = ANY(:ids::uuid[]))
  AND coalesce(s.delivery <> ALL(:deliveries::uuid[]), true)
ORDER BY s.order_id, s.occurred_at, s.business_key
LIMIT :most;

-- name: select_last_entry$
SELECT coalesce((SELECT l.id FROM public.revenue_ledger l WHERE l.tenant_id = :tenant_id ORDER BY l.id DESC LIMIT 1),
                '00000000-0000-0000-0000-000000000000');

-- name: find_delivery_of_entry$
SELECT delivery FROM public.revenue_ledger
WHERE tenant_id = :tenant_id AND business_key = :key AND generation >= 0
ORDER BY generation DESC LIMIT 1;

-- name: repeats_entries$
-- Whether one of the keys has an entry with an id up to `until_id` that came with one of these deliveries or is of one of
-- these orders, and no other that stands. The keys are one text, as for `insert_entries`.
SELECT EXISTS (
    SELECT FROM unnest(string_to_array(:keys, chr(31))) AS k (business_key)
    JOIN public.revenue_ledger l ON l.tenant_id = :tenant_id AND l.business_key = k.business_key AND l.generation >= 0
    WHERE (l.delivery = ANY(:deliveries::uuid[]) OR l.order_id = ANY(:order_ids::text[])) AND l.id <= :until_id
      AND NOT EXISTS (SELECT FROM public.standing_entries s
                      WHERE s.tenant_id = :tenant_id AND s.business_key = l.business_key
                        AND NOT coalesce((s.delivery = ANY(:deliveries::uuid[]) OR s.order_id = ANY(:order_ids::text[]))
                                         AND s.id <= :until_id, false)));

-- name: select_standing_of_orders
-- In no order: without statistics, one by id would let the planner read all entries of the tenant.
-- Never null: id, business_key, order_id, kind, amount_cents, currency, occurred_at, source.
SELECT id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key, source
FROM public.standing_entries
WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids::text[]);

-- name: select_captures_between
-- A page of the captures that stand, in order of time, after the one given and before a moment.
-- Never null: every column.
SELECT id, occurred_at, order_id
FROM public.standing_entries
WHERE tenant_id = :tenant_id AND kind = 'capture'
  AND (occurred_at, id) > (:after_moment::timestamptz, :after_id::uuid) AND occurred_at < :end_moment
ORDER BY occurred_at, id
LIMIT :most;

-- name: select_standing_between
-- A page of the entries that stand, in order of time, after the one given and before a moment.
-- Never null: every column.
SELECT id, business_key, order_id, kind, amount_cents, currency, occurred_at, source
FROM public.standing_entries
WHERE tenant_id = :tenant_id
  AND (occurred_at, id) > (:after_moment::timestamptz, :after_id::uuid) AND occurred_at < :end_moment
ORDER BY occurred_at, id
LIMIT :most;

-- name: select_entries_of_deliveries
-- The entries that came with some deliveries, reversing ones too. Entries are made after their delivery, and ids follow the
-- time: so only what is later than `first_id` is read.
-- Never null: every column.
SELECT delivery, order_id, kind, amount_cents, currency, occurred_at, generation < 0 AS is_reversing
FROM public.revenue_ledger
WHERE tenant_id = :tenant_id AND id >= :first_id AND delivery = ANY(:deliveries::uuid[])
ORDER BY id;

-- name: insert_renewals!
INSERT INTO public.renewal_orders (tenant_id, order_id)
SELECT :tenant_id::uuid, o.order_id FROM unnest(:order_ids::text[]) AS o (order_id)
ON CONFLICT (tenant_id, order_id) DO NOTHING;

-- name: delete_renewals!
DELETE FROM public.renewal_orders WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids::text[]);

-- name: count_entries_of_days$
-- The number of entries between two moments, counted up to `most`; without a moment it is open on that side.
SELECT count(*) FROM (
    SELECT FROM public.revenue_ledger e
    WHERE e.tenant_id = :tenant_id AND e.occurred_at >= greatest(:first_moment::timestamptz, '-infinity'::timestamptz)
      AND e.occurred_at < least(:end_moment::timestamptz, 'infinity'::timestamptz)
    LIMIT :most) counted;

-- name: select_days_known_at
-- What the sums of days were before a moment: from the entries that had been recorded by then and had not been taken back,
-- by the days of the zone that was in force. The state is that of `rollups.insert_revenue_days`: an order awaits a capture
-- if none of its captures stood then. The moments are bounds for the index, wider than the days in any zone.
-- Column state is one of captured, refunded, refund_reversed, disputed, dispute_reversed, awaiting_capture,
-- dispute_awaiting_capture.
-- May be null: after_currency, after_state. Never null: every column.
SELECT s.date, s.currency, s.state, sum(s.amount_cents) AS amount_cents, count(*) AS entries
FROM (
    SELECT e.currency, e.amount_cents,
           ((e.occurred_at AT TIME ZONE 'UTC')
            + make_interval(secs => (:offsets_s::integer[])[1 + width_bucket(e.occurred_at, :changes::timestamptz[])]))::date
               AS date,
           CASE WHEN e.kind = 'capture' THEN 'captured'
                WHEN NOT EXISTS (SELECT FROM public.revenue_ledger c
                                 WHERE c.tenant_id = :tenant_id AND c.order_id = e.order_id AND c.kind = 'capture'
                                   AND c.generation >= 0 AND c.recorded_at < :moment::timestamptz
                                   AND NOT EXISTS (SELECT FROM public.revenue_ledger r
                                                   WHERE r.tenant_id = :tenant_id AND r.business_key = c.business_key
                                                     AND r.generation = -1 - c.generation AND r.generation < 0
                                                     AND r.recorded_at < :moment OFFSET 0))
                    THEN CASE WHEN e.kind LIKE 'dispute%' THEN 'dispute_awaiting_capture' ELSE 'awaiting_capture' END
                WHEN e.kind = 'refund' THEN 'refunded'
                WHEN e.kind = 'refund_reversal' THEN 'refund_reversed'
                WHEN e.kind = 'dispute' THEN 'disputed'
                ELSE 'dispute_reversed' END AS state
    FROM public.revenue_ledger e
    WHERE e.tenant_id = :tenant_id AND e.occurred_at >= greatest(:first_moment::timestamptz, '-infinity'::timestamptz)
      AND e.occurred_at < least(:end_moment::timestamptz, 'infinity'::timestamptz)
      AND e.generation >= 0 AND e.recorded_at < :moment
      AND NOT EXISTS (SELECT FROM public.revenue_ledger r
                      WHERE r.tenant_id = :tenant_id AND r.business_key = e.business_key
                        AND r.generation = -1 - e.generation AND r.generation < 0 AND r.recorded_at < :moment OFFSET 0)
) s
WHERE s.date >= greatest(:first_day::date, '-infinity'::date) AND s.date < least(:end_day::date, 'infinity'::date)
  AND (:currency::text IS NULL OR s.currency = :currency::text)
  AND (:state::text IS NULL OR s.state = :state::text)
  AND (:after_date::date IS NULL
       OR (s.date, s.currency, s.state) > (:after_date::date, :after_currency::text, :after_state::text))
GROUP BY s.date, s.currency, s.state
ORDER BY s.date, s.currency, s.state
LIMIT :most;

-- name: select_totals_known_at
-- What the totals of all days were before a moment. An entry that was taken back and what took it back add up to nothing;
-- they are left out of the counts. An order counts in the currency of its first capture.
-- Never null: every column.
WITH known AS (
    SELECT e.order_id, e.business_key, e.kind, e.currency, e.amount_cents, e.occurred_at
    FROM public.revenue_ledger e
    LEFT JOIN (SELECT r.business_key, -1 - r.generation AS generation FROM public.revenue_ledger r
               WHERE r.tenant_id = :tenant_id AND r.generation < 0 AND r.recorded_at < :moment::timestamptz) r
      ON r.business_key = e.business_key AND r.generation = e.generation
    WHERE e.tenant_id = :tenant_id AND e.generation >= 0 AND e.recorded_at < :moment AND r.business_key IS NULL
), opened AS (
    SELECT o.currency, count(*) AS orders
    FROM (SELECT DISTINCT ON (k.order_id) k.currency FROM known k WHERE k.kind = 'capture'
          ORDER BY k.order_id, k.occurred_at, k.business_key) o
    GROUP BY o.currency
)
SELECT k.currency,
       coalesce(sum(k.amount_cents) FILTER (WHERE k.kind = 'capture'), 0) AS captured_cents,
       coalesce(sum(k.amount_cents) FILTER (WHERE k.kind IN ('refund', 'refund_reversal')), 0) AS refunded_cents,
       coalesce(sum(k.amount_cents) FILTER (WHERE k.kind IN ('dispute', 'dispute_reversal')), 0) AS disputed_cents,
       sum(k.amount_cents) AS net_cents, coalesce(max(o.orders), 0) AS orders, max(k.occurred_at) AS last_entry_at
FROM known k
LEFT JOIN opened o ON o.currency = k.currency
GROUP BY k.currency
ORDER BY k.currency;

-- name: select_first_movements
-- The orders with an entry of some kinds in a currency on some local days, each by the first of these entries, the latest
-- first, after a key. Entries are read backwards in time, at most `most_read` of them, however few are wanted; `last_moment`
-- and `last_id` are the key of the last one that was read, null if none was. The moments are bounds for the index. A page
-- without orders is one row.
-- Never null: entries_read.
WITH recent AS MATERIALIZED (
    SELECT l.id, l.occurred_at, l.order_id, l.kind, l.currency, l.business_key, l.generation
    FROM public.revenue_ledger l
    WHERE l.tenant_id = :tenant_id AND l.occurred_at >= :first_moment::timestamptz
      AND (l.occurred_at, l.id) < (:before_moment::timestamptz, :before_id::uuid)
    ORDER BY l.occurred_at DESC, l.id DESC
    LIMIT :most_read
), wanted AS (
    SELECT e.id, e.occurred_at, e.order_id
    FROM recent e
    WHERE e.currency = :currency AND e.kind = ANY(:kinds::text[]) AND e.generation >= 0
      AND ((e.occurred_at AT TIME ZONE 'UTC')
           + make_interval(secs => (:offsets_s::integer[])[1 + width_bucket(e.occurred_at, :changes::timestamptz[])]))::date
          BETWEEN :first_day::date AND :last_day::date
      AND NOT EXISTS (SELECT FROM public.revenue_ledger r
                      WHERE r.tenant_id = :tenant_id AND r.business_key = e.business_key
                        AND r.generation = -1 - e.generation AND r.generation < 0 OFFSET 0)
      AND NOT EXISTS (SELECT FROM public.standing_entries f
                      WHERE f.tenant_id = :tenant_id AND f.order_id = e.order_id AND f.currency = e.currency
                        AND f.kind = ANY(:kinds::text[]) AND f.occurred_at >= :first_moment
                        AND (f.occurred_at, f.id) < (e.occurred_at, e.id)
                        AND ((f.occurred_at AT TIME ZONE 'UTC')
                             + make_interval(secs => (:offsets_s)[1 + width_bucket(f.occurred_at, :changes)]))::date
                            BETWEEN :first_day AND :last_day OFFSET 0)
    ORDER BY e.occurred_at DESC, e.id DESC
    LIMIT :most
)
SELECT r.entries_read, l.occurred_at AS last_moment, l.id AS last_id, w.id, w.occurred_at, w.order_id
FROM (SELECT count(*) AS entries_read FROM recent) r
LEFT JOIN (SELECT o.occurred_at, o.id FROM recent o ORDER BY o.occurred_at, o.id LIMIT 1) l ON true
LEFT JOIN wanted w ON true
ORDER BY w.occurred_at DESC, w.id DESC;

-- name: select_orders_that_begin
-- The ids of orders that begin with a text, in their order, after one.
SELECT DISTINCT l.order_id
FROM public.revenue_ledger l
WHERE l.tenant_id = :tenant_id AND l.order_id >= :beginning AND l.order_id > :after
  AND l.order_id <= :beginning || chr(1114111) AND starts_with(l.order_id, :beginning)
ORDER BY l.order_id
LIMIT :most;

-- name: select_movements_of_orders
-- What some orders moved on some local days, by currency and kind, in signed minor units; without days, over all.
-- Never null: every column.
-- Column kind is one of capture, refund, refund_reversal, dispute, dispute_reversal.
SELECT s.order_id, s.currency, s.kind, sum(s.amount_cents) AS cents, count(*) AS entries, min(s.occurred_at) AS first_at
FROM public.standing_entries s
WHERE s.tenant_id = :tenant_id AND s.order_id = ANY(:order_ids::text[])
  AND (:currency::text IS NULL OR s.currency = :currency::text)
  AND ((s.occurred_at AT TIME ZONE 'UTC')
       + make_interval(secs => (:offsets_s::integer[])[1 + width_bucket(s.occurred_at, :changes::timestamptz[])]))::date
      BETWEEN greatest(:first_day::date, '-infinity'::date) AND least(:last_day::date, 'infinity'::date)
GROUP BY s.order_id, s.currency, s.kind;

-- name: select_states_of_orders
-- The state of some orders by currency, and whether they are later payments of a subscription.
-- Never null: every column.
-- Column state is one of paid, partially_refunded, refunded, over_refunded, disputed, awaiting_capture.
SELECT b.order_id, b.currency, b.state,
       EXISTS (SELECT FROM public.renewal_orders n
               WHERE n.tenant_id = :tenant_id AND n.order_id = b.order_id) AS is_renewal
FROM public.order_balances b
WHERE b.tenant_id = :tenant_id AND b.order_id = ANY(:order_ids::text[]);

-- name: select_deliveries_of_order
-- What brought the standing entries of an order, for those entries that know it.
-- Never null: business_key, source.
SELECT s.business_key, s.source, s.delivery
FROM public.standing_entries s
WHERE s.tenant_id = :tenant_id AND s.order_id = :order_id
ORDER BY s.occurred_at, s.business_key
LIMIT :most;
