-- name: find_webhook_endpoint^
-- Never null: tenant_id, endpoint_id, provider, is_live, account, order_prefix, journey_name, order_name, books_totals.
-- Column provider is one of stripe, shopify, woocommerce, paypal, standard.
SELECT tenant_id, endpoint_id, provider, is_live, account, order_prefix, journey_name, order_name, books_totals,
       sealing_keys, sealed
FROM public.find_webhook_endpoint(:token_digest);

-- name: may_be_kept$
-- Whether a field of this name may be stored.
SELECT public.holds_no_personal_keys(jsonb_build_object(:name::text, 1));

-- name: insert_endpoint!
INSERT INTO public.webhook_endpoints
    (tenant_id, id, provider, is_live, token_start, token_sha256, account, order_prefix, journey_name, order_name,
     books_totals)
VALUES (:tenant_id, :id, :provider, :is_live, :token_start, :token_sha256, :account, :order_prefix, :journey_name,
        :order_name, :books_totals);

-- name: select_endpoints
SELECT e.id, e.provider, e.is_live, e.token_start, e.account, e.order_prefix, e.journey_name, e.order_name,
       e.books_totals, e.created_at, e.ended_at,
       EXISTS (SELECT FROM public.webhook_secrets s
               WHERE s.tenant_id = :tenant_id AND s.endpoint_id = e.id
                 AND (s.ends_at IS NULL OR s.ends_at > (SELECT now()))) AS has_secret
FROM public.webhook_endpoints e
WHERE e.tenant_id = :tenant_id
ORDER BY e.created_at, e.id;

-- name: select_refusals
SELECT endpoint_id, outcome, refusals, first_at, last_at
FROM public.webhook_refusals
WHERE tenant_id = :tenant_id
ORDER BY endpoint_id, last_at DESC, outcome;

-- name: select_traffic
-- What came in at each endpoint since a moment.
-- Never null: last_at.
SELECT d.endpoint_id, count(*) AS deliveries, count(d.trouble) AS troubles, max(d.received_at) AS last_at
FROM public.webhook_deliveries d
WHERE d.tenant_id = :tenant_id AND d.received_at >= :since
GROUP BY d.endpoint_id;

-- name: end_endpoint$
UPDATE public.webhook_endpoints SET ended_at = coalesce(ended_at, (SELECT now()))
WHERE tenant_id = :tenant_id AND id = :endpoint_id
RETURNING ended_at;

-- name: insert_secret!
INSERT INTO public.webhook_secrets (tenant_id, id, endpoint_id, sealing_key, sealed)
VALUES (:tenant_id, :id, :endpoint_id, :sealing_key, :sealed);

-- name: end_secret!
-- An earlier end stays.
UPDATE public.webhook_secrets SET ends_at = least(ends_at, :ends_at)
WHERE tenant_id = :tenant_id AND id = :id;

-- name: select_secrets
-- Those in force of endpoints that have not ended: no other secret is opened again.
SELECT s.id, s.endpoint_id, s.sealing_key, s.sealed, s.created_at, s.ends_at
FROM public.webhook_secrets s
JOIN public.webhook_endpoints e ON e.tenant_id = :tenant_id AND e.id = s.endpoint_id
WHERE s.tenant_id = :tenant_id AND e.ended_at IS NULL AND (s.ends_at IS NULL OR s.ends_at > (SELECT now()))
ORDER BY s.created_at, s.id;

-- name: reseal_secret!
UPDATE public.webhook_secrets SET sealing_key = :sealing_key, sealed = :sealed
WHERE tenant_id = :tenant_id AND id = :id;

-- name: note_refusal!
INSERT INTO public.webhook_refusals (tenant_id, endpoint_id, outcome, refusals)
VALUES (:tenant_id, :endpoint_id, :outcome, :refusals)
ON CONFLICT (tenant_id, endpoint_id, outcome)
DO UPDATE SET refusals = webhook_refusals.refusals + excluded.refusals, last_at = excluded.last_at;

