-- name: select_snapshot^
-- What the transaction's snapshot is: `beyond` is the first transaction that it does not know, `in_flight` those before
-- it that were not finished; both without their upper 32 bits, as rows keep them. Changes and offsets are of the zone.
-- Never null: beyond, in_flight. Always a row.
SELECT (SELECT now()) AS taken_at,
       (pg_snapshot_xmax(s.taken)::text::numeric % 4294967296)::bigint AS beyond,
       ARRAY(SELECT (x::text::numeric % 4294967296)::bigint FROM pg_snapshot_xip(s.taken) AS x) AS in_flight,
       coalesce(z.time_zone, 'UTC') AS time_zone, z.changes, z.offsets_s
FROM (SELECT pg_current_snapshot() AS taken) s
LEFT JOIN (SELECT x.time_zone, x.changes, x.offsets_s FROM public.time_zones x
           WHERE x.tenant_id = :tenant_id ORDER BY x.turn DESC LIMIT 1) z ON true;

-- name: allow_waiting$
-- Lets the transaction wait for whoever reads what it returns, longer than others may.
SELECT set_config('idle_in_transaction_session_timeout', :seconds::integer::text || 's', true);

-- name: select_touches_page^
-- Looks at `most` touches by id, and returns those that stand, a list for each column. A row is in a snapshot if its
-- transaction is before `beyond` and not in flight; numbers of transactions start again after 32 bits. Without `beyond`,
-- all is that the transaction sees. The page is cut before anything is compared, so that the planner reads it by its key.
-- May be null: journey[], session_id[], channel[], channel_rule[], source[], medium[], campaign[],
-- referrer_host[], landing_path[].
SELECT count(*) AS scanned, count(*) FILTER (WHERE x.is_shown) AS rows, (array_agg(x.id))[count(*)] AS last_id,
       coalesce(array_agg(x.id::text) FILTER (WHERE x.is_shown), '{}') AS touch_id,
       coalesce(array_agg(x.idempotency_key) FILTER (WHERE x.is_shown), '{}') AS idempotency_key,
       coalesce(array_agg((extract(epoch FROM x.occurred_at) * 1000000)::bigint) FILTER (WHERE x.is_shown), '{}')
           AS occurred_at,
       coalesce(array_agg((extract(epoch FROM x.recorded_at) * 1000000)::bigint) FILTER (WHERE x.is_shown), '{}')
           AS recorded_at,
       coalesce(array_agg(encode(x.journey_key, 'hex')) FILTER (WHERE x.is_shown), '{}') AS journey,
       coalesce(array_agg(x.session_id) FILTER (WHERE x.is_shown), '{}') AS session_id,
       coalesce(array_agg(x.channel_code) FILTER (WHERE x.is_shown), '{}') AS channel,
       coalesce(array_agg(x.channel_rule) FILTER (WHERE x.is_shown), '{}') AS channel_rule,
       coalesce(array_agg(x.source) FILTER (WHERE x.is_shown), '{}') AS source,
       coalesce(array_agg(x.medium) FILTER (WHERE x.is_shown), '{}') AS medium,
       coalesce(array_agg(x.campaign) FILTER (WHERE x.is_shown), '{}') AS campaign,
       coalesce(array_agg(x.referrer_host) FILTER (WHERE x.is_shown), '{}') AS referrer_host,
       coalesce(array_agg(x.landing_path) FILTER (WHERE x.is_shown), '{}') AS landing_path,
       coalesce(array_agg(coalesce(array_to_string(x.click_id_kinds, ' '), '')) FILTER (WHERE x.is_shown), '{}')
           AS click_ids
