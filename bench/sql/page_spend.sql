-- A year of spend for the tenants whose pages are measured, on their paid channels, one row per day.
INSERT INTO public.spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
SELECT b.tenant_id, uuidv7(), c.channel_code || ':' || d.n, s.last_day - d.n, c.channel_code, b.currency,
       (1000 + 20000 * random())::bigint
FROM bench.sizes s, bench.businesses b, generate_series(0, s.days - 1) AS d (n),
     (SELECT DISTINCT channel_code FROM bench.visits WHERE channel_code LIKE 'paid%') c
WHERE b.tenant_id IN (SELECT tenant_id FROM bench.page_tenants);

INSERT INTO public.dirty_days (tenant_id, day)
SELECT DISTINCT tenant_id, spend_date FROM public.spend;

INSERT INTO public.waiting_tenants (tenant_id, work)
SELECT DISTINCT tenant_id, 'days' FROM public.spend;