-- name: select_known
-- What is known before deliveries are recorded, as rows of three sorts: the digests that are recorded already; the names
-- that belong to payments, with the payment's order and how many reports it has; and the tenant's rules, if it has any.
-- Never null: reports, is_erased. Column precedence is one of gateway, shop.
-- Column basis is one of gross, without_tax, without_tax_and_shipping, without_fee.
-- Column sdk_basis is one of total, revenue.
SELECT d.digest, NULL::text AS ref, NULL::uuid AS payment_id, NULL::text AS order_id, 0 AS reports, false AS is_erased,
       NULL::text AS precedence, NULL::text AS basis, NULL::text AS sdk_basis
FROM public.webhook_deliveries d
WHERE d.tenant_id = :tenant_id AND d.digest = ANY(:digests::bytea[])
UNION ALL
SELECT NULL, r.ref, r.payment_id, p.order_id, coalesce(p.reports, 0), coalesce(p.journey = 'erased', false), NULL, NULL,
       NULL
FROM public.payment_refs r
LEFT JOIN public.payments p ON p.tenant_id = :tenant_id AND p.id = r.payment_id
WHERE r.tenant_id = :tenant_id AND r.ref = ANY(:refs::text[])
UNION ALL
SELECT NULL, NULL, NULL, NULL, 0, false, w.precedence, w.basis, w.sdk_basis
FROM public.webhook_settings w
WHERE w.tenant_id = :tenant_id;

-- name: store_deliveries!
-- The deliveries, and the payments as these leave them, are one text each, a JSON array of objects; `refs` are new names of
-- payments. That a payment was erased stays.
WITH named AS (
    INSERT INTO public.payment_refs (tenant_id, ref, payment_id)
    SELECT :tenant_id, r.ref, r.payment_id
    FROM unnest(:refs::text[], :payment_ids::uuid[]) AS r (ref, payment_id)
    RETURNING 1
), booked AS (
    INSERT INTO public.payments
        (tenant_id, id, order_id, state, flags, is_renewal, journey, providers, reports, waiting, evidence, parts)
    SELECT :tenant_id, p.id, p.order_id, p.state, p.flags, p.is_renewal, p.journey, p.providers, p.reports, p.waiting,
           p.evidence, p.parts
    FROM pg_catalog.json_to_recordset(:payments::json)
         AS p (id uuid, order_id text, state text, flags text[], is_renewal boolean, journey text, providers text[],
               reports integer, waiting jsonb, evidence jsonb, parts jsonb)
    ON CONFLICT (tenant_id, id) DO UPDATE
    SET order_id = excluded.order_id, state = excluded.state, flags = excluded.flags, is_renewal = excluded.is_renewal,
        journey = CASE WHEN payments.journey = 'erased' THEN 'erased' ELSE excluded.journey END,
        providers = excluded.providers, reports = excluded.reports, waiting = excluded.waiting,
        evidence = excluded.evidence, parts = excluded.parts, changed_at = excluded.changed_at
    RETURNING 1
)
INSERT INTO public.webhook_deliveries
    (tenant_id, id, digest, endpoint_id, provider, event_id, type, reported_at, headers, kept, report, payment_id,
     trouble, detail, is_ignored)
SELECT :tenant_id, d.id, decode(d.digest, 'hex'), d.endpoint_id, d.provider, d.event_id, d.type, d.reported_at,
       d.headers, d.kept, d.report, d.payment_id, d.trouble, d.detail, d.is_ignored
FROM pg_catalog.json_to_recordset(:deliveries::json)
     AS d (id uuid, digest text, endpoint_id uuid, provider text, event_id text, type text, reported_at timestamptz,
           headers jsonb, kept jsonb, report jsonb, payment_id uuid, trouble text, detail text, is_ignored boolean)
RETURNING 1;

-- name: merge_refs!
UPDATE public.payment_refs r SET payment_id = m.survivor
FROM unnest(:merged::uuid[], :survivors::uuid[]) AS m (merged, survivor)
WHERE r.tenant_id = :tenant_id AND r.payment_id = m.merged;

-- name: merge_deliveries!
UPDATE public.webhook_deliveries d SET payment_id = m.survivor
FROM unnest(:merged::uuid[], :survivors::uuid[]) AS m (merged, survivor)
WHERE d.tenant_id = :tenant_id AND d.payment_id = m.merged;

