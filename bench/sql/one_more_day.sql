-- One more day of the journeys in bench.journey_touches: the last of their 90 days again, a day later, by the same visitors.

SET session_replication_role = replica;  -- no foreign keys to check: the tenant is there

INSERT INTO public.attribution_events
    (tenant_id, id, idempotency_key, occurred_at, journey_key, session_id, channel_code, channel_rule, landing_path)
SELECT f.tenant_id, uuidv7(), 'later-' || row_number() OVER (), f.begin_at + t.moment * interval '1 second' + interval '1 day',
       decode(md5(t.journey::text), 'hex'), 'session-' || t.journey, f.channels[t.channel + 1], 'generated', '/'
FROM bench.journey_touches t, bench.fitted f
WHERE t.moment BETWEEN 89 * 86400 AND 90 * 86400 - 1;

INSERT INTO public.revenue_ledger
    (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key, source)
SELECT f.tenant_id, uuidv7(), 'capture:later-' || o.journey, 'later-' || o.journey, 'capture', o.cents, 'EUR',
       f.begin_at + o.moment * interval '1 second' + interval '1 day', decode(md5(o.journey::text), 'hex'), 'api'
FROM bench.journey_orders o, bench.fitted f
WHERE o.moment BETWEEN 89 * 86400 AND 90 * 86400 - 1;

RESET session_replication_role;
