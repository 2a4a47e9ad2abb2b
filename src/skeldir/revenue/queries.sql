-- name: insert_entries
INSERT INTO public.revenue_ledger
    (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key, source)
SELECT :tenant_id, e.id, e.business_key, e.order_id, e.kind, e.amount_cents, e.currency, e.occurred_at,
       e.journey_key, :source
FROM unnest(:ids::uuid[], :business_keys::text[], :order_ids::text[], :kinds::text[], :amounts::bigint[],
            :currencies::text[], :moments::timestamptz[], :journey_keys::bytea[])
     AS e (id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key)
ON CONFLICT (tenant_id, business_key) DO NOTHING
RETURNING business_key;

-- name: select_entries_by_key
SELECT business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key
FROM public.revenue_ledger
WHERE tenant_id = :tenant_id AND business_key = ANY(:business_keys::text[]);

-- name: select_entry_days
-- A capture can change what an earlier refund of its order is called, so all days of the order count.
SELECT DISTINCT (occurred_at AT TIME ZONE 'UTC')::date AS day
FROM public.revenue_ledger
WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids::text[]);

-- name: select_flagged_orders
SELECT order_id, currency, state
FROM public.order_balances
WHERE tenant_id = :tenant_id AND order_id = ANY(:order_ids::text[])
  AND state IN ('awaiting_capture', 'over_refunded')
ORDER BY order_id, currency;

-- name: select_balances
SELECT order_id, currency, state, captured_cents, refunded_cents, disputed_cents, balance_cents, last_entry_at
FROM public.order_balances
WHERE tenant_id = :tenant_id AND (:state::text IS NULL OR state = :state::text)
ORDER BY last_entry_at DESC, order_id, currency
LIMIT :most;

-- name: select_ledger_totals
SELECT currency, sum(amount_cents)::bigint AS net_cents, count(*) AS entries,
       count(*) FILTER (WHERE kind = 'capture') AS captures
FROM public.revenue_ledger
WHERE tenant_id = :tenant_id
GROUP BY currency
ORDER BY currency;

-- name: select_awaiting_totals
SELECT currency, sum(balance_cents)::bigint AS awaiting_cents
FROM public.order_balances
WHERE tenant_id = :tenant_id AND state = 'awaiting_capture'
GROUP BY currency;
