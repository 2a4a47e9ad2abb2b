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

-- And the files that it came from: twenty campaigns of two platforms, with what these claim.
SET session_replication_role = replica;  -- the loads of the files are not made
INSERT INTO public.ad_days
    (tenant_id, id, platform, account, campaign, campaign_name, day, currency, revision, cost_cents, impressions, clicks,
     claim_type, claims_millionths, claimed_cents, channel_code, channel_rule, load_id)
SELECT b.tenant_id, uuidv7(), p.platform, 'account', p.platform || '-' || c.n,
       CASE c.n WHEN 1 THEN p.tagged ELSE 'campaign ' || c.n END, s.last_day - d.n, b.currency, 1,
       (500 + 5000 * random())::bigint, 10000, 100, 'purchase', 2000000, (1000 + 20000 * random())::bigint, p.channel_code,
       'given', b.tenant_id
FROM bench.sizes s, bench.businesses b, generate_series(0, s.days - 1) AS d (n), generate_series(1, 10) AS c (n),
     (VALUES ('google_ads', 'brand', 'paid_search'), ('meta_ads', 'retarget', 'paid_social'))
         AS p (platform, tagged, channel_code)
WHERE b.tenant_id IN (SELECT tenant_id FROM bench.page_tenants);
RESET session_replication_role;