-- name: delete_payments!
DELETE FROM public.payments WHERE tenant_id = :tenant_id AND id = ANY(:payment_ids::uuid[]);

-- name: select_reports
-- Never null: report.
SELECT d.id, d.payment_id, d.report::text AS report
FROM public.webhook_deliveries d
WHERE d.tenant_id = :tenant_id AND d.payment_id = ANY(:payment_ids::uuid[]) AND d.report IS NOT NULL;

-- name: select_order_ids
SELECT id, order_id, coalesce(journey = 'erased', false) AS is_erased
FROM public.payments WHERE tenant_id = :tenant_id AND id = ANY(:payment_ids::uuid[]);

-- name: set_precedence!
INSERT INTO public.webhook_settings (tenant_id, precedence) VALUES (:tenant_id, :precedence)
ON CONFLICT (tenant_id) DO UPDATE SET precedence = excluded.precedence;

-- name: set_basis!
INSERT INTO public.webhook_settings (tenant_id, basis) VALUES (:tenant_id, :basis)
ON CONFLICT (tenant_id) DO UPDATE SET basis = excluded.basis;

-- name: set_sdk_basis!
INSERT INTO public.webhook_settings (tenant_id, sdk_basis) VALUES (:tenant_id, :sdk_basis)
ON CONFLICT (tenant_id) DO UPDATE SET sdk_basis = excluded.sdk_basis;

-- name: select_rules^
SELECT precedence, basis, sdk_basis FROM public.webhook_settings WHERE tenant_id = :tenant_id;

-- name: select_changed_renewals
-- Orders that are renewals by one of their payments and are not known as such, or the other way round. Some payments are
-- not stored yet as they are now: the orders of those that are renewals are in `renewals`.
-- Never null: every column.
SELECT o.order_id, o.is_renewal
FROM (SELECT x.order_id,
             x.order_id = ANY(:renewals::text[])
             OR EXISTS (SELECT FROM public.payments p
                        WHERE p.tenant_id = :tenant_id AND p.order_id = x.order_id AND p.is_renewal
                          AND p.id <> ALL(:payment_ids::uuid[])) AS is_renewal,
             EXISTS (SELECT FROM public.renewal_orders n
                     WHERE n.tenant_id = :tenant_id AND n.order_id = x.order_id) AS is_known
      FROM unnest(:order_ids::text[]) AS x (order_id)) o
WHERE o.is_renewal <> o.is_known;

-- name: select_payments_to_rebook
-- Payments in the order of their ids; if requested, only those that a shop and another provider report, or only those
-- that one of some providers reports.
SELECT p.id
FROM public.payments p
WHERE p.tenant_id = :tenant_id AND p.id > :after
  AND (NOT :is_of_both::boolean OR p.providers && :shops::text[] AND NOT p.providers <@ :shops::text[])
  AND (:providers::text[] IS NULL OR p.providers && :providers::text[])
ORDER BY p.id
LIMIT :most;

-- name: select_deliveries
-- The latest deliveries since a moment; if requested, only those with trouble.
-- Never null: kept.
SELECT d.id, d.received_at, d.provider, d.event_id, d.type, d.trouble, d.detail, d.is_ignored, d.payment_id, p.order_id,
       d.kept::text AS kept
FROM public.webhook_deliveries d
LEFT JOIN public.payments p ON p.tenant_id = :tenant_id AND p.id = d.payment_id
WHERE d.tenant_id = :tenant_id AND d.received_at >= :since AND (NOT :is_dead::boolean OR d.trouble IS NOT NULL)
ORDER BY d.received_at DESC, d.id DESC
LIMIT :most;

-- name: select_payments
-- The payments that changed last; if requested, only those in a state, or with flags.
-- Never null: waiting, evidence.
SELECT p.id, p.order_id, p.state, p.flags, p.is_renewal, p.journey, p.providers, p.changed_at,
       p.waiting::text AS waiting, p.evidence::text AS evidence
FROM public.payments p
WHERE p.tenant_id = :tenant_id AND (:state::text IS NULL OR p.state = :state)
  AND (NOT :is_flagged::boolean OR p.flags <> '{}')
ORDER BY p.changed_at DESC, p.id DESC
LIMIT :most;

