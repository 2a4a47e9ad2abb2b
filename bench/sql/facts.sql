-- Facts of many tenants, in rows as the program writes them. The server makes them, which is far faster than sending.
-- bench.sizes (one row: orders per tenant, total touches, days, the last day, orders of the first tenant, most touches of
-- an order) and bench.visits must exist.

SET session_replication_role = replica;  -- no foreign keys to check: the tenants are there

SELECT setseed(0.42);

CREATE TABLE bench.businesses AS
SELECT id AS tenant_id, row_number() OVER (ORDER BY id) AS number,
       (ARRAY['USD', 'EUR', 'GBP', 'USD'])[1 + row_number() OVER (ORDER BY id) % 4] AS currency
FROM public.tenants;

-- Every business sells on every day; some shoppers come back.
CREATE TABLE bench.orders AS
SELECT b.tenant_id, b.currency, 'order-' || n AS order_id, 1 + floor(random() * s.touches_an_order)::integer AS touches,
       decode(md5(b.number || ':' || CASE WHEN random() < 0.15 THEN n / 2 ELSE n END), 'hex') AS journey_key,
       (s.last_day - n % s.days)::timestamp AT TIME ZONE 'UTC' + random() * interval '23:59:59' AS captured_at,
       (500 + 50000 * power(random(), 3))::bigint AS cents
FROM bench.sizes s, bench.businesses b,
     generate_series(0, CASE b.number WHEN 1 THEN coalesce(s.orders_of_first, s.orders_a_tenant)
                        ELSE s.orders_a_tenant END - 1) AS n;

INSERT INTO public.revenue_ledger
    (tenant_id, id, business_key, order_id, kind, amount_cents, currency, occurred_at, journey_key, source)
SELECT tenant_id, uuidv7(), kind || ':' || order_id, order_id, kind, cents, currency, occurred_at, journey_key, 'api'
FROM (
    SELECT tenant_id, order_id, 'capture' AS kind, cents, currency, captured_at AS occurred_at, journey_key
    FROM bench.orders
    UNION ALL
    SELECT tenant_id, order_id, 'refund', -CASE WHEN random() < 0.5 THEN cents ELSE 1 + cents / 3 END, currency,
           captured_at + (1 + random() * 14) * interval '1 day', NULL
    FROM bench.orders
    WHERE random() < 0.06
) entries
WHERE occurred_at < (SELECT last_day + 1 FROM bench.sizes)
ORDER BY occurred_at;

-- The touches before an order, more of them in its last days; the others belong to journeys that bought nothing.
CREATE TABLE bench.moments AS
SELECT tenant_id, journey_key, captured_at - power(random(), 2) * interval '29 days 23 hours' AS occurred_at
FROM bench.orders, generate_series(1, touches);

INSERT INTO bench.moments
SELECT b.tenant_id, decode(md5('looker ' || b.number || ':' || n / 3), 'hex'),
       (s.last_day + 1)::timestamp AT TIME ZONE 'UTC' - random() * s.days * interval '1 day'
FROM bench.sizes s,
     generate_series(0, s.touches - (SELECT count(*) FROM bench.moments)::integer - 1) AS n
JOIN bench.businesses b ON b.number = 1 + n % (SELECT count(*) FROM bench.businesses);

INSERT INTO public.attribution_events
    (tenant_id, id, idempotency_key, occurred_at, journey_key, session_id, channel_code, channel_rule,
     source, medium, campaign, referrer_host, landing_path, click_id_kinds)
SELECT m.tenant_id, uuidv7(), 'touch-' || m.n, m.occurred_at, m.journey_key, 'session-' || m.n, v.channel_code,
       v.channel_rule, v.source, v.medium, v.campaign, v.referrer_host, '/products/' || m.n % 500, v.click_id_kinds
FROM (SELECT *, row_number() OVER (ORDER BY occurred_at) AS n,
             floor(random() * (SELECT count(*) FROM bench.visits))::integer AS visit
      FROM bench.moments) m
JOIN bench.visits v ON v.number = m.visit
ORDER BY m.n;

DROP TABLE bench.moments;

INSERT INTO public.reconciliation_runs
    (tenant_id, id, platform, currency, state, claimed_cents, verified_cents, ghost_cents, ran_at)
SELECT b.tenant_id, uuidv7(), p.platform, b.currency, 'complete', n * 1100, n * 1000, n * 100,
       (s.last_day - n)::timestamp AT TIME ZONE 'UTC'
FROM bench.sizes s, bench.businesses b, unnest(ARRAY['google_ads', 'meta_ads']) AS p (platform), generate_series(1, 30) n;
RESET session_replication_role;
