-- name: select_sources
-- The sources of rates with their bases, found one after the other by the index.
-- Never null: every column.
WITH RECURSIVE found AS (
    (SELECT r.source, r.base FROM public.exchange_rates r WHERE r.tenant_id = :tenant_id ORDER BY r.source LIMIT 1)
    UNION ALL
    SELECT n.source, n.base
    FROM found f
    CROSS JOIN LATERAL (SELECT r.source, r.base FROM public.exchange_rates r
                        WHERE r.tenant_id = :tenant_id AND r.source > f.source
                        ORDER BY r.source LIMIT 1) n
)
SELECT source, base FROM found ORDER BY source;

-- name: select_known_rates
-- For each place of the lists the latest revision of that day, and the rate of the nearest day before it within a week.
-- Never null: place.
SELECT k.place, l.rate, l.revision, b.rate AS rate_before
FROM unnest(:quotes::text[], :days::date[]) WITH ORDINALITY AS k (quote, day, place)
LEFT JOIN LATERAL (
    SELECT r.rate, r.revision FROM public.exchange_rates r
    WHERE r.tenant_id = :tenant_id AND r.source = :source AND r.quote = k.quote AND r.day = k.day
    ORDER BY r.revision DESC LIMIT 1
) l ON true
LEFT JOIN LATERAL (
    SELECT r.rate FROM public.exchange_rates r
    WHERE r.tenant_id = :tenant_id AND r.source = :source AND r.quote = k.quote AND r.day < k.day AND r.day >= k.day - 7
    ORDER BY r.day DESC, r.revision DESC LIMIT 1
) b ON true
ORDER BY k.place;

-- name: insert_rates!
INSERT INTO public.exchange_rates (tenant_id, id, source, base, quote, day, revision, rate, reason, recorded_by)
SELECT :tenant_id, n.id, :source, :base, n.quote, n.day, n.revision, n.rate, :reason, :recorded_by
FROM unnest(:ids::uuid[], :quotes::text[], :days::date[], :revisions::integer[], :rates::numeric[])
     AS n (id, quote, day, revision, rate)
RETURNING 1;

-- name: select_rates_of_days
-- The latest revision of each day and quote.
SELECT DISTINCT ON (r.quote, r.day) r.quote, r.day, r.rate, r.revision
FROM public.exchange_rates r
WHERE r.tenant_id = :tenant_id AND r.source = :source AND r.quote = ANY(:quotes::text[])
  AND r.day BETWEEN :first_day AND :last_day
ORDER BY r.quote, r.day, r.revision DESC;

-- name: select_rates
-- A page of revisions by (source, quote, day, revision); of each day the latest only, unless all are wanted.
-- May be null: after_quote, after_day, after_revision.
SELECT r.source, r.base, r.quote, r.day, r.revision, r.rate, r.reason, r.recorded_by, r.recorded_at
FROM public.exchange_rates r
WHERE r.tenant_id = :tenant_id
  AND r.day >= greatest(:first_day::date, '-infinity'::date) AND r.day < least(:end_day::date, 'infinity'::date)
  AND (:source::text IS NULL OR r.source = :source::text)
  AND (:quote::text IS NULL OR r.quote = :quote::text)
  AND (:after_source::text IS NULL
       OR (r.source, r.quote, r.day, r.revision)
          > (:after_source::text, :after_quote::text, :after_day::date, :after_revision::integer))
  AND (:has_all::boolean
       OR NOT EXISTS (SELECT FROM public.exchange_rates l
                      WHERE l.tenant_id = :tenant_id AND l.source = r.source AND l.quote = r.quote AND l.day = r.day
                        AND l.revision > r.revision))
ORDER BY r.source, r.quote, r.day, r.revision
LIMIT :most;
