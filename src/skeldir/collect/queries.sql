-- name: select_landings
-- How many landings the collector reported, by local day, consent and what becomes of stored keys. The moments are
-- bounds for the index, wider than the days in any zone. A key is `collector:granted:kept:<id>`.
-- Never null: every column.
SELECT d.day, split_part(t.idempotency_key, ':', 2) AS consent, split_part(t.idempotency_key, ':', 3) AS keeping,
       count(*) AS landings
FROM public.standing_touches t
LEFT JOIN (SELECT x.changes, x.offsets_s FROM public.time_zones x
           WHERE x.tenant_id = :tenant_id ORDER BY x.turn DESC LIMIT 1) z ON true
CROSS JOIN LATERAL (
    SELECT ((t.occurred_at AT TIME ZONE 'UTC')
            + make_interval(secs => coalesce(z.offsets_s[1 + width_bucket(t.occurred_at, z.changes)], 0)))::date AS day
) d
WHERE t.tenant_id = :tenant_id AND t.occurred_at >= :first_moment AND t.occurred_at < :end_moment
  AND starts_with(t.idempotency_key, :key_start) AND d.day >= :first_day AND d.day < :end_day
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;

-- name: select_landed_orders
-- Orders with landings of the collector in their journeys before the first capture, by its local day: how many there
-- are, and of how many every landing is of a key that the browser keeps for a short time only.
-- Never null: every column.
SELECT o.day, count(*) AS orders, count(*) FILTER (WHERE NOT l.has_lasting) AS short_lived
FROM (SELECT DISTINCT ON (e.order_id) e.order_id, e.journey_key, e.occurred_at, d.day
      FROM public.standing_entries e
      LEFT JOIN (SELECT x.changes, x.offsets_s FROM public.time_zones x
                 WHERE x.tenant_id = :tenant_id ORDER BY x.turn DESC LIMIT 1) z ON true
      CROSS JOIN LATERAL (
          SELECT ((e.occurred_at AT TIME ZONE 'UTC')
                  + make_interval(secs => coalesce(z.offsets_s[1 + width_bucket(e.occurred_at, z.changes)], 0)))::date
                 AS day
      ) d
      WHERE e.tenant_id = :tenant_id AND e.kind = 'capture'
        AND e.occurred_at >= :first_moment AND e.occurred_at < :end_moment
      ORDER BY e.order_id, e.occurred_at, e.business_key) o
JOIN LATERAL (
    SELECT bool_or(starts_with(t.idempotency_key, :lasting_start)) AS has_lasting
    FROM public.standing_touches t
    WHERE t.tenant_id = :tenant_id AND t.journey_key = o.journey_key AND t.occurred_at <= o.occurred_at
      AND starts_with(t.idempotency_key, :key_start)
) l ON l.has_lasting IS NOT NULL
WHERE o.day >= :first_day AND o.day < :end_day
  AND NOT EXISTS (SELECT FROM public.standing_entries b
                  WHERE b.tenant_id = :tenant_id AND b.order_id = o.order_id AND b.kind = 'capture'
                    AND b.occurred_at < :first_moment)
GROUP BY 1
ORDER BY 1;
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
-- The newest first, each with what was captured of its order in the claim's currency.
SELECT c.order_id, c.kind, c.protocol, c.currency, c.total_cents, c.revenue_cents, c.claimed_at,
       (SELECT sum(e.amount_cents)::bigint FROM public.standing_entries e
        WHERE e.tenant_id = :tenant_id AND e.order_id = c.order_id AND e.kind = 'capture'
          AND e.currency = c.currency) AS captured_cents
FROM public.claimed_orders c
WHERE c.tenant_id = :tenant_id
ORDER BY c.claimed_at DESC, c.id DESC
LIMIT :most;
