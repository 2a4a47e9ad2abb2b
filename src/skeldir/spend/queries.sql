-- name: select_latest
-- The latest revision of each of these keys that is recorded.
SELECT DISTINCT ON (d.platform, d.account, d.campaign, d.day, d.currency)
       d.platform, d.account, d.campaign, d.day, d.currency, d.revision, d.cost_cents, d.impressions, d.clicks,
       d.claim_type, d.claims_millionths, d.claimed_cents, d.attribution_setting, d.channel_code, d.channel_rule,
       d.campaign_name, d.common_channel, d.common_rule
FROM public.ad_days d
JOIN unnest(:platforms::text[], :accounts::text[], :campaigns::text[], :days::date[], :currencies::text[])
     AS k (platform, account, campaign, day, currency)
  ON d.platform = k.platform AND d.account = k.account AND d.campaign = k.campaign AND d.day = k.day
     AND d.currency = k.currency
WHERE d.tenant_id = :tenant_id
ORDER BY d.platform, d.account, d.campaign, d.day, d.currency, d.revision DESC;

-- name: select_days_of_platforms
-- The latest revision of each key of these platforms and days, as far as it says anything: what new keys are compared with.
SELECT l.platform, l.account, l.campaign, l.campaign_name, l.day, l.currency
FROM (SELECT DISTINCT ON (d.platform, d.account, d.campaign, d.day, d.currency)
             d.platform, d.account, d.campaign, d.campaign_name, d.day, d.currency, d.cost_cents, d.claims_millionths,
             d.claimed_cents
      FROM public.ad_days d
      WHERE d.tenant_id = :tenant_id AND d.platform = ANY(:platforms::text[])
        AND d.day = ANY(:days::date[])
      ORDER BY d.platform, d.account, d.campaign, d.day, d.currency, d.revision DESC) l
WHERE l.cost_cents IS NOT NULL OR l.claims_millionths IS NOT NULL OR l.claimed_cents IS NOT NULL
ORDER BY l.platform, l.account, l.campaign, l.day, l.currency;

-- name: select_given_channels
-- The channels that somebody chose for campaigns of these platforms, the newest choice of each campaign.
SELECT DISTINCT ON (d.platform, d.account, d.campaign) d.platform, d.account, d.campaign, d.channel_code
FROM public.ad_days d
WHERE d.tenant_id = :tenant_id AND d.platform = ANY(:platforms::text[]) AND d.channel_rule = 'given'
ORDER BY d.platform, d.account, d.campaign, d.id DESC;

-- name: insert_ad_days!
-- May be null: names[], costs[], impressions[], clicks[], claim_types[], claims[], claimed[], settings[],
-- common_channels[], common_rules[].
INSERT INTO public.ad_days
    (tenant_id, id, platform, account, campaign, campaign_name, day, currency, revision, cost_cents, impressions, clicks,
     claim_type, claims_millionths, claimed_cents, attribution_setting, channel_code, channel_rule,
     common_channel, common_rule, load_id)
SELECT :tenant_id, n.id, n.platform, n.account, n.campaign, n.campaign_name, n.day, n.currency, n.revision, n.cost_cents,
       n.impressions, n.clicks, n.claim_type, n.claims_millionths, n.claimed_cents, n.attribution_setting, n.channel_code,
       n.channel_rule, n.common_channel, n.common_rule, :load_id
FROM unnest(:ids::uuid[], :platforms::text[], :accounts::text[], :campaigns::text[], :names::text[], :days::date[],
            :currencies::text[], :revisions::integer[], :costs::bigint[], :impressions::bigint[], :clicks::bigint[],
            :claim_types::text[], :claims::bigint[], :claimed::bigint[], :settings::text[], :channels::text[],
            :rules::text[], :common_channels::text[], :common_rules::text[])
     AS n (id, platform, account, campaign, campaign_name, day, currency, revision, cost_cents, impressions, clicks,
           claim_type, claims_millionths, claimed_cents, attribution_setting, channel_code, channel_rule,
           common_channel, common_rule)