-- name: count_dead_deliveries
-- The deliveries since a moment that were not understood, by provider and trouble, the latest first.
-- Never null: every column.
SELECT d.provider, d.trouble, count(*) AS deliveries, max(d.received_at) AS last_at
FROM public.webhook_deliveries d
WHERE d.tenant_id = :tenant_id AND d.received_at >= :since AND d.trouble IS NOT NULL
GROUP BY d.provider, d.trouble
ORDER BY max(d.received_at) DESC, d.provider, d.trouble;

-- name: count_flags
-- How many payments have each flag. A payment with several counts for each.
-- Never null: every column.
SELECT f.flag, count(*) AS payments
FROM public.payments p
CROSS JOIN LATERAL unnest(p.flags) AS f (flag)
WHERE p.tenant_id = :tenant_id AND p.flags <> '{}'
GROUP BY f.flag
ORDER BY count(*) DESC, f.flag;

-- name: erase_traces$
-- The counts of the receipt, a JSON object. This writes as the owner: nothing else may be written in the transaction that
-- a Citus node holds.
-- Never null: erase_traces. May be null: request, journey_key.
SELECT public.erase_traces(:erasure, :request, :target_kind, :target_digest, :reason, :requested_by,
                           :order_ids::text[], :payment_ids::uuid[], :journey_key)::text AS erase_traces;

-- name: select_erasures
-- Never null: counts.
SELECT id, request_id, target_kind, target_digest, reason, requested_by, erased_at, counts::text AS counts, digest
FROM public.erasures
WHERE tenant_id = :tenant_id AND (:id::uuid IS NULL OR id = :id::uuid)
ORDER BY erased_at DESC, id
LIMIT :most;

-- name: insert_privacy_requests!
INSERT INTO public.privacy_requests (tenant_id, id, endpoint_id, kind, order_refs, due_at)
SELECT :tenant_id, r.id, r.endpoint_id, r.kind, r.order_refs, :due_at
FROM pg_catalog.json_to_recordset(:requests::json) AS r (id uuid, endpoint_id uuid, kind text, order_refs text[])
ON CONFLICT (tenant_id, id) DO NOTHING;

-- name: select_privacy_requests
-- Never null: orders.
SELECT id, kind, cardinality(order_refs) AS orders, received_at, due_at, answered_at
FROM public.privacy_requests
WHERE tenant_id = :tenant_id
ORDER BY answered_at IS NOT NULL, due_at, id
LIMIT :most;

-- name: select_privacy_request^
SELECT r.endpoint_id, r.kind, r.order_refs, r.answered_at
FROM public.privacy_requests r
WHERE r.tenant_id = :tenant_id AND r.id = :id;

-- name: answer_privacy_request!
UPDATE public.privacy_requests SET answered_at = (SELECT now())
WHERE tenant_id = :tenant_id AND id = :id AND answered_at IS NULL;

-- name: select_endpoints_of_shop
-- The endpoint, and those of the same shop; without an account, a shop is an endpoint.
SELECT s.id, s.order_prefix
FROM public.webhook_endpoints e
JOIN public.webhook_endpoints s
  ON s.tenant_id = :tenant_id AND s.provider = e.provider
 AND (s.id = e.id OR (e.account <> '' AND s.account = e.account))
WHERE e.tenant_id = :tenant_id AND e.id = :endpoint_id;

-- name: select_payments_of_orders
-- Payments by their order or one of their names.
SELECT p.id FROM public.payments p
WHERE p.tenant_id = :tenant_id
  AND (p.order_id = ANY(:order_ids::text[])
       OR p.id IN (SELECT r.payment_id FROM public.payment_refs r
                   WHERE r.tenant_id = :tenant_id AND r.ref = ANY(:refs::text[])));

-- name: select_orders_of_refs
-- The orders of payments, by names that providers report them under.
-- Never null: every column.
SELECT r.ref, p.order_id
FROM public.payment_refs r
JOIN public.payments p ON p.tenant_id = :tenant_id AND p.id = r.payment_id
WHERE r.tenant_id = :tenant_id AND r.ref = ANY(:refs::text[]) AND p.order_id IS NOT NULL;

