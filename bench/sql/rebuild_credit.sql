-- The credit of every order by six models, computed in one statement from the facts, as one would write it without this
-- program: a table of orders and channels. An order's net amount is dated by its first capture, and each part is rounded
-- separately. Money is numeric, as is usual for money.

CREATE TABLE bench.rebuilt AS
WITH converted AS (
    SELECT DISTINCT ON (l.tenant_id, l.order_id) l.tenant_id, l.order_id, l.journey_key, l.occurred_at, l.currency
    FROM public.revenue_ledger l WHERE l.kind = 'capture'
    ORDER BY l.tenant_id, l.order_id, l.occurred_at, l.business_key
), net AS (
    SELECT l.tenant_id, l.order_id, sum(l.amount_cents) AS cents FROM public.revenue_ledger l GROUP BY 1, 2
), steps AS (
    SELECT c.tenant_id, c.order_id, (c.occurred_at AT TIME ZONE 'UTC')::date AS day, c.currency, n.cents, e.channel_code,
           power(2, -extract(epoch FROM c.occurred_at - e.occurred_at) / 604800) AS decayed,
           row_number() OVER forwards AS place,
           count(*) OVER (PARTITION BY c.tenant_id, c.order_id) AS touches,
           max(e.occurred_at) FILTER (WHERE e.channel_code <> 'direct')
               OVER (PARTITION BY c.tenant_id, c.order_id) AS last_named_at,
           e.occurred_at
    FROM converted c
    JOIN net n ON n.tenant_id = c.tenant_id AND n.order_id = c.order_id
    JOIN public.attribution_events e
      ON e.tenant_id = c.tenant_id AND e.journey_key = c.journey_key
     AND e.occurred_at <= c.occurred_at AND e.occurred_at >= c.occurred_at - interval '30 days'
    WINDOW forwards AS (PARTITION BY c.tenant_id, c.order_id ORDER BY e.occurred_at, e.idempotency_key)
), shares AS (
    SELECT s.tenant_id, s.order_id, s.day, s.currency, s.channel_code, s.cents,
           (s.place = 1)::int AS first_touch,
           (s.place = s.touches)::int AS last_touch,
           CASE WHEN s.last_named_at IS NULL THEN s.place = s.touches
                ELSE s.occurred_at = s.last_named_at AND s.channel_code <> 'direct' END::int AS last_non_direct,
           1.0 / s.touches AS linear,
           CASE WHEN s.touches <= 2 THEN 1.0 / s.touches WHEN s.place IN (1, s.touches) THEN 0.4
                ELSE 0.2 / (s.touches - 2) END AS position_based,
           s.decayed / sum(s.decayed) OVER (PARTITION BY s.tenant_id, s.order_id) AS time_decay
    FROM steps s
)
SELECT tenant_id, order_id, day, currency, channel_code,
       round(sum(first_touch * cents)) AS first_touch, round(sum(last_touch * cents)) AS last_touch,
       round(sum(last_non_direct * cents)) AS last_non_direct, round(sum(linear * cents)) AS linear,
       round(sum(position_based * cents)) AS position_based, round(sum(time_decay * cents)) AS time_decay
FROM shares GROUP BY tenant_id, order_id, day, currency, channel_code;