RETURNING 1;

-- name: insert_spend!
INSERT INTO public.spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
SELECT :tenant_id, n.id, n.business_key, n.spend_date, n.channel_code, n.currency, n.amount_cents
FROM unnest(:ids::uuid[], :business_keys::text[], :days::date[], :channels::text[], :currencies::text[],
            :cents::bigint[])
     AS n (id, business_key, spend_date, channel_code, currency, amount_cents)
RETURNING 1;

-- name: insert_load!
INSERT INTO public.ad_loads
    (tenant_id, id, kind, source, digest, platforms, time_zone, is_incomplete, source_rows, totals, new_days, restated_days,
     unchanged_days, recorded_by)
VALUES (:tenant_id, :id, :kind, :source, :digest, :platforms::text[], :time_zone, :is_incomplete, :source_rows,
        :totals::jsonb, :new_days, :restated_days, :unchanged_days, :recorded_by);

-- name: select_loads
SELECT id, kind, source, platforms, time_zone, is_incomplete, source_rows, totals, new_days, restated_days,
       unchanged_days, recorded_by, recorded_at
FROM public.ad_loads
WHERE tenant_id = :tenant_id
ORDER BY recorded_at DESC, id DESC
LIMIT :most;

-- name: find_load$
SELECT source FROM public.ad_loads WHERE tenant_id = :tenant_id AND id = :load_id AND kind <> 'rules';

-- name: select_days_of_load
-- Every revision of the keys that a load brought one of, the earliest of each first, with the load that brought it; but
-- none that only followed other rules of channels.
SELECT d.platform, d.account, d.campaign, d.campaign_name, d.day, d.currency, d.cost_cents, d.impressions, d.clicks,
       d.claim_type, d.claims_millionths, d.claimed_cents, d.attribution_setting, d.channel_code, d.channel_rule, d.load_id,
       d.common_channel, d.common_rule, l.kind, l.digest
FROM public.ad_days m
JOIN public.ad_days d
  ON d.platform = m.platform AND d.account = m.account AND d.campaign = m.campaign AND d.day = m.day
     AND d.currency = m.currency
JOIN public.ad_loads l ON l.id = d.load_id
WHERE m.tenant_id = :tenant_id AND d.tenant_id = :tenant_id AND l.tenant_id = :tenant_id AND m.load_id = :load_id
  AND l.kind <> 'rules'
ORDER BY d.platform, d.account, d.campaign, d.day, d.currency, d.revision;

-- name: select_page_of_latest
-- The latest revision of each key after one, in order, whose channel nobody chose.
SELECT l.platform, l.account, l.campaign, l.campaign_name, l.day, l.currency, l.cost_cents, l.impressions, l.clicks,
       l.claim_type, l.claims_millionths, l.claimed_cents, l.attribution_setting, l.channel_code, l.channel_rule,
       l.common_channel, l.common_rule
FROM (SELECT DISTINCT ON (d.platform, d.account, d.campaign, d.day, d.currency) d.*
      FROM public.ad_days d
      WHERE d.tenant_id = :tenant_id
        AND (d.platform, d.account, d.campaign, d.day, d.currency)
            > (:platform, :account, :campaign, :day, :currency)
      ORDER BY d.platform, d.account, d.campaign, d.day, d.currency, d.revision DESC
      LIMIT :most) l
ORDER BY l.platform, l.account, l.campaign, l.day, l.currency;

-- name: select_revisions
-- Every revision of a campaign's days between two days, the earliest first.
SELECT d.account, d.campaign, d.campaign_name, d.day, d.currency, d.revision, d.cost_cents, d.claim_type,
       d.claims_millionths, d.claimed_cents, d.attribution_setting, d.channel_code, d.channel_rule, d.load_id, d.recorded_at
