-- name: insert_touches^
-- Each column comes as one text, its values joined by the unit separator, chr(31); an empty value is NULL.
-- Of the touches that are new, those come back whose journey has bought: only they can reach an order.
WITH arrived AS (
INSERT INTO public.attribution_events
    (tenant_id, id, idempotency_key, occurred_at, journey_key, session_id, channel_code, channel_rule,
     source, medium, campaign, referrer_host, landing_path, click_id_kinds)
SELECT :tenant_id, t.id, t.idempotency_key, t.occurred_at, decode(t.journey_key, 'hex'), t.session_id,
       t.channel_code, t.channel_rule, t.source, t.medium, t.campaign, t.referrer_host, t.landing_path,
       string_to_array(t.click_id_kinds, ' ')
FROM unnest(string_to_array(:ids, chr(31))::uuid[], string_to_array(:keys, chr(31)),
            string_to_array(:moments, chr(31))::timestamptz[], string_to_array(:journey_keys, chr(31)),
            string_to_array(:session_ids, chr(31), ''), string_to_array(:channel_codes, chr(31)),
            string_to_array(:channel_rules, chr(31)), string_to_array(:sources, chr(31), ''),
            string_to_array(:mediums, chr(31), ''), string_to_array(:campaigns, chr(31), ''),
            string_to_array(:referrer_hosts, chr(31), ''), string_to_array(:landing_paths, chr(31), ''),
            string_to_array(:click_id_kinds, chr(31), ''))
     AS t (id, idempotency_key, occurred_at, journey_key, session_id, channel_code, channel_rule,
           source, medium, campaign, referrer_host, landing_path, click_id_kinds)
ON CONFLICT (tenant_id, idempotency_key) DO NOTHING
RETURNING journey_key, occurred_at
)
SELECT count(*) AS arrived,
       coalesce(array_agg(a.journey_key) FILTER (WHERE b.has_bought), '{}') AS journey_keys,
       coalesce(array_agg(a.occurred_at) FILTER (WHERE b.has_bought), '{}') AS moments
FROM arrived a
LEFT JOIN LATERAL (SELECT true AS has_bought FROM public.revenue_ledger l
                   WHERE l.tenant_id = :tenant_id AND l.journey_key = a.journey_key AND l.kind = 'capture'
                   LIMIT 1) b ON true;

-- name: insert_dead_events!
INSERT INTO public.dead_events (tenant_id, id, origin, item_kind, code, detail, cure, item)
SELECT :tenant_id, d.id, d.origin, :item_kind, d.code, d.detail, d.cure, d.item::jsonb
FROM unnest(:ids::uuid[], :origins::text[], :codes::text[], :details::text[], :cures::text[], :items::text[])
     AS d (id, origin, code, detail, cure, item)
ON CONFLICT (tenant_id, item_kind, origin) DO NOTHING;

-- name: insert_channels!
INSERT INTO public.channels (tenant_id, code, label)
SELECT :tenant_id, c.code, c.label FROM unnest(:codes::text[], :labels::text[]) AS c (code, label)
ON CONFLICT (tenant_id, code) DO NOTHING;

-- name: select_channels
SELECT code, label FROM public.channels WHERE tenant_id = :tenant_id ORDER BY code;

-- name: select_dead_events
SELECT recorded_at, item_kind, origin, code, detail, cure, item
FROM public.dead_events
WHERE tenant_id = :tenant_id
ORDER BY recorded_at DESC, id DESC
LIMIT :most;
