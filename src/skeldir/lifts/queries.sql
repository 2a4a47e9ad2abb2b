-- name: select_lift_tests
-- The latest revision of each lift test, those of the latest days first; of some experiments only, if any are named.
SELECT t.experiment, t.channel_code, t.measure, t.currency, t.revision, t.first_day, t.last_day, t.incremental, t.lower_end,
       t.upper_end, t.level_percent, t.source, t.recorded_at, t.recorded_by
FROM public.lift_tests t
WHERE t.tenant_id = :tenant_id AND (:experiments::text[] IS NULL OR t.experiment = ANY(:experiments::text[]))
  AND NOT EXISTS (SELECT FROM public.lift_tests n
                  WHERE n.tenant_id = :tenant_id AND n.experiment = t.experiment AND n.channel_code = t.channel_code
                    AND n.measure = t.measure AND n.currency = t.currency AND n.revision > t.revision)
ORDER BY t.last_day DESC, t.experiment, t.channel_code, t.measure, t.currency
LIMIT :most;

-- name: insert_lift_tests
-- Returns their revisions.
INSERT INTO public.lift_tests
    (tenant_id, experiment, channel_code, measure, currency, revision, first_day, last_day, incremental, lower_end, upper_end,
     level_percent, source, recorded_by)
SELECT :tenant_id, t.experiment, t.channel_code, t.measure, t.currency, t.revision, t.first_day, t.last_day, t.incremental,
       t.lower_end, t.upper_end, t.level_percent, :source, :recorded_by
FROM unnest(:experiments::text[], :channels::text[], :measures::text[], :currencies::text[], :revisions::integer[],
            :first_days::date[], :last_days::date[], :incrementals::bigint[], :lower_ends::bigint[], :upper_ends::bigint[],
            :levels::smallint[])
     AS t(experiment, channel_code, measure, currency, revision, first_day, last_day, incremental, lower_end, upper_end,
          level_percent)
RETURNING revision;

-- name: select_credit_of_channels
-- What each model in force credits to some channels, each on its days and in its currency; in all of them where it is ''.
-- Never null: place.
SELECT a.place, m.model_version, coalesce(sum(d.credited_cents), 0)::bigint AS credited_cents,
       coalesce(sum(d.conversion_ppt), 0) AS conversion_ppt
FROM unnest(:channels::text[], :first_days::date[], :last_days::date[], :currencies::text[])
     WITH ORDINALITY AS a(channel_code, first_day, last_day, currency, place)
JOIN public.attribution_models m ON m.tenant_id = :tenant_id AND m.is_active
LEFT JOIN public.rollup_channel_day d
       ON d.tenant_id = :tenant_id AND d.model_version = m.model_version AND d.basis = 'entry'
      AND d.channel_code = a.channel_code AND d.revenue_date >= a.first_day AND d.revenue_date <= a.last_day
      AND (a.currency = '' OR d.currency = a.currency)
GROUP BY a.place, m.model_version
ORDER BY a.place, m.model_version;
