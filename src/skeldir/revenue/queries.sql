-- name: insert_entries^
-- Each column comes as one text, its values joined by the unit separator, chr(31); an empty journey key is NULL. The
-- orders of the new entries come back in the same way, in order, and their business keys where they are wanted.
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
ON CONFLICT (tenant_id, business_key) DO NOTHING
RETURNING order_id, business_key
)
SELECT (SELECT count(*) FROM posted) AS entries,
       CASE WHEN :tells_keys::boolean
            THEN (SELECT string_agg(p.business_key, chr(31)) FROM posted p) END AS business_keys,
       (SELECT string_agg(o.order_id, chr(31) ORDER BY o.order_id COLLATE "C")
        FROM (SELECT DISTINCT order_id FROM posted) o) AS order_ids;

-- name: select_reused_keys$
-- The business keys, of columns as above, whose entries say something else; those just posted say the same.
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
WHERE (l.order_id, l.kind, l.amount_cents, l.currency, l.occurred_at, l.journey_key)
      IS DISTINCT FROM
      (e.order_id, e.kind, e.amount_cents, e.currency, e.occurred_at, decode(e.journey_key, 'hex'));

-- name: select_entry_days
-- A capture can change what an earlier refund of its order is called, so all days of the order count.
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

-- name: select_daily_revenue
-- The bound that repeats the first column of the key lets the index begin at the page.
-- Under row-level security an index is looked up only by what cannot leak a row: GREATEST and LEAST, which leave NULL out,
-- cannot; COALESCE might, as far as the planner knows.
-- May be null: after_currency, after_state.
SELECT revenue_date AS date, currency, state, amount_cents, entries
FROM public.rollup_revenue_day
WHERE tenant_id = :tenant_id
  AND revenue_date >= greatest(:first_day::date, :after_date::date, '-infinity'::date)
  AND revenue_date < least(:end_day::date, 'infinity'::date)
  AND (:currency::text IS NULL OR currency = :currency::text)
  AND (:state::text IS NULL OR state = :state::text)
  AND (:after_date::date IS NULL
       OR (revenue_date, currency, state) > (:after_date::date, :after_currency::text, :after_state::text))
ORDER BY revenue_date, currency, state
LIMIT :most;

-- name: select_realtime_revenue
-- From the totals of all days, a row a currency and state. They are numeric: each day fits a bigint, all of them together
-- need not.
-- Never null: net_cents, orders, last_entry_at.
SELECT currency,
       coalesce(sum(amount_cents) FILTER (WHERE state = 'captured'), 0) AS captured_cents,
       coalesce(sum(amount_cents) FILTER (WHERE state IN ('refunded', 'refund_reversed', 'awaiting_capture')), 0)
           AS refunded_cents,
       coalesce(sum(amount_cents) FILTER (WHERE state IN ('disputed', 'dispute_reversed', 'dispute_awaiting_capture')), 0)
           AS disputed_cents,
       sum(amount_cents) AS net_cents,
       sum(orders)::bigint AS orders,
       max(last_entry_at) AS last_entry_at
FROM public.rollup_revenue_total
WHERE tenant_id = :tenant_id AND entries <> 0
GROUP BY currency
ORDER BY currency;