-- name: select_payments_to_erase
-- Payments with a delivery to one of the endpoints, whose traces are not erased.
SELECT p.id FROM public.payments p
WHERE p.tenant_id = :tenant_id AND p.journey IS DISTINCT FROM 'erased'
  AND p.id IN (SELECT d.payment_id FROM public.webhook_deliveries d
               WHERE d.tenant_id = :tenant_id AND d.endpoint_id = ANY(:endpoint_ids::uuid[]))
ORDER BY p.id
LIMIT :most;

-- name: select_held_payments^
SELECT coalesce((SELECT json_agg(to_jsonb(p) - 'tenant_id' ORDER BY p.id) FROM public.payments p
                 WHERE p.tenant_id = :tenant_id AND p.id = ANY(:payment_ids::uuid[])), '[]')::text AS payments,
       coalesce((SELECT json_agg(to_jsonb(d) - 'tenant_id' ORDER BY d.received_at, d.id)
                 FROM public.webhook_deliveries d
                 WHERE d.tenant_id = :tenant_id AND d.payment_id = ANY(:payment_ids::uuid[])), '[]')::text
       AS deliveries;

-- name: select_held_facts^
-- The entries of orders, and the touches of their journeys.
SELECT coalesce((SELECT json_agg(to_jsonb(l) - 'tenant_id' ORDER BY l.order_id, l.occurred_at, l.id)
                 FROM public.revenue_ledger l
                 WHERE l.tenant_id = :tenant_id AND l.order_id = ANY(:order_ids::text[])), '[]')::text AS entries,
       coalesce((SELECT json_agg(to_jsonb(e) - 'tenant_id' ORDER BY e.occurred_at, e.id)
                 FROM public.attribution_events e
                 WHERE e.tenant_id = :tenant_id
                   AND e.journey_key IN (SELECT l.journey_key FROM public.revenue_ledger l
                                         WHERE l.tenant_id = :tenant_id AND l.order_id = ANY(:order_ids::text[])
                                           AND l.journey_key IS NOT NULL)), '[]')::text AS touches;

-- name: select_deliveries_since
-- The deliveries that came at or after a moment, by (received_at, id), after the last one of the page before.
SELECT d.id, d.received_at, d.provider, d.type, d.trouble, d.detail, d.is_ignored, d.payment_id, p.order_id
FROM public.webhook_deliveries d
LEFT JOIN public.payments p ON p.tenant_id = :tenant_id AND p.id = d.payment_id
WHERE d.tenant_id = :tenant_id AND (d.received_at, d.id) > (:after_at::timestamptz, :after_id::uuid)
  AND (:provider::text IS NULL OR d.provider = :provider)
ORDER BY d.received_at, d.id
LIMIT :most;

-- name: select_delivery^
SELECT d.id, d.received_at, d.provider, d.type, d.trouble, d.detail, d.is_ignored, d.payment_id, p.order_id
FROM public.webhook_deliveries d
LEFT JOIN public.payments p ON p.tenant_id = :tenant_id AND p.id = d.payment_id
WHERE d.tenant_id = :tenant_id AND d.digest = :digest;

-- name: select_moment$
SELECT now();

-- name: select_refs_without_capture
-- Names of payments of which no capture is known.
SELECT r.ref
FROM public.payment_refs r
JOIN public.payments p ON p.tenant_id = :tenant_id AND p.id = r.payment_id
WHERE r.tenant_id = :tenant_id AND r.ref = ANY(:refs::text[])
  AND p.state IN ('pending', 'authorized', 'voided', 'awaiting_capture');

-- name: select_coverage
-- Orders with money from webhooks by the local day and the provider of their first capture, and by currency: how many
-- touches their stored journeys have, and how the journeys came. Without a stored journey, `touches` is -1. The moments
-- are bounds for the index, wider than the days in any zone. A row is a group of orders that are alike.
-- Never null: every column.
SELECT o.day, o.provider, m.currency, least(coalesce(octet_length(j.path) / :touch_bytes, -1), 2) AS touches,
       m.has_token, m.is_derived, m.has_first, m.has_renewal, count(*) AS orders, sum(m.cents) AS cents,
       sum(m.first_cents) AS first_cents, sum(m.renewal_cents) AS renewal_cents