FROM public.ad_days d
WHERE d.tenant_id = :tenant_id AND d.platform = :platform AND d.campaign = :campaign
  AND d.day BETWEEN :first AND :last
ORDER BY d.account, d.day, d.currency, d.revision;

-- name: select_campaigns
-- What campaigns cost between two days, by the latest revision of each day; the name is the newest one.
SELECT l.platform, l.account, l.campaign, l.currency,
       (array_agg(l.campaign_name ORDER BY l.day DESC) FILTER (WHERE l.campaign_name IS NOT NULL))[1] AS name,
       sum(l.cost_cents) AS cost_cents, sum(l.claims_millionths) AS claims_millionths,
       sum(l.claimed_cents) AS claimed_cents, count(*) AS days
FROM (SELECT DISTINCT ON (d.platform, d.account, d.campaign, d.day, d.currency)
             d.platform, d.account, d.campaign, d.campaign_name, d.day, d.currency, d.cost_cents, d.claims_millionths,
             d.claimed_cents
      FROM public.ad_days d
      WHERE d.tenant_id = :tenant_id AND d.day BETWEEN :first AND :last
      ORDER BY d.platform, d.account, d.campaign, d.day, d.currency, d.revision DESC) l
GROUP BY l.platform, l.account, l.campaign, l.currency
ORDER BY l.currency, sum(l.cost_cents) DESC NULLS LAST, l.platform, l.account, l.campaign;

-- name: count_touches_of_campaigns
-- The standing touches of each campaign between two moments, in channels that are paid for.
-- Never null: campaign.
SELECT t.campaign, count(*) AS touches
FROM public.standing_touches t
WHERE t.tenant_id = :tenant_id AND t.occurred_at >= :first AND t.occurred_at < :end
  AND t.campaign IS NOT NULL AND t.channel_code = ANY(:channels::text[])
GROUP BY t.campaign
ORDER BY count(*) DESC, t.campaign;

-- name: select_paid_channels
-- The channels that spend was recorded in.
SELECT DISTINCT channel_code FROM public.ad_days WHERE tenant_id = :tenant_id ORDER BY channel_code;

-- name: select_channel_costs
-- What each channel cost in all.
-- Never null: cents.
SELECT s.currency, s.channel_code, sum(s.amount_cents) AS cents
FROM public.spend s
WHERE s.tenant_id = :tenant_id
GROUP BY s.currency, s.channel_code
HAVING sum(s.amount_cents) <> 0
ORDER BY s.currency, s.channel_code;

-- name: select_claims
-- What platforms claim of campaign days, by the latest revision of each.
SELECT DISTINCT ON (d.platform, d.account, d.campaign, d.day, d.currency)
       d.platform, d.account, d.campaign, d.campaign_name, d.day, d.currency, d.claim_type, d.claimed_cents,
       d.attribution_setting
FROM public.ad_days d
WHERE d.tenant_id = :tenant_id AND d.day BETWEEN :first AND :last
ORDER BY d.platform, d.account, d.campaign, d.day, d.currency, d.revision DESC;

-- name: sum_claims_of_channels
-- What platforms claim for campaigns' days, by the latest revision of each, in the channels that their spend is in. Of more
-- than `most` revisions only that many are read, which `read_rows` shows.
WITH read AS MATERIALIZED (
    SELECT d.platform, d.account, d.campaign, d.day, d.currency, d.revision, d.channel_code, d.claimed_cents
    FROM public.ad_days d
    WHERE d.tenant_id = :tenant_id AND d.day >= :first_day AND d.day < :end_day
    LIMIT :most
)
SELECT l.currency, l.channel_code, sum(l.claimed_cents) AS claimed_cents, count(l.claimed_cents) AS known_days,
       count(*) FILTER (WHERE l.claimed_cents IS NULL) AS unknown_days,
       (SELECT count(*) FROM read) AS read_rows
FROM (SELECT DISTINCT ON (r.platform, r.account, r.campaign, r.day, r.currency)
             r.currency, r.channel_code, r.claimed_cents
      FROM read r
      ORDER BY r.platform, r.account, r.campaign, r.day, r.currency, r.revision DESC) l