FROM (SELECT e.id, e.idempotency_key, e.occurred_at, e.recorded_at, e.journey_key, e.session_id, e.channel_code,
             e.channel_rule, e.source, e.medium, e.campaign, e.referrer_host, e.landing_path, e.click_id_kinds,
             (w.tenant_id IS NULL AND e.occurred_at >= greatest(:first_moment::timestamptz, '-infinity'::timestamptz)
              AND e.occurred_at < least(:end_moment::timestamptz, 'infinity'::timestamptz)
              AND (:beyond::bigint IS NULL
                   OR (((:beyond::bigint - e.xmin::text::bigint) & 4294967295) BETWEEN 1 AND 2147483647
                       AND e.xmin::text::bigint <> ALL (:in_flight::bigint[])))) AS is_shown
      FROM (SELECT p.id, p.idempotency_key, p.occurred_at, p.recorded_at, p.journey_key, p.session_id, p.channel_code,
                   p.channel_rule, p.source, p.medium, p.campaign, p.referrer_host, p.landing_path, p.click_id_kinds,
                   p.generation, p.xmin
            FROM public.attribution_events p
            WHERE p.tenant_id = :tenant_id AND p.id > :after
            ORDER BY p.id
            LIMIT :most) e
      LEFT JOIN public.touch_withdrawals w
        ON w.tenant_id = :tenant_id AND w.idempotency_key = e.idempotency_key AND w.generation = e.generation
       AND (:beyond::bigint IS NULL
            OR (((:beyond::bigint - w.xmin::text::bigint) & 4294967295) BETWEEN 1 AND 2147483647
                AND w.xmin::text::bigint <> ALL (:in_flight::bigint[])))
      ORDER BY e.id) x;

-- name: select_entries_page^
-- See `select_touches_page`.
-- May be null: journey[].
SELECT count(*) AS scanned, count(*) FILTER (WHERE x.is_shown) AS rows, (array_agg(x.id))[count(*)] AS last_id,
       coalesce(array_agg(x.id::text) FILTER (WHERE x.is_shown), '{}') AS entry_id,
       coalesce(array_agg(x.business_key) FILTER (WHERE x.is_shown), '{}') AS idempotency_key,
       coalesce(array_agg(x.order_id) FILTER (WHERE x.is_shown), '{}') AS order_id,
       coalesce(array_agg(x.kind) FILTER (WHERE x.is_shown), '{}') AS kind,
       coalesce(array_agg(x.amount_cents) FILTER (WHERE x.is_shown), '{}') AS amount_cents,
       coalesce(array_agg(x.currency) FILTER (WHERE x.is_shown), '{}') AS currency,
       coalesce(array_agg((extract(epoch FROM x.occurred_at) * 1000000)::bigint) FILTER (WHERE x.is_shown), '{}')
           AS occurred_at,
       coalesce(array_agg((extract(epoch FROM x.recorded_at) * 1000000)::bigint) FILTER (WHERE x.is_shown), '{}')
           AS recorded_at,
       coalesce(array_agg(encode(x.journey_key, 'hex')) FILTER (WHERE x.is_shown), '{}') AS journey,
       coalesce(array_agg(x.source) FILTER (WHERE x.is_shown), '{}') AS source
FROM (SELECT l.id, l.business_key, l.order_id, l.kind, l.amount_cents, l.currency, l.occurred_at, l.recorded_at,
             l.journey_key, l.source, l.generation,
             (l.generation >= 0 AND r.tenant_id IS NULL AND l.occurred_at >= greatest(:first_moment::timestamptz,
                 '-infinity'::timestamptz)
              AND l.occurred_at < least(:end_moment::timestamptz, 'infinity'::timestamptz)
              AND (:beyond::bigint IS NULL
                   OR (((:beyond::bigint - l.xmin::text::bigint) & 4294967295) BETWEEN 1 AND 2147483647
                       AND l.xmin::text::bigint <> ALL (:in_flight::bigint[])))) AS is_shown
      FROM (SELECT p.id, p.business_key, p.order_id, p.kind, p.amount_cents, p.currency, p.occurred_at, p.recorded_at,
                   p.journey_key, p.source, p.generation, p.xmin
            FROM public.revenue_ledger p
            WHERE p.tenant_id = :tenant_id AND p.id > :after
            ORDER BY p.id
            LIMIT :most) l
      LEFT JOIN public.revenue_ledger r
        ON r.tenant_id = :tenant_id AND r.business_key = l.business_key AND r.generation = -1 - l.generation
       AND r.generation < 0 AND (:beyond::bigint IS NULL
            OR (((:beyond::bigint - r.xmin::text::bigint) & 4294967295) BETWEEN 1 AND 2147483647
                AND r.xmin::text::bigint <> ALL (:in_flight::bigint[])))
      ORDER BY l.id) x;

