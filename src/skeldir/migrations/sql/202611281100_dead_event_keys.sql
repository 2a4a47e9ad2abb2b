-- The guard against personal data costs 30 µs a row, two thirds of what keeping a dead event cost. What has known keys
-- only, and nothing within them that could have keys, needs no search.

SET ROLE skeldir_owner;

ALTER TABLE public.dead_events DROP CONSTRAINT item_holds_no_personal_keys;
ALTER TABLE public.dead_events ADD CONSTRAINT item_holds_no_personal_keys CHECK (
    item - '{idempotency_key,occurred_at,journey_key,session_id,source,medium,campaign,referrer_host,landing_path,click_ids,channel,order_id,kind,amount_cents,currency,sha256,bytes,type}'::text[] = '{}'
    AND item::text NOT LIKE '{%{%'
    OR public.holds_no_personal_keys(item)
);

RESET ROLE;
