-- name: insert_claims
-- The claims are one text, a JSON array of objects.
INSERT INTO public.claimed_orders
    (tenant_id, id, digest, key_id, protocol, kind, order_id, currency, total_cents, revenue_cents, claimed_at)
SELECT :tenant_id, c.id, decode(c.digest, 'hex'), c.key_id, c.protocol, c.kind, c.order_id, c.currency, c.total_cents,
       c.revenue_cents, c.claimed_at
FROM pg_catalog.json_to_recordset(:claims::json)
     AS c (id uuid, digest text, key_id uuid, protocol text, kind text, order_id text, currency text,
           total_cents bigint, revenue_cents bigint, claimed_at timestamptz)
ON CONFLICT (tenant_id, digest) DO NOTHING
RETURNING digest;

-- name: select_claims
-- The completed orders, the newest first, each with what was captured of it in the claim's currency.
SELECT c.order_id, c.protocol, c.currency, c.total_cents, c.revenue_cents, c.claimed_at,
       (SELECT sum(e.amount_cents)::bigint FROM public.standing_entries e
        WHERE e.tenant_id = :tenant_id AND e.order_id = c.order_id AND e.kind = 'capture'
          AND e.currency = c.currency) AS captured_cents
FROM public.claimed_orders c
WHERE c.tenant_id = :tenant_id AND c.kind = 'completed'
ORDER BY c.claimed_at DESC, c.id DESC
LIMIT :most;