-- name: select_spend_page^
-- See `select_touches_page`.
SELECT count(*) AS scanned, count(*) FILTER (WHERE x.is_shown) AS rows, (array_agg(x.id))[count(*)] AS last_id,
       coalesce(array_agg(x.id::text) FILTER (WHERE x.is_shown), '{}') AS spend_id,
       coalesce(array_agg(x.business_key) FILTER (WHERE x.is_shown), '{}') AS idempotency_key,
       coalesce(array_agg(x.spend_date) FILTER (WHERE x.is_shown), '{}') AS day,
       coalesce(array_agg(x.channel_code) FILTER (WHERE x.is_shown), '{}') AS channel,
       coalesce(array_agg(x.amount_cents) FILTER (WHERE x.is_shown), '{}') AS amount_cents,
       coalesce(array_agg(x.currency) FILTER (WHERE x.is_shown), '{}') AS currency,
       coalesce(array_agg((extract(epoch FROM x.recorded_at) * 1000000)::bigint) FILTER (WHERE x.is_shown), '{}')
           AS recorded_at
FROM (SELECT s.id, s.business_key, s.spend_date, s.channel_code, s.amount_cents, s.currency, s.recorded_at,
             (s.spend_date >= greatest(:first_day::date, '-infinity'::date)
              AND s.spend_date < least(:end_day::date, 'infinity'::date)
              AND (:beyond::bigint IS NULL
                   OR (((:beyond::bigint - s.xmin::text::bigint) & 4294967295) BETWEEN 1 AND 2147483647
                       AND s.xmin::text::bigint <> ALL (:in_flight::bigint[])))) AS is_shown
      FROM (SELECT p.id, p.business_key, p.spend_date, p.channel_code, p.amount_cents, p.currency, p.recorded_at, p.xmin
            FROM public.spend p
            WHERE p.tenant_id = :tenant_id AND p.id > :after
            ORDER BY p.id
            LIMIT :most) s
      ORDER BY s.id) x;

-- name: select_claims_page^
-- The latest revisions of campaigns' days. See `select_touches_page`.
-- May be null: campaign_name[], cost_cents[], impressions[], clicks[], claim_type[], conversions[],
-- claimed_cents[], attribution_setting[].
SELECT count(*) AS scanned, count(*) FILTER (WHERE x.is_shown) AS rows, (array_agg(x.id))[count(*)] AS last_id,
       coalesce(array_agg(x.platform) FILTER (WHERE x.is_shown), '{}') AS platform,
       coalesce(array_agg(x.account) FILTER (WHERE x.is_shown), '{}') AS account,
       coalesce(array_agg(x.campaign) FILTER (WHERE x.is_shown), '{}') AS campaign,
       coalesce(array_agg(x.campaign_name) FILTER (WHERE x.is_shown), '{}') AS campaign_name,
       coalesce(array_agg(x.day) FILTER (WHERE x.is_shown), '{}') AS day,
       coalesce(array_agg(x.currency) FILTER (WHERE x.is_shown), '{}') AS currency,
       coalesce(array_agg(x.revision) FILTER (WHERE x.is_shown), '{}') AS revision,
       coalesce(array_agg(x.cost_cents) FILTER (WHERE x.is_shown), '{}') AS cost_cents,
       coalesce(array_agg(x.impressions) FILTER (WHERE x.is_shown), '{}') AS impressions,
       coalesce(array_agg(x.clicks) FILTER (WHERE x.is_shown), '{}') AS clicks,
       coalesce(array_agg(x.claim_type) FILTER (WHERE x.is_shown), '{}') AS claim_type,
       coalesce(array_agg(trim_scale(x.claims_millionths * 0.000001)::text) FILTER (WHERE x.is_shown), '{}')
           AS conversions,
       coalesce(array_agg(x.claimed_cents) FILTER (WHERE x.is_shown), '{}') AS claimed_cents,
       coalesce(array_agg(x.attribution_setting) FILTER (WHERE x.is_shown), '{}') AS attribution_setting,
       coalesce(array_agg(x.channel_code) FILTER (WHERE x.is_shown), '{}') AS channel,
       coalesce(array_agg(x.channel_rule) FILTER (WHERE x.is_shown), '{}') AS channel_rule,
       coalesce(array_agg((extract(epoch FROM x.recorded_at) * 1000000)::bigint) FILTER (WHERE x.is_shown), '{}')
           AS recorded_at
