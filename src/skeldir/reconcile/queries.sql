-- name: insert_reconciliation$
-- Nothing while one of the tenant waits.
INSERT INTO public.reconciliations (tenant_id, id, state, first_day, last_day, platform, model_version, requested_by)
VALUES (:tenant_id, :id, 'waiting', :first_day, :last_day, :platform, :model_version, :requested_by)
ON CONFLICT (tenant_id) WHERE state = 'waiting' DO NOTHING
RETURNING id;

-- name: find_waiting$
SELECT id FROM public.reconciliations WHERE tenant_id = :tenant_id AND state = 'waiting';

-- name: end_reconciliation$
-- Nothing if another process has ended it.
UPDATE public.reconciliations
SET state = 'done', time_zone = :time_zone, orders = :orders, left_out_orders = :left_out_orders,
    unplaced = :unplaced::jsonb, error = NULL, ended_at = (SELECT now())
WHERE tenant_id = :tenant_id AND id = :id AND state = 'waiting'
RETURNING id;

-- name: note_fault!
UPDATE public.reconciliations
SET state = CASE WHEN :is_final::boolean THEN 'failed' ELSE state END, error = :error,
    ended_at = CASE WHEN :is_final::boolean THEN (SELECT now()) END
WHERE tenant_id = :tenant_id AND id = :id AND state = 'waiting';

-- name: insert_lines!
-- May be null: names[], claim_types[], settings[], claimed[], ghosts[], missed[], differences[].
INSERT INTO public.reconciliation_lines
    (tenant_id, reconciliation_id, platform, account, campaign, campaign_name, day, currency, claim_type,
     attribution_setting, claimed_cents, verified_cents, reversed_cents, ghost_cents, missed_cents, difference_bp,
     timing_cents, reason)
SELECT :tenant_id, :id, n.platform, n.account, n.campaign, n.campaign_name, n.day, n.currency, n.claim_type,
       n.setting, n.claimed, n.verified, n.reversed, n.ghost, n.missed, n.difference, n.timing, n.reason
FROM unnest(:platforms::text[], :accounts::text[], :campaigns::text[], :names::text[], :days::date[],
            :currencies::text[], :claim_types::text[], :settings::text[], :claimed::bigint[], :verified::bigint[],
            :reversed::bigint[], :ghosts::bigint[], :missed::bigint[], :differences::numeric[], :timings::bigint[],
            :reasons::text[])
     AS n (platform, account, campaign, campaign_name, day, currency, claim_type, setting, claimed, verified, reversed,
           ghost, missed, difference, timing, reason)
RETURNING 1;

-- name: insert_overlaps!
INSERT INTO public.reconciliation_overlaps
    (tenant_id, reconciliation_id, platform, other_platform, currency, orders, captured_cents)
SELECT :tenant_id, :id, n.platform, n.other_platform, n.currency, n.orders, n.captured
FROM unnest(:platforms::text[], :others::text[], :currencies::text[], :orders::bigint[], :captured::bigint[])
     AS n (platform, other_platform, currency, orders, captured)
RETURNING 1;

-- name: insert_runs!
-- All of a comparison are of one moment; ids go up, so the last one is what the view shows of a platform.
INSERT INTO public.reconciliation_runs
    (tenant_id, id, platform, currency, state, claimed_cents, verified_cents, ghost_cents, ran_at, reconciliation_id)
SELECT :tenant_id, n.id, n.platform, n.currency, n.state, n.claimed, n.verified, n.ghost, (SELECT now()),
       :reconciliation_id
FROM unnest(:ids::uuid[], :platforms::text[], :currencies::text[], :states::text[], :claimed::bigint[],
            :verified::bigint[], :ghosts::bigint[])
     AS n (id, platform, currency, state, claimed, verified, ghost)
RETURNING 1;

-- name: select_reconciliations
SELECT id, state, first_day, last_day, platform, model_version, time_zone, orders, left_out_orders, unplaced, error,
       requested_by, requested_at, ended_at
FROM public.reconciliations
WHERE tenant_id = :tenant_id
  AND (requested_at, id) < (coalesce(:before_at::timestamptz, 'infinity'),
                            coalesce(:before_id::uuid, '00000000-0000-0000-0000-000000000000'))
ORDER BY requested_at DESC, id DESC
LIMIT :most;

-- name: find_reconciliation^
SELECT id, state, first_day, last_day, platform, model_version, time_zone, orders, left_out_orders, unplaced, error,
       requested_by, requested_at, ended_at
FROM public.reconciliations
WHERE tenant_id = :tenant_id AND id = :id;

-- name: sum_stored_lines
SELECT platform, currency,
       count(claimed_cents) AS lines,
       coalesce(sum(claimed_cents), 0) AS claimed_cents,
       coalesce(sum(verified_cents) FILTER (WHERE claimed_cents IS NOT NULL), 0) AS verified_cents,
       coalesce(sum(reversed_cents) FILTER (WHERE claimed_cents IS NOT NULL), 0) AS reversed_cents,
       coalesce(sum(ghost_cents), 0) AS ghost_cents,
       coalesce(sum(missed_cents), 0) AS missed_cents,
       coalesce(sum(timing_cents) FILTER (WHERE claimed_cents IS NOT NULL), 0) AS timing_cents,
       count(*) FILTER (WHERE claimed_cents IS NULL) AS unknown_lines,
       coalesce(sum(verified_cents) FILTER (WHERE claimed_cents IS NULL), 0) AS unknown_verified_cents,
       coalesce(array_agg(DISTINCT attribution_setting) FILTER (WHERE attribution_setting IS NOT NULL), '{}') AS settings
FROM public.reconciliation_lines
WHERE tenant_id = :tenant_id AND reconciliation_id = :id
GROUP BY platform, currency
ORDER BY platform, currency;

-- name: select_overlaps
SELECT platform, other_platform, currency, orders, captured_cents
FROM public.reconciliation_overlaps
WHERE tenant_id = :tenant_id AND reconciliation_id = :id
ORDER BY platform, other_platform, currency;

-- name: select_lines
-- A page of the lines after a key; the first page begins after an empty platform.
SELECT platform, account, campaign, campaign_name, day, currency, claim_type, attribution_setting, claimed_cents,
       verified_cents, reversed_cents, ghost_cents, missed_cents, difference_bp, timing_cents, reason
FROM public.reconciliation_lines
WHERE tenant_id = :tenant_id AND reconciliation_id = :id
  AND (platform, account, campaign, day, currency)
      > (:after_platform::text, :after_account::text, :after_campaign::text, :after_day::date, :after_currency::text)
ORDER BY platform, account, campaign, day, currency
LIMIT :most;