GROUP BY l.currency, l.channel_code;

-- name: select_claimed_spans
-- The first and the last day of which each ad account's claims are known, by the latest revision of each day.
-- Never null: first_day, last_day.
SELECT l.platform, l.account, min(l.day) AS first_day, max(l.day) AS last_day
FROM (SELECT DISTINCT ON (d.platform, d.account, d.campaign, d.day, d.currency)
             d.platform, d.account, d.day, d.claimed_cents
      FROM public.ad_days d
      WHERE d.tenant_id = :tenant_id
      ORDER BY d.platform, d.account, d.campaign, d.day, d.currency, d.revision DESC) l
WHERE l.claimed_cents IS NOT NULL
GROUP BY l.platform, l.account;

-- name: select_known_campaigns
-- Every campaign that was ever recorded, with the name of its latest day that has one, and all names that it had.
-- Never null: channels.
SELECT d.platform, d.account, d.campaign,
       (array_agg(d.campaign_name ORDER BY d.day DESC, d.revision DESC, d.currency, d.campaign_name)
        FILTER (WHERE d.campaign_name IS NOT NULL))[1] AS name,
       coalesce(array_agg(DISTINCT d.campaign_name) FILTER (WHERE d.campaign_name IS NOT NULL), '{}') AS names,
       array_agg(DISTINCT d.channel_code) AS channels
FROM public.ad_days d
WHERE d.tenant_id = :tenant_id
GROUP BY d.platform, d.account, d.campaign
ORDER BY d.platform, d.account, d.campaign;

-- name: select_spend_days
-- What campaigns cost by platform, channel and day, by the latest revision of each of their days; null if none is known.
SELECT l.platform, l.channel_code, l.day, l.currency, sum(l.cost_cents) AS cost_cents, count(*) AS campaign_days,
       count(*) FILTER (WHERE l.cost_cents IS NULL) AS unknown_days
FROM (SELECT DISTINCT ON (d.platform, d.account, d.campaign, d.day, d.currency)
             d.platform, d.day, d.currency, d.channel_code, d.cost_cents
      FROM public.ad_days d
      WHERE d.tenant_id = :tenant_id AND d.day BETWEEN :first AND :last
      ORDER BY d.platform, d.account, d.campaign, d.day, d.currency, d.revision DESC) l
GROUP BY l.platform, l.channel_code, l.day, l.currency
ORDER BY l.currency, l.day, l.channel_code, l.platform;

-- name: sum_claims
-- What platforms claim between two days by kind of claim and setting, by the latest revision of each campaign's day.
SELECT l.platform, l.claim_type, l.attribution_setting, l.currency, sum(l.claims_millionths) AS claims_millionths,
       sum(l.claimed_cents) AS claimed_cents, count(l.claimed_cents) AS known_days, count(*) AS campaign_days
FROM (SELECT DISTINCT ON (d.platform, d.account, d.campaign, d.day, d.currency)
             d.platform, d.claim_type, d.attribution_setting, d.currency, d.claims_millionths, d.claimed_cents
      FROM public.ad_days d
      WHERE d.tenant_id = :tenant_id AND d.day BETWEEN :first AND :last
      ORDER BY d.platform, d.account, d.campaign, d.day, d.currency, d.revision DESC) l
WHERE l.claim_type IS NOT NULL OR l.claims_millionths IS NOT NULL OR l.claimed_cents IS NOT NULL
GROUP BY l.platform, l.claim_type, l.attribution_setting, l.currency
ORDER BY l.currency, l.platform, l.claim_type, l.attribution_setting;

-- name: find_spend_span^
-- The first and the last day of which anything is recorded of any campaign.
SELECT min(d.day) AS first_day, max(d.day) AS last_day
FROM public.ad_days d
WHERE d.tenant_id = :tenant_id;
