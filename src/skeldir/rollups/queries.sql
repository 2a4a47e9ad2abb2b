-- name: mark_days!
INSERT INTO public.dirty_days (tenant_id, day, sums)
SELECT :tenant_id, day, :sums FROM unnest(:days::date[]) AS day
RETURNING 1;

-- name: mark_channel_days!
-- A version that was active before has allocations on days that have no sum of it any more.
INSERT INTO public.dirty_days (tenant_id, day)
SELECT :tenant_id::uuid, revenue_date FROM public.rollup_channel_day WHERE tenant_id = :tenant_id
UNION SELECT :tenant_id::uuid, entry_date FROM public.attribution_allocations WHERE tenant_id = :tenant_id
UNION SELECT :tenant_id::uuid, spend_date FROM public.spend WHERE tenant_id = :tenant_id
RETURNING 1;

-- name: tenants_with_dirty_days
SELECT tenant_id FROM public.tenants_with_dirty_days() AS tenant_id;

-- name: has_dirty_days$
SELECT EXISTS (SELECT FROM public.tenants_with_dirty_days());

-- name: rollup_lag$
SELECT extract(epoch FROM clock_timestamp() - b.oldest_marked_at)::float8 FROM public.rollup_backlog() AS b;

-- name: take_dirty_days
-- Deletes the marks it can see; a mark written meanwhile is another row and stays.
WITH taken AS (
    DELETE FROM public.dirty_days
    WHERE tenant_id = :tenant_id
      AND day IN (SELECT DISTINCT day FROM public.dirty_days WHERE tenant_id = :tenant_id ORDER BY day LIMIT :most)
    RETURNING day, sums
)
SELECT day, bool_or(sums = 'all') AS is_whole FROM taken GROUP BY day ORDER BY day;

-- name: delete_revenue_days!
DELETE FROM public.rollup_revenue_day WHERE tenant_id = :tenant_id AND revenue_date = ANY(:days::date[]);

-- name: insert_revenue_days!
INSERT INTO public.rollup_revenue_day
    (tenant_id, revenue_date, currency, state, amount_cents, entries, orders, last_entry_at)
SELECT :tenant_id, s.day, s.currency, s.state,
       sum(s.amount_cents), count(*), count(*) FILTER (WHERE s.opens_order), max(s.occurred_at)
FROM (
    SELECT d.day, e.currency, e.amount_cents, e.occurred_at,
           CASE WHEN e.kind = 'capture' THEN 'captured'
                WHEN NOT EXISTS (SELECT FROM public.revenue_ledger c
                                 WHERE c.tenant_id = :tenant_id AND c.order_id = e.order_id AND c.kind = 'capture')
                    THEN CASE WHEN e.kind LIKE 'dispute%' THEN 'dispute_awaiting_capture' ELSE 'awaiting_capture' END
                WHEN e.kind = 'refund' THEN 'refunded'
                WHEN e.kind = 'refund_reversal' THEN 'refund_reversed'
                WHEN e.kind = 'dispute' THEN 'disputed'
                ELSE 'dispute_reversed' END AS state,
           e.kind = 'capture' AND NOT EXISTS (
               SELECT FROM public.revenue_ledger c
               WHERE c.tenant_id = :tenant_id AND c.order_id = e.order_id AND c.kind = 'capture'
                 AND (c.occurred_at, c.business_key) < (e.occurred_at, e.business_key)) AS opens_order
    FROM unnest(:days::date[]) AS d (day)
    JOIN public.revenue_ledger e
      ON e.tenant_id = :tenant_id
     AND e.occurred_at >= d.day::timestamp AT TIME ZONE 'UTC'
     AND e.occurred_at < (d.day + 1)::timestamp AT TIME ZONE 'UTC'
) s
GROUP BY s.day, s.currency, s.state
RETURNING 1;

-- name: delete_channel_days!
DELETE FROM public.rollup_channel_day WHERE tenant_id = :tenant_id AND revenue_date = ANY(:days::date[]);

-- name: insert_channel_days!
-- Spend belongs to no model, so it stands beside the credit of every active one. One snapshot sees the allocations and
-- the changes that they left: what is summed here must not be added again.
WITH summed AS (
    DELETE FROM public.credit_changes WHERE tenant_id = :tenant_id AND revenue_date = ANY(:days::date[])
)
INSERT INTO public.rollup_channel_day
    (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, spend_cents,
     allocations)
SELECT :tenant_id, day, model_version, channel_code, currency,
       sum(conversion_ppt), sum(credited_cents), sum(spend_cents), sum(allocations)
