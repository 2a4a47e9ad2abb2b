-- What stands: facts that were not taken back. Everything derived reads these views; the caller's own policies apply.

SET ROLE skeldir_owner;

CREATE VIEW public.standing_entries WITH (security_invoker) AS
SELECT l.tenant_id, l.id, l.business_key, l.order_id, l.kind, l.amount_cents, l.currency, l.occurred_at, l.recorded_at,
       l.journey_key, l.source, l.delivery, l.generation
FROM public.revenue_ledger l
WHERE l.generation >= 0
  AND NOT EXISTS (SELECT FROM public.revenue_ledger r
                  WHERE r.tenant_id = l.tenant_id AND r.business_key = l.business_key
                    AND r.generation = -1 - l.generation AND r.generation < 0);

CREATE VIEW public.standing_touches WITH (security_invoker) AS
SELECT e.tenant_id, e.id, e.occurred_at, e.session_id, e.idempotency_key, e.recorded_at, e.journey_key, e.channel_code,
       e.channel_rule, e.source, e.medium, e.campaign, e.referrer_host, e.landing_path, e.click_id_kinds, e.delivery,
       e.generation
FROM public.attribution_events e
WHERE NOT EXISTS (SELECT FROM public.touch_withdrawals w
                  WHERE w.tenant_id = e.tenant_id AND w.idempotency_key = e.idempotency_key
                    AND w.generation = e.generation);

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
      FROM public.standing_entries GROUP BY tenant_id, order_id, currency) sums;

GRANT SELECT ON public.standing_entries, public.standing_touches TO app_user;

RESET ROLE;