FROM (SELECT DISTINCT ON (l.order_id) l.order_id, d.day, split_part(l.business_key, ':', 1) AS provider
      FROM public.standing_entries l
      LEFT JOIN (SELECT x.changes, x.offsets_s FROM public.time_zones x
                 WHERE x.tenant_id = :tenant_id ORDER BY x.turn DESC LIMIT 1) z ON true
      CROSS JOIN LATERAL (
          SELECT ((l.occurred_at AT TIME ZONE 'UTC')
                  + make_interval(secs => coalesce(z.offsets_s[1 + width_bucket(l.occurred_at, z.changes)], 0)))::date
                 AS day
      ) d
      WHERE l.tenant_id = :tenant_id AND l.kind = 'capture' AND l.source = :source
        AND l.occurred_at >= :first_moment AND l.occurred_at < :end_moment
      ORDER BY l.order_id, l.occurred_at, l.business_key) o
JOIN LATERAL (
    SELECT e.currency, sum(e.amount_cents) AS cents,
           coalesce(sum(e.amount_cents) FILTER (WHERE NOT p.is_renewal), 0) AS first_cents,
           coalesce(sum(e.amount_cents) FILTER (WHERE p.is_renewal), 0) AS renewal_cents,
           coalesce(bool_or(NOT p.is_renewal), false) AS has_first,
           coalesce(bool_or(p.is_renewal), false) AS has_renewal,
           coalesce(bool_or(p.journey <> 'derived'), false) AS has_token,
           coalesce(bool_or(p.journey = 'derived'), false) AS is_derived
    FROM public.standing_entries e
    LEFT JOIN public.webhook_deliveries w ON w.tenant_id = :tenant_id AND w.id = e.delivery
    LEFT JOIN public.payments p ON p.tenant_id = :tenant_id AND p.id = w.payment_id
    WHERE e.tenant_id = :tenant_id AND e.order_id = o.order_id AND e.kind = 'capture' AND e.source = :source
    GROUP BY e.currency
) m ON true
LEFT JOIN public.order_journeys j ON j.tenant_id = :tenant_id AND j.order_id = o.order_id
WHERE o.day >= :first_day AND o.day < :end_day
  AND NOT EXISTS (SELECT FROM public.standing_entries b
                  WHERE b.tenant_id = :tenant_id AND b.order_id = o.order_id AND b.kind = 'capture'
                    AND b.source = :source AND b.occurred_at < :first_moment)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ORDER BY 1, 2, 3;

-- name: select_payments_page
-- Ids are ordered by time, so the newest rows are at one end of the primary key.
-- Never null: waiting, evidence, parts.
SELECT id, order_id, state, flags, is_renewal, journey, providers, reports, waiting::text AS waiting,
       evidence::text AS evidence, parts::text AS parts, changed_at
FROM public.payments
WHERE tenant_id = :tenant_id
  AND id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  AND (:state::text IS NULL OR state = :state::text)
  AND (:flag::text IS NULL OR :flag::text = ANY (flags))
  AND (:order_id::text IS NULL OR order_id = :order_id::text)
ORDER BY id DESC
LIMIT :most;

-- name: select_heard_endpoints
-- Where deliveries came in since a moment.
SELECT DISTINCT d.endpoint_id FROM public.webhook_deliveries d
WHERE d.tenant_id = :tenant_id AND d.received_at > :since;

-- name: select_rhythms
-- Of some endpoints: on how many days deliveries came in since a moment, the longest time between two, and the last one.
-- Never null: every column.
SELECT g.endpoint_id, count(DISTINCT (g.received_at AT TIME ZONE 'UTC')::date) AS days,
       coalesce(max(extract(epoch FROM g.received_at - g.received_before)), 0)::float8 AS longest_gap_s,
       max(g.received_at) AS last_at
FROM (SELECT d.endpoint_id, d.received_at,
             lag(d.received_at) OVER (PARTITION BY d.endpoint_id ORDER BY d.received_at) AS received_before
      FROM public.webhook_deliveries d
      WHERE d.tenant_id = :tenant_id AND d.endpoint_id = ANY(:endpoints::uuid[]) AND d.received_at > :since) g
GROUP BY g.endpoint_id;
