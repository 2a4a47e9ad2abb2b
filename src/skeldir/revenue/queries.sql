-- name: insert_entries^
-- Each column is one text, its values joined by the unit separator, chr(31); an empty journey key is NULL. The orders of
-- the new entries are returned in the same form, sorted, and their business keys if requested. This ends the setting of
-- `plan_for_each_list` (see there).
WITH posted AS (
INSERT INTO public.revenue_ledger
    (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key, source)
SELECT :tenant_id, e.id, e.business_key, e.order_id, e.kind, e.amount_cents, e.currency, e.occurred_at,
       decode(e.journey_key, 'hex'), :source
FROM unnest(string_to_array(:ids, chr(31))::uuid[], string_to_array(:business_keys, chr(31)),
            string_to_array(:order_ids, chr(31)), string_to_array(:kinds, chr(31)),
            string_to_array(:amounts, chr(31))::bigint[], string_to_array(:currencies, chr(31)),
            string_to_array(:moments, chr(31))::timestamptz[], string_to_array(:journey_keys, chr(31), ''))
     AS e (id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key)
WHERE (SELECT set_config('plan_cache_mode', 'auto', true)) IS NOT NULL
ON CONFLICT (tenant_id, business_key) DO NOTHING
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
    WHERE l.tenant_id = :tenant_id AND l.business_key = e.business_key
    LIMIT 1
) l
WHERE (l.order_id, l.kind, l.amount_cents, l.currency)
      IS DISTINCT FROM (e.order_id, e.kind, e.amount_cents, e.currency)
   OR (NOT :is_by_order::boolean
       AND (l.occurred_at, l.journey_key) IS DISTINCT FROM (e.occurred_at, decode(e.journey_key, 'hex')));

-- name: select_sums_under
-- What the entries of an order in a currency whose keys begin with a text add up to; without entries, no row.
-- Never null: every column.
SELECT e.order_id, e.currency, e.beginning, sum(l.amount_cents) AS cents
FROM unnest(:order_ids::text[], :currencies::text[], :beginnings::text[]) AS e (order_id, currency, beginning)
CROSS JOIN LATERAL (
    SELECT l.amount_cents
    FROM public.revenue_ledger l
    WHERE l.tenant_id = :tenant_id AND l.order_id = e.order_id AND l.currency = e.currency
      AND starts_with(l.business_key, e.beginning)
) l
GROUP BY e.order_id, e.currency, e.beginning;

-- name: select_entry_days
-- A capture can change the state of an earlier refund of its order, so all days of the order count.
-- Never null: day.
SELECT DISTINCT (occurred_at AT TIME ZONE 'UTC')::date AS day
FROM public.revenue_ledger
WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids::text[]);

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
-- Never null: net_cents.
SELECT currency, sum(amount_cents) AS net_cents, count(*) AS entries,
       count(*) FILTER (WHERE kind = 'capture') AS captures
FROM public.revenue_ledger
WHERE tenant_id = :tenant_id
GROUP BY currency
ORDER BY currency;

-- name: select_awaiting_totals
-- Never null: every column.
SELECT currency, sum(balance_cents) AS awaiting_cents
FROM public.order_balances
WHERE tenant_id = :tenant_id AND state = 'awaiting_capture'
GROUP BY currency;

-- name: select_order_entries
SELECT id, business_key, kind, amount_cents, currency, occurred_at, recorded_at, source
FROM public.revenue_ledger
WHERE tenant_id = :tenant_id AND order_id = :order_id
ORDER BY occurred_at, business_key
LIMIT :most;

-- name: select_fixing_capture^
SELECT business_key, occurred_at, journey_key
FROM public.revenue_ledger
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

-- name: select_months
-- Never null: month, cents.
SELECT kind, currency, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, count(*) AS entries,
       sum(amount_cents) AS cents
FROM public.revenue_ledger
WHERE tenant_id = :tenant_id
GROUP BY kind, currency, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM');
