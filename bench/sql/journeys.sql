-- The facts of the journeys in bench.journey_touches and bench.journey_orders, in rows as the program wrote them a day ago.

SET session_replication_role = replica;  -- no foreign keys to check: the tenant is there

INSERT INTO public.attribution_events
    (tenant_id, id, idempotency_key, occurred_at, journey_key, session_id, channel_code, channel_rule, landing_path,
     recorded_at)
SELECT f.tenant_id, uuidv7(interval '-1 day'), 'touch-' || row_number() OVER (), f.begin_at + t.moment * interval '1 second',
       decode(md5(t.journey::text), 'hex'), 'session-' || t.journey, f.channels[t.channel + 1], 'generated', '/',
       now() - interval '1 day'
FROM bench.journey_touches t, bench.fitted f;

INSERT INTO public.revenue_ledger
    (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key, source, recorded_at)
SELECT f.tenant_id, uuidv7(interval '-1 day'), 'capture:order-' || o.journey, 'order-' || o.journey, 'capture', o.cents, 'EUR',
       f.begin_at + o.moment * interval '1 second', decode(md5(o.journey::text), 'hex'), 'api', now() - interval '1 day'
FROM bench.journey_orders o, bench.fitted f;

RESET session_replication_role;