FROM (SELECT d.id, d.platform, d.account, d.campaign, d.campaign_name, d.day, d.currency, d.revision, d.cost_cents,
             d.impressions, d.clicks, d.claim_type, d.claims_millionths, d.claimed_cents, d.attribution_setting,
             d.channel_code, d.channel_rule, d.recorded_at,
             (n.tenant_id IS NULL AND d.day >= greatest(:first_day::date, '-infinity'::date)
              AND d.day < least(:end_day::date, 'infinity'::date)
              AND (:beyond::bigint IS NULL
                   OR (((:beyond::bigint - d.xmin::text::bigint) & 4294967295) BETWEEN 1 AND 2147483647
                       AND d.xmin::text::bigint <> ALL (:in_flight::bigint[])))) AS is_shown
      FROM (SELECT p.id, p.platform, p.account, p.campaign, p.campaign_name, p.day, p.currency, p.revision,
                   p.cost_cents, p.impressions, p.clicks, p.claim_type, p.claims_millionths, p.claimed_cents,
                   p.attribution_setting, p.channel_code, p.channel_rule, p.recorded_at, p.xmin
            FROM public.ad_days p
            WHERE p.tenant_id = :tenant_id AND p.id > :after
            ORDER BY p.id
            LIMIT :most) d
      LEFT JOIN public.ad_days n
        ON n.tenant_id = :tenant_id AND n.platform = d.platform AND n.account = d.account AND n.campaign = d.campaign
       AND n.day = d.day AND n.currency = d.currency AND n.revision = d.revision + 1
       AND (:beyond::bigint IS NULL
            OR (((:beyond::bigint - n.xmin::text::bigint) & 4294967295) BETWEEN 1 AND 2147483647
                AND n.xmin::text::bigint <> ALL (:in_flight::bigint[])))
      ORDER BY d.id) x;

-- name: select_dead_events_page^
-- See `select_touches_page`.
SELECT count(*) AS scanned, count(*) FILTER (WHERE x.is_shown) AS rows, (array_agg(x.id))[count(*)] AS last_id,
       coalesce(array_agg(x.id::text) FILTER (WHERE x.is_shown), '{}') AS dead_event_id,
       coalesce(array_agg(x.item_kind) FILTER (WHERE x.is_shown), '{}') AS item_kind,
       coalesce(array_agg(x.code) FILTER (WHERE x.is_shown), '{}') AS code,
       coalesce(array_agg(x.detail) FILTER (WHERE x.is_shown), '{}') AS detail,
       coalesce(array_agg(x.cure) FILTER (WHERE x.is_shown), '{}') AS cure,
       coalesce(array_agg(x.origin) FILTER (WHERE x.is_shown), '{}') AS origin,
       coalesce(array_agg(x.item::text) FILTER (WHERE x.is_shown), '{}') AS item,
       coalesce(array_agg((extract(epoch FROM x.recorded_at) * 1000000)::bigint) FILTER (WHERE x.is_shown), '{}')
           AS recorded_at
FROM (SELECT d.id, d.item_kind, d.code, d.detail, d.cure, d.origin, d.item, d.recorded_at,
             (d.recorded_at >= greatest(:first_moment::timestamptz, '-infinity'::timestamptz)
              AND d.recorded_at < least(:end_moment::timestamptz, 'infinity'::timestamptz)
              AND (:beyond::bigint IS NULL
                   OR (((:beyond::bigint - d.xmin::text::bigint) & 4294967295) BETWEEN 1 AND 2147483647
                       AND d.xmin::text::bigint <> ALL (:in_flight::bigint[])))) AS is_shown
      FROM (SELECT p.id, p.item_kind, p.code, p.detail, p.cure, p.origin, p.item, p.recorded_at, p.xmin
            FROM public.dead_events p
            WHERE p.tenant_id = :tenant_id AND p.id > :after
            ORDER BY p.id
            LIMIT :most) d
      ORDER BY d.id) x;