FROM (
    SELECT a.entry_date AS day, a.model_version, a.channel_code, a.currency,
           a.conversion_ppt::numeric AS conversion_ppt, a.allocated_cents AS credited_cents, 0 AS spend_cents,
           1 AS allocations
    FROM public.attribution_allocations a
    JOIN public.attribution_models m
      ON m.tenant_id = :tenant_id AND m.model_version = a.model_version AND m.is_active
    WHERE a.tenant_id = :tenant_id AND a.entry_date = ANY(:days::date[])
    UNION ALL
    SELECT s.spend_date, m.model_version, s.channel_code, s.currency, 0, 0, s.amount_cents, 0
    FROM public.spend s
    JOIN public.attribution_models m ON m.tenant_id = :tenant_id AND m.is_active
    WHERE s.tenant_id = :tenant_id AND s.spend_date = ANY(:days::date[])
) parts
GROUP BY day, model_version, channel_code, currency
RETURNING 1;

-- name: add_credit_changes
-- Changes of a model version that is not active any more belong to no sum: should it become active again, all of its
-- days are summed anew. Those of a day that waits to be summed as a whole are in that sum.
WITH taken AS (
    DELETE FROM public.credit_changes c
    WHERE c.tenant_id = :tenant_id
      AND NOT EXISTS (SELECT FROM public.dirty_days d
                      WHERE d.tenant_id = :tenant_id AND d.day = c.revenue_date AND d.sums = 'all')
    RETURNING revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, allocations
), changes AS (
    SELECT t.revenue_date, t.model_version, t.channel_code, t.currency, sum(t.conversion_ppt) AS conversion_ppt,
           sum(t.credited_cents) AS credited_cents, sum(t.allocations) AS allocations
    FROM taken t
    JOIN public.attribution_models m
      ON m.tenant_id = :tenant_id AND m.model_version = t.model_version AND m.is_active
    GROUP BY t.revenue_date, t.model_version, t.channel_code, t.currency
), added AS (
    INSERT INTO public.rollup_channel_day AS r
        (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, spend_cents,
         allocations)
    SELECT :tenant_id, c.revenue_date, c.model_version, c.channel_code, c.currency, c.conversion_ppt, c.credited_cents,
           0, c.allocations
    FROM changes c
    WHERE (c.conversion_ppt, c.credited_cents, c.allocations) <> (0, 0, 0)
    ON CONFLICT (tenant_id, revenue_date, model_version, channel_code, currency) DO UPDATE
    SET conversion_ppt = r.conversion_ppt + excluded.conversion_ppt,
        credited_cents = r.credited_cents + excluded.credited_cents,
        allocations = r.allocations + excluded.allocations
    RETURNING r.revenue_date
)
SELECT DISTINCT revenue_date AS day FROM added ORDER BY day;

-- name: delete_empty_channel_days!
DELETE FROM public.rollup_channel_day r
WHERE r.tenant_id = :tenant_id AND r.revenue_date = ANY(:days::date[]) AND r.allocations = 0
  AND NOT EXISTS (SELECT FROM public.spend s
                  WHERE s.tenant_id = :tenant_id AND s.spend_date = r.revenue_date
                    AND s.channel_code = r.channel_code AND s.currency = r.currency);

-- name: delete_allocation_days!
DELETE FROM public.rollup_allocation_day WHERE tenant_id = :tenant_id AND revenue_date = ANY(:days::date[]);

-- name: insert_allocation_days!
-- From the ledger's side and the credit's side independently, so that a drift can show.
INSERT INTO public.rollup_allocation_day
    (tenant_id, revenue_date, model_version, currency, ledger_cents, awaiting_capture_cents, allocated_cents)
SELECT :tenant_id, revenue_date, model_version, currency,
       sum(ledger_cents), sum(awaiting_cents), sum(allocated_cents)
FROM (
    SELECT r.revenue_date, m.model_version, r.currency, r.amount_cents AS ledger_cents,
           CASE WHEN r.state IN ('awaiting_capture', 'dispute_awaiting_capture') THEN r.amount_cents ELSE 0 END AS awaiting_cents,
           0 AS allocated_cents
    FROM public.rollup_revenue_day r
    JOIN public.attribution_models m ON m.tenant_id = :tenant_id AND m.is_active
    WHERE r.tenant_id = :tenant_id AND r.revenue_date = ANY(:days::date[])
    UNION ALL
    SELECT c.revenue_date, c.model_version, c.currency, 0, 0, c.credited_cents
    FROM public.rollup_channel_day c
    WHERE c.tenant_id = :tenant_id AND c.revenue_date = ANY(:days::date[]) AND c.allocations <> 0
) sides
GROUP BY revenue_date, model_version, currency
RETURNING 1;

-- name: note_rollup_change!
INSERT INTO public.rollup_changes DEFAULT VALUES ON CONFLICT DO NOTHING;
