-- As it was before 202612011001: every fact counts.

SET ROLE skeldir_owner;

CREATE OR REPLACE VIEW public.order_balances WITH (security_invoker) AS
SELECT tenant_id, order_id, currency, captured_cents, refunded_cents, disputed_cents,
       captured_cents + refunded_cents + disputed_cents AS balance_cents,
       CASE WHEN sum(captures) OVER (PARTITION BY tenant_id, order_id) = 0 THEN 'awaiting_capture'
            WHEN captured_cents + refunded_cents < 0 THEN 'over_refunded'
            WHEN disputed_cents < 0 THEN 'disputed'
            WHEN refunded_cents = 0 THEN 'paid'
            WHEN captured_cents + refunded_cents = 0 THEN 'refunded'
            ELSE 'partially_refunded' END AS state,
       first_entry_at, last_entry_at
FROM (SELECT tenant_id, order_id, currency,
             count(*) FILTER (WHERE kind = 'capture') AS captures,
             coalesce(sum(amount_cents) FILTER (WHERE kind = 'capture'), 0)::bigint AS captured_cents,
             coalesce(sum(amount_cents) FILTER (WHERE kind IN ('refund', 'refund_reversal')), 0)::bigint AS refunded_cents,
             coalesce(sum(amount_cents) FILTER (WHERE kind IN ('dispute', 'dispute_reversal')), 0)::bigint AS disputed_cents,
             min(occurred_at) AS first_entry_at, max(occurred_at) AS last_entry_at
      FROM public.revenue_ledger GROUP BY tenant_id, order_id, currency) sums;
DROP VIEW public.standing_touches;
DROP VIEW public.standing_entries;

RESET ROLE;