-- name: find_end_of_orders$
-- The last of the next `most` orders after one, by id; NULL after the last. Only ids of orders are read.
SELECT max(o.order_id COLLATE "C") FROM (
    SELECT DISTINCT l.order_id FROM public.revenue_ledger l
    WHERE l.tenant_id = :tenant_id AND l.order_id > :after::text ORDER BY l.order_id LIMIT :most) o;

-- name: select_orders_page^
-- The orders after one id, up to another.
SELECT count(*) AS rows,
       coalesce(array_agg(x.order_id), '{}') AS order_id, coalesce(array_agg(x.currency), '{}') AS currency,
       coalesce(array_agg(x.state), '{}') AS state, coalesce(array_agg(x.captured_cents), '{}') AS captured_cents,
       coalesce(array_agg(x.refunded_cents), '{}') AS refunded_cents,
       coalesce(array_agg(x.disputed_cents), '{}') AS disputed_cents,
       coalesce(array_agg(x.balance_cents), '{}') AS balance_cents,
       coalesce(array_agg((extract(epoch FROM x.first_entry_at) * 1000000)::bigint), '{}') AS first_entry_at,
       coalesce(array_agg((extract(epoch FROM x.last_entry_at) * 1000000)::bigint), '{}') AS last_entry_at
FROM (SELECT b.order_id, b.currency, b.state, b.captured_cents, b.refunded_cents, b.disputed_cents, b.balance_cents,
             b.first_entry_at, b.last_entry_at
      FROM public.order_balances b
      WHERE b.tenant_id = :tenant_id AND b.order_id > :after::text AND b.order_id <= :until::text
        AND b.first_entry_at >= greatest(:first_moment::timestamptz, '-infinity'::timestamptz)
        AND b.first_entry_at < least(:end_moment::timestamptz, 'infinity'::timestamptz)
      ORDER BY b.order_id, b.currency) x;

-- name: select_channel_days_page^
-- The sums of a day and later, at most those of `most` days.
SELECT count(*) AS rows, max(x.revenue_date) AS last_day,
       coalesce(array_agg(x.revenue_date), '{}') AS day, coalesce(array_agg(x.model_version), '{}') AS model_version,
       coalesce(array_agg(x.channel_code), '{}') AS channel, coalesce(array_agg(x.currency), '{}') AS currency,
       coalesce(array_agg(x.credited_cents), '{}') AS credited_cents,
       coalesce(array_agg(trim_scale(x.conversion_ppt * 0.000000000001)::text), '{}') AS conversions,
       coalesce(array_agg(x.spend_cents), '{}') AS spend_cents
FROM (SELECT r.revenue_date, r.model_version, r.channel_code, r.currency, r.credited_cents, r.conversion_ppt,
             r.spend_cents
      FROM public.rollup_channel_day r
      WHERE r.tenant_id = :tenant_id AND r.basis = 'entry'
        AND r.revenue_date > greatest(:after::date, '-infinity'::date)
        AND r.revenue_date >= greatest(:first_day::date, '-infinity'::date)
        AND r.revenue_date < least(:end_day::date, 'infinity'::date)
        AND r.revenue_date <= (SELECT max(n.day) FROM (
                SELECT DISTINCT c.revenue_date AS day FROM public.rollup_channel_day c
                WHERE c.tenant_id = :tenant_id AND c.basis = 'entry'
                  AND c.revenue_date > greatest(:after::date, '-infinity'::date)
                  AND c.revenue_date >= greatest(:first_day::date, '-infinity'::date)
                ORDER BY c.revenue_date LIMIT :most) n)
      ORDER BY r.revenue_date, r.model_version, r.channel_code, r.currency) x;
