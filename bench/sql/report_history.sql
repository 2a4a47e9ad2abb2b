-- The sums of credit of tenants that were made for it, and how they came about: on each day hourly changes of its own, and two
-- later ones. Spend comes with two revisions.
INSERT INTO public.credit_journal
    (tenant_id, turn, changed_at, basis, revenue_date, model_version, channel_code, currency, conversion_ppt,
     credited_cents, allocations)
SELECT t.tenant_id, h.after + 24 * (t.days - d.n), (date_trunc('day', now()) - make_interval(days => d.n, hours => -h.after)),
       'entry', current_date - d.n, m.model || '@1', 'channel_' || c.n, 'USD', 1000000000000, 100 + c.n, 1
FROM bench.report_tenants t
CROSS JOIN generate_series(1, t.days) AS d (n)
CROSS JOIN (VALUES (8), (11), (14), (17), (20), (23), (73), (490)) AS h (after)
CROSS JOIN unnest(ARRAY['first_touch', 'last_touch', 'last_non_direct', 'linear', 'position_based', 'time_decay']) AS m (model)
CROSS JOIN generate_series(1, 12) AS c (n)
WHERE h.after < 24 * d.n;

INSERT INTO public.spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents, recorded_at)
SELECT t.tenant_id, uuidv7(), concat(d.n, ':', c.n, ':', k.n, ':', r.n), current_date - d.n, 'channel_' || c.n, 'USD', 500,
       date_trunc('day', now()) - make_interval(days => d.n - r.n)
FROM bench.report_tenants t
CROSS JOIN generate_series(1, t.days) AS d (n)
CROSS JOIN generate_series(1, 3) AS c (n)
CROSS JOIN generate_series(1, 10) AS k (n)
CROSS JOIN generate_series(0, 1) AS r (n);

INSERT INTO public.rollup_channel_day
    (tenant_id, basis, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, spend_cents,
     allocations)
SELECT j.tenant_id, j.basis, j.revenue_date, j.model_version, j.channel_code, j.currency, sum(j.conversion_ppt),
       sum(j.credited_cents), CASE WHEN j.channel_code IN ('channel_1', 'channel_2', 'channel_3') THEN 10000 ELSE 0 END,
       sum(j.allocations)
FROM public.credit_journal j
GROUP BY j.tenant_id, j.basis, j.revenue_date, j.model_version, j.channel_code, j.currency;
