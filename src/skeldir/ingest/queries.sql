-- name: insert_touches^
-- Each column is one text, its values joined by the unit separator, chr(31); an empty value is NULL. Side by side
-- in a SELECT the columns are read row by row; in a FROM each would first be stored as a table of its own.
-- Returned are the new touches whose journey has bought: only they can reach an order. Only the index of journeys
-- gives their order, so `plan_for_each_list` leaves the planner no other; this statement ends that setting (see there).
-- The keys of all new touches are returned as one text, where they are wanted. Deliveries and generations are as for
-- ledger entries (`revenue.insert_entries`). A touch that somebody corrected has that channel, and its rule names the
-- correction and, behind a colon, the channel that was sent with it. Whether there is any is asked once.
WITH arrived AS (
INSERT INTO public.attribution_events
    (tenant_id, id, idempotency_key, occurred_at, journey_key, session_id, channel_code, channel_rule,
     source, medium, campaign, referrer_host, landing_path, click_id_kinds, delivery, generation)
SELECT :tenant_id, t.id, t.idempotency_key, timestamptz 'epoch' + t.microseconds * interval '1 microsecond',
       decode(t.journey_key, 'hex'), t.session_id,
       CASE WHEN (SELECT EXISTS (SELECT FROM public.touch_corrections x WHERE x.tenant_id = :tenant_id))
            THEN coalesce((SELECT c.channel_code FROM public.touch_corrections c
                           WHERE c.tenant_id = :tenant_id AND c.touch_key = t.idempotency_key
                           ORDER BY c.number DESC LIMIT 1), t.channel_code)
            ELSE t.channel_code END,
       CASE WHEN (SELECT EXISTS (SELECT FROM public.touch_corrections x WHERE x.tenant_id = :tenant_id))
            THEN coalesce((SELECT CASE WHEN c.channel_code IS NOT NULL
                                       THEN concat('correction@', c.id,
                                                   CASE WHEN t.channel_rule = 'explicit' THEN ':' || t.channel_code END) END
                           FROM public.touch_corrections c
                           WHERE c.tenant_id = :tenant_id AND c.touch_key = t.idempotency_key
                           ORDER BY c.number DESC LIMIT 1), t.channel_rule)
            ELSE t.channel_rule END,
       t.source, t.medium, t.campaign,
       t.referrer_host, t.landing_path, string_to_array(t.click_id_kinds, ' '), coalesce(t.delivery, :delivery::uuid),
       CASE WHEN (SELECT EXISTS (SELECT FROM public.touch_withdrawals x WHERE x.tenant_id = :tenant_id))
            THEN coalesce((SELECT w.generation + 1 FROM public.touch_withdrawals w
                           WHERE w.tenant_id = :tenant_id AND w.idempotency_key = t.idempotency_key
                           ORDER BY w.generation DESC LIMIT 1), 0)
            ELSE 0 END
FROM (SELECT unnest(string_to_array(:ids, chr(31))::uuid[]) AS id,
             unnest(string_to_array(:keys, chr(31))) AS idempotency_key,
             unnest(string_to_array(:microseconds, chr(31))::bigint[]) AS microseconds,
             unnest(string_to_array(:journey_keys, chr(31))) AS journey_key,
             unnest(string_to_array(:session_ids, chr(31), '')) AS session_id,
             unnest(string_to_array(:channel_codes, chr(31))) AS channel_code,
             unnest(string_to_array(:channel_rules, chr(31))) AS channel_rule,
             unnest(string_to_array(:sources, chr(31), '')) AS source,
             unnest(string_to_array(:mediums, chr(31), '')) AS medium,
             unnest(string_to_array(:campaigns, chr(31), '')) AS campaign,
             unnest(string_to_array(:referrer_hosts, chr(31), '')) AS referrer_host,
             unnest(string_to_array(:landing_paths, chr(31), '')) AS landing_path,
             unnest(string_to_array(:click_id_kinds, chr(31), '')) AS click_id_kinds,
             unnest(string_to_array(:deliveries, chr(31))::uuid[]) AS delivery) t
WHERE (SELECT set_config('plan_cache_mode', 'auto', true)) IS NOT NULL
ON CONFLICT (tenant_id, idempotency_key, generation) DO NOTHING
RETURNING journey_key, occurred_at, idempotency_key
)
SELECT count(*) AS arrived,
       CASE WHEN :tells_keys::boolean THEN string_agg(a.idempotency_key, chr(31)) END AS arrived_keys,
       coalesce(array_agg(a.journey_key) FILTER (WHERE b.has_bought), '{}') AS journey_keys,
       coalesce(array_agg(a.occurred_at) FILTER (WHERE b.has_bought), '{}') AS moments
FROM arrived a
LEFT JOIN LATERAL (SELECT true AS has_bought FROM public.revenue_ledger l
                   WHERE l.tenant_id = :tenant_id AND l.kind = 'capture'
                     AND l.journey_key >= a.journey_key AND l.journey_key <= a.journey_key
                   ORDER BY l.journey_key LIMIT 1) b ON true;

-- name: insert_dead_events!
-- The dead events are one text, a JSON array of objects.
INSERT INTO public.dead_events (tenant_id, id, origin, item_kind, code, detail, cure, item)
SELECT :tenant_id, d.id, :origin || ':' || d.place, :item_kind, d.code, d.detail, d.cure, d.item
FROM pg_catalog.json_to_recordset(:dead_events::json)
     AS d (id uuid, place bigint, code text, detail text, cure text, item jsonb)
ON CONFLICT (tenant_id, item_kind, origin) DO NOTHING;

-- name: insert_channels!
INSERT INTO public.channels (tenant_id, code, label)
SELECT :tenant_id, c.code, c.label FROM unnest(:codes::text[], :labels::text[]) AS c (code, label)
ON CONFLICT (tenant_id, code) DO NOTHING;

-- name: select_channels
SELECT code, label FROM public.channels WHERE tenant_id = :tenant_id ORDER BY code;

-- name: insert_hosts
INSERT INTO public.tenant_hosts (tenant_id, host, kind)
SELECT :tenant_id, h.host, :kind FROM unnest(:hosts::text[]) AS h (host)
ON CONFLICT (tenant_id, host) DO NOTHING
RETURNING host;

-- name: delete_host^
DELETE FROM public.tenant_hosts WHERE tenant_id = :tenant_id AND host = :host RETURNING host;

-- name: select_hosts
SELECT host, kind FROM public.tenant_hosts WHERE tenant_id = :tenant_id ORDER BY host;

-- name: select_visits
-- Touches in order of journey and time, after the one given, and whether each stands. The keys of journeys are hashes, so
-- the first of them are those of any visitors. Touches of one moment are sorted by id.
-- Never null: journey_key.
SELECT e.id, e.journey_key, e.occurred_at,
       CASE WHEN e.channel_rule = 'referrer.other' THEN e.referrer_host END AS other_host,
       NOT EXISTS (SELECT FROM public.touch_withdrawals w
                   WHERE w.tenant_id = :tenant_id AND w.idempotency_key = e.idempotency_key
                     AND w.generation = e.generation) AS is_standing
FROM public.attribution_events e
WHERE e.tenant_id = :tenant_id
  AND (e.journey_key, e.occurred_at, e.id) > (:after_key::bytea, :after_moment::timestamptz, :after_id::uuid)
ORDER BY e.journey_key, e.occurred_at, e.id LIMIT :most;

-- name: find_end_of_touches$
-- The id up to which about `most` touches follow an id, at most `until`. Statements over all touches read them in such
-- pieces, so that none takes longer than a statement may.
-- Never null: end.
SELECT least((SELECT e.id FROM public.attribution_events e
              WHERE e.tenant_id = :tenant_id AND e.id > :after::uuid AND e.id <= :until::uuid
              ORDER BY e.id OFFSET :most::bigint LIMIT 1), :until::uuid) AS "end";

-- name: find_beginning_of_touches$
-- The id after which the latest `most` touches begin; the nil id if there are no more than these.
SELECT coalesce((SELECT e.id FROM public.attribution_events e
                 WHERE e.tenant_id = :tenant_id ORDER BY e.id DESC OFFSET :most::bigint LIMIT 1),
                '00000000-0000-0000-0000-000000000000') AS beginning;

-- name: select_unknown_click_ids
-- Of the touches of a piece.
-- Never null: kind, last_at.
SELECT k.kind, count(*) AS touches, max(e.occurred_at) AS last_at
FROM public.standing_touches e CROSS JOIN LATERAL unnest(e.click_id_kinds) AS k (kind)
WHERE e.tenant_id = :tenant_id AND e.id > :after AND e.id <= :until AND k.kind <> ALL(:known::text[])
GROUP BY k.kind;

-- name: select_unknown_sources
-- The tags of touches that no rule knows, of those after an id, the most frequent first. Rules don't distinguish case.
-- Never null: last_at.
SELECT lower(e.source) AS source, lower(e.medium) AS medium, count(*) AS touches, max(e.occurred_at) AS last_at
FROM public.standing_touches e
WHERE e.tenant_id = :tenant_id AND e.id > :after AND e.channel_code = 'unknown'
GROUP BY lower(e.source), lower(e.medium)
ORDER BY count(*) DESC, max(e.occurred_at) DESC
LIMIT :most;

-- name: select_dead_events
-- Of all deliveries, or of those from some sources (see count_dead_events).
SELECT recorded_at, item_kind, origin, code, detail, cure, item
FROM public.dead_events
WHERE tenant_id = :tenant_id
  AND (:sources::text[] IS NULL
       OR split_part(origin, ':', 1) || ':' || split_part(origin, ':', 2) = ANY(:sources::text[]))
  AND (:code::text IS NULL OR code = :code::text)
ORDER BY recorded_at DESC, id DESC
LIMIT :most;

-- name: count_dead_events
-- By code and by source, which is a file, with the beginning of its fingerprint, or the API.
-- Never null: every column.
SELECT CASE WHEN origin LIKE 'file:%' THEN 'file:' || split_part(origin, ':', 2) ELSE split_part(origin, ':', 1) END
       AS source,
       item_kind, code, count(*) AS items, max(recorded_at) AS last_at
FROM public.dead_events
WHERE tenant_id = :tenant_id
GROUP BY 1, 2, 3
ORDER BY last_at DESC, source, code
LIMIT :most;

-- name: select_refused_rows
-- The numbers of a file's rows from which an item was rejected.
-- Never null: every column.
SELECT DISTINCT substring(d.origin FROM '[0-9]+$')::bigint AS number
FROM public.dead_events d
WHERE d.tenant_id = :tenant_id AND starts_with(d.origin, :origin || ':');

-- name: select_dead_events_page
-- Ids are ordered by time, so the newest rows are at one end of the primary key.
-- Never null: item.
SELECT id, recorded_at, item_kind, origin, code, detail, cure, item::text AS item
FROM public.dead_events
WHERE tenant_id = :tenant_id
  AND id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  AND (:item_kind::text IS NULL OR item_kind = :item_kind::text)
  AND (:code::text IS NULL OR code = :code::text)
  AND recorded_at >= coalesce(:first_moment::timestamptz, '-infinity')
  AND recorded_at < coalesce(:end_moment::timestamptz, 'infinity')
ORDER BY id DESC
LIMIT :most;

-- name: forget_touches$
-- Of the transaction's tenant, and only touches older than its retention; facts cannot be deleted in any other way.
-- Never null: forget_touches.
SELECT public.forget_touches(:most::integer);

-- name: forget_dead_events$
-- Of the transaction's tenant; the function decides which are old enough.
-- Never null: forget_dead_events.
SELECT public.forget_dead_events(:most::integer);

-- name: forget_claims$
-- Of the transaction's tenant; the function decides which are old enough.
-- Never null: forget_claims.
SELECT public.forget_claims(:most::integer);

-- name: select_events_to_scan
SELECT id AS row_id, idempotency_key, session_id, channel_code, channel_rule, source, medium, campaign, referrer_host,
       landing_path, click_id_kinds, raw_payload::text AS raw_payload
FROM public.attribution_events
WHERE tenant_id = :tenant_id AND id > :after
ORDER BY id LIMIT :most;

-- name: select_dead_events_to_scan
SELECT id AS row_id, origin, code, detail, cure, item::text AS item
FROM public.dead_events
WHERE tenant_id = :tenant_id AND id > :after
ORDER BY id LIMIT :most;

-- name: select_entries_to_scan
SELECT id AS row_id, business_key, order_id, source
FROM public.revenue_ledger
WHERE tenant_id = :tenant_id AND id > :after
ORDER BY id LIMIT :most;

-- name: select_channels_to_scan
-- A row whose key is a text gets the first half of the key's SHA-256 as its id, so it can be walked like the others.
-- Never null: row_id.
SELECT k.row_id, c.code AS row_key, c.code, c.label
FROM public.channels c
CROSS JOIN LATERAL (SELECT encode(substring(sha256(convert_to(c.code, 'UTF8')) FOR 16), 'hex')::uuid AS row_id) k
WHERE c.tenant_id = :tenant_id AND k.row_id > :after
ORDER BY k.row_id LIMIT :most;

-- name: select_imports_to_scan
-- Never null: row_id.
SELECT k.row_id, i.fingerprint AS row_key, i.fingerprint, i.file_name
FROM public.imports i
CROSS JOIN LATERAL (SELECT encode(substring(sha256(convert_to(i.fingerprint, 'UTF8')) FOR 16), 'hex')::uuid AS row_id) k
WHERE i.tenant_id = :tenant_id AND k.row_id > :after
ORDER BY k.row_id LIMIT :most;

-- name: select_ad_days_to_scan
SELECT id AS row_id, account, campaign, campaign_name, claim_type, attribution_setting
FROM public.ad_days
WHERE tenant_id = :tenant_id AND id > :after
ORDER BY id LIMIT :most;

-- name: select_ad_loads_to_scan
SELECT id AS row_id, source, recorded_by
FROM public.ad_loads
WHERE tenant_id = :tenant_id AND id > :after
ORDER BY id LIMIT :most;

-- name: select_undoings_to_scan
SELECT id AS row_id, target, reason, requested_by
FROM public.undoings
WHERE tenant_id = :tenant_id AND id > :after
ORDER BY id LIMIT :most;

-- name: select_jobs_to_scan
SELECT id AS row_id, error, arguments::text AS arguments
FROM public.jobs
WHERE tenant_id = :tenant_id AND id > :after
ORDER BY id LIMIT :most;

-- name: select_keys_to_scan
SELECT id AS row_id, name
FROM public.api_keys
WHERE tenant_id = :tenant_id AND id > :after
ORDER BY id LIMIT :most;

-- name: delete_cleared_findings$
-- Between two row ids, including ids whose row is gone: every finding whose place was not found by this scan.
WITH cleared AS (
    DELETE FROM public.personal_data_findings f
    WHERE f.tenant_id = :tenant_id AND f.relation = :relation AND f.row_id > :after AND f.row_id <= :until
      AND (f.column_name, f.row_id, f.path, f.shape) NOT IN (
          SELECT p.column_name, p.row_id, p.path, p.shape
          FROM unnest(:columns::text[], :row_ids::uuid[], :paths::text[], :shapes::text[])
               AS p (column_name, row_id, path, shape))
    RETURNING 1
)
SELECT count(*) FROM cleared;

-- name: insert_findings$
WITH found AS (
    INSERT INTO public.personal_data_findings (tenant_id, id, relation, column_name, row_id, path, shape)
    SELECT :tenant_id, p.id, :relation, p.column_name, p.row_id, p.path, p.shape
    FROM unnest(:ids::uuid[], :columns::text[], :row_ids::uuid[], :paths::text[], :shapes::text[])
         AS p (id, column_name, row_id, path, shape)
    ORDER BY p.column_name, p.row_id, p.path, p.shape
    ON CONFLICT (tenant_id, relation, column_name, row_id, path, shape) DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM found;

-- name: select_findings
SELECT relation, column_name, row_id, path, shape, found_at
FROM public.personal_data_findings
WHERE tenant_id = :tenant_id
ORDER BY relation, column_name, row_id, path, shape
LIMIT :most;

-- name: select_touches_to_withdraw
-- The first standing touches of a piece, in order of id, that came with one of the deliveries.
SELECT e.id, e.journey_key, e.occurred_at
FROM public.attribution_events e
WHERE e.tenant_id = :tenant_id AND e.id > :after AND e.id <= :until AND e.delivery = ANY(:deliveries::uuid[])
  AND NOT EXISTS (SELECT FROM public.touch_withdrawals w
                  WHERE w.tenant_id = :tenant_id AND w.idempotency_key = e.idempotency_key
                    AND w.generation = e.generation)
ORDER BY e.id LIMIT :most;

-- name: select_touches_to_restore
-- The same for the touches that an undoing withdrew.
SELECT e.id, e.journey_key, e.occurred_at
FROM public.attribution_events e
WHERE e.tenant_id = :tenant_id AND e.id > :after AND e.id <= :until
  AND EXISTS (SELECT FROM public.touch_withdrawals w
              WHERE w.tenant_id = :tenant_id AND w.idempotency_key = e.idempotency_key
                AND w.generation = e.generation AND w.undoing_id = :undoing_id)
ORDER BY e.id LIMIT :most;

-- name: withdraw_touches
-- Sorted by key, as every insertion of touches is. A touch that was withdrawn already is left.
INSERT INTO public.touch_withdrawals (tenant_id, idempotency_key, generation, undoing_id)
SELECT :tenant_id, e.idempotency_key, e.generation, :undoing_id
FROM public.attribution_events e
WHERE e.tenant_id = :tenant_id AND e.id >= :first_id AND e.id <= :last_id AND e.id = ANY(:ids::uuid[])
  AND (SELECT set_config('plan_cache_mode', 'auto', true)) IS NOT NULL
ORDER BY e.idempotency_key
ON CONFLICT (tenant_id, idempotency_key, generation) DO NOTHING
RETURNING generation;

-- name: restore_touches
-- Records withdrawn touches again, with the next generation of the key, which may have come back and been taken back since;
-- where a later touch stands, nothing is recorded. Corrections in force count as for `insert_touches`.
INSERT INTO public.attribution_events
    (tenant_id, id, idempotency_key, occurred_at, journey_key, session_id, channel_code, channel_rule,
     source, medium, campaign, referrer_host, landing_path, click_id_kinds, delivery, generation)
SELECT :tenant_id, (:new_ids::uuid[])[row_number() OVER (ORDER BY e.idempotency_key)], e.idempotency_key, e.occurred_at, e.journey_key, e.session_id,
       coalesce((SELECT c.channel_code FROM public.touch_corrections c
                 WHERE c.tenant_id = :tenant_id AND c.touch_key = e.idempotency_key
                 ORDER BY c.number DESC LIMIT 1), e.channel_code),
       coalesce((SELECT CASE WHEN c.channel_code IS NOT NULL
                             THEN concat('correction@', c.id,
                                         CASE WHEN e.channel_rule = 'explicit' THEN ':' || e.channel_code
                                              ELSE substring(e.channel_rule FROM '^correction@[^:]*(:.*)$') END) END
                 FROM public.touch_corrections c
                 WHERE c.tenant_id = :tenant_id AND c.touch_key = e.idempotency_key
                 ORDER BY c.number DESC LIMIT 1), e.channel_rule),
       e.source, e.medium, e.campaign, e.referrer_host, e.landing_path, e.click_id_kinds, e.delivery,
       (SELECT w.generation + 1 FROM public.touch_withdrawals w
        WHERE w.tenant_id = :tenant_id AND w.idempotency_key = e.idempotency_key
        ORDER BY w.generation DESC LIMIT 1)::smallint
FROM public.attribution_events e
WHERE e.tenant_id = :tenant_id AND e.id >= :first_id AND e.id <= :last_id AND e.id = ANY(:ids::uuid[])
  AND (SELECT set_config('plan_cache_mode', 'auto', true)) IS NOT NULL
ORDER BY e.idempotency_key
ON CONFLICT (tenant_id, idempotency_key, generation) DO NOTHING
RETURNING generation;

-- name: select_touches_to_derive
-- A page of the touches in order of id, and of each whether it stands, and has its channel by a correction in force.
-- Never null: channel_code, channel_rule.
SELECT e.id, e.journey_key, e.occurred_at, e.channel_code, e.source, e.medium, e.campaign, e.referrer_host,
       e.landing_path, e.click_id_kinds, e.channel_rule,
       NOT EXISTS (SELECT FROM public.touch_withdrawals w
                   WHERE w.tenant_id = :tenant_id AND w.idempotency_key = e.idempotency_key
                     AND w.generation = e.generation) AS is_standing,
       coalesce(starts_with(e.channel_rule, 'correction@')
                AND substr(e.channel_rule, 12, 36) = (SELECT c.id::text FROM public.touch_corrections c
                                                      WHERE c.tenant_id = :tenant_id AND c.touch_key = e.idempotency_key
                                                      ORDER BY c.number DESC LIMIT 1), false) AS is_corrected
FROM public.attribution_events e
WHERE e.tenant_id = :tenant_id AND e.id > :after AND e.id <= :until
ORDER BY e.id LIMIT :most;

-- name: record_touches_again
-- Records withdrawn touches with other channels, as `restore_touches` does with the same ones.
INSERT INTO public.attribution_events
    (tenant_id, id, idempotency_key, occurred_at, journey_key, session_id, channel_code, channel_rule,
     source, medium, campaign, referrer_host, landing_path, click_id_kinds, delivery, generation)
SELECT :tenant_id, n.new_id, e.idempotency_key, e.occurred_at, e.journey_key, e.session_id, n.channel_code,
       n.channel_rule, e.source, e.medium, e.campaign, e.referrer_host, e.landing_path, e.click_id_kinds, e.delivery,
       (e.generation + 1)::smallint
FROM unnest(:ids::uuid[], :new_ids::uuid[], :channel_codes::text[], :channel_rules::text[])
     AS n (id, new_id, channel_code, channel_rule)
JOIN public.attribution_events e ON e.tenant_id = :tenant_id AND e.id = n.id
WHERE e.id >= :first_id AND e.id <= :last_id
  AND (SELECT set_config('plan_cache_mode', 'auto', true)) IS NOT NULL
ORDER BY e.idempotency_key
ON CONFLICT (tenant_id, idempotency_key, generation) DO NOTHING
RETURNING generation;

-- name: select_last_touch$
SELECT coalesce((SELECT e.id FROM public.attribution_events e WHERE e.tenant_id = :tenant_id ORDER BY e.id DESC LIMIT 1),
                '00000000-0000-0000-0000-000000000000');

-- name: find_delivery_of_touch$
SELECT delivery FROM public.attribution_events
WHERE tenant_id = :tenant_id AND idempotency_key = :key
ORDER BY generation DESC LIMIT 1;

-- name: select_imports
-- The latest first, of a half-open span, which a null leaves open. `fingerprint` may be the beginning of one.
SELECT i.fingerprint, i.file_name, i.rows_done, i.touches_accepted, i.touches_duplicate, i.conversions_accepted,
       i.conversions_duplicate, i.rejected, i.is_complete, i.started_at, i.updated_at, i.undone_by, i.replays,
       i.repeats_undone
FROM public.imports i
WHERE i.tenant_id = :tenant_id AND starts_with(i.fingerprint, :fingerprint)
  AND i.started_at >= greatest(:since::timestamptz, '-infinity'::timestamptz)
  AND i.started_at < least(:until::timestamptz, 'infinity'::timestamptz)
ORDER BY i.started_at DESC, i.fingerprint
LIMIT :most;

-- name: select_repeating_imports
-- Imports that stand, have duplicates, and were read since a moment, the latest first; but not the one with `fingerprint`.
SELECT i.fingerprint, i.file_name, i.rows_done, i.touches_accepted, i.touches_duplicate, i.conversions_accepted,
       i.conversions_duplicate, i.rejected, i.is_complete, i.started_at, i.updated_at, i.undone_by, i.replays,
       i.repeats_undone
FROM public.imports i
WHERE i.tenant_id = :tenant_id AND i.fingerprint <> :fingerprint AND i.undone_by IS NULL AND i.updated_at >= :since
  AND i.touches_duplicate + i.conversions_duplicate > 0
ORDER BY i.started_at DESC, i.fingerprint
LIMIT :most;

-- name: mark_repeating_imports!
-- The same imports, without a limit, are to be read again.
UPDATE public.imports SET repeats_undone = true
WHERE tenant_id = :tenant_id AND fingerprint <> :fingerprint AND undone_by IS NULL AND updated_at >= :since
  AND touches_duplicate + conversions_duplicate > 0;

-- name: lock_import_to_undo^
SELECT started_at, undone_by FROM public.imports
WHERE tenant_id = :tenant_id AND fingerprint = :fingerprint
FOR UPDATE;

-- name: note_import_undone!
UPDATE public.imports SET undone_by = :undoing_id WHERE tenant_id = :tenant_id AND fingerprint = :fingerprint;

-- name: note_import_redone!
UPDATE public.imports SET undone_by = NULL
WHERE tenant_id = :tenant_id AND fingerprint = :fingerprint AND undone_by = :undoing_id;

-- name: insert_undoing!
INSERT INTO public.undoings
    (tenant_id, id, target_kind, target, deliveries, redoes, reason, requested_by, first_id, after_id, until_id)
VALUES (:tenant_id, :id, :target_kind, :target, :deliveries::uuid[], :redoes::uuid, :reason, :requested_by, :first_id,
        :first_id, :until_id)
RETURNING 1;

-- name: has_other_undoings$
-- Whether one of the other sort is under way: one that restates channels, or one that takes facts back or puts them back.
SELECT EXISTS (SELECT FROM public.undoings u
               WHERE u.tenant_id = :tenant_id AND u.phase <> 'done'
                 AND (u.target_kind = 'channels') <> :restates_channels::boolean);

-- name: select_open_undoings
-- What is being taken back, from the facts with ids up to `until_id`.
SELECT u.target_kind, u.target, u.deliveries, u.until_id
FROM public.undoings u
WHERE u.tenant_id = :tenant_id AND u.phase <> 'done' AND u.redoes IS NULL AND u.target_kind <> 'channels';

-- name: repeats_touches$
-- Whether one of the keys has a touch with an id up to `until_id` that came with one of these deliveries, and no other that
-- stands. The keys are one text, as for `insert_touches`.
SELECT EXISTS (
    SELECT FROM unnest(string_to_array(:keys, chr(31))) AS k (idempotency_key)
    JOIN public.attribution_events e ON e.tenant_id = :tenant_id AND e.idempotency_key = k.idempotency_key
    WHERE e.delivery = ANY(:deliveries::uuid[]) AND e.id <= :until_id
      AND NOT EXISTS (SELECT FROM public.standing_touches s
                      WHERE s.tenant_id = :tenant_id AND s.idempotency_key = e.idempotency_key
                        AND NOT coalesce(s.delivery = ANY(:deliveries::uuid[]) AND s.id <= :until_id, false)));

-- name: select_undoings
-- The latest first; of one target if given.
SELECT id, target_kind, target, deliveries, redoes, reason, requested_by, requested_at, phase, first_id, entries, touches,
       ended_at
FROM public.undoings
WHERE tenant_id = :tenant_id
  AND (:target_kind::text IS NULL OR target_kind = :target_kind::text)
  AND (:target::text IS NULL OR target = :target::text)
ORDER BY requested_at DESC, id DESC
LIMIT :most;

-- name: lock_undoing^
-- The row is held until the batch commits: two processes never take the same facts back at once.
SELECT target_kind, target, deliveries, redoes, phase, first_id, after_id, until_id, entries, touches
FROM public.undoings
WHERE tenant_id = :tenant_id AND id = :id
FOR UPDATE;

-- name: advance_undoing!
UPDATE public.undoings
SET phase = :phase, after_id = :after_id, entries = :entries, touches = :touches,
    ended_at = CASE WHEN :phase::text = 'done' THEN :ended_at::timestamptz END
WHERE tenant_id = :tenant_id AND id = :id;

-- name: select_rules_in_force^
SELECT r.version, r.document
FROM public.channel_rules r
WHERE r.tenant_id = :tenant_id
  AND r.version = (SELECT u.version FROM public.channel_rule_turns u
                   WHERE u.tenant_id = :tenant_id ORDER BY u.turn DESC LIMIT 1);

-- name: may_be_placed_otherwise$
-- Whether touches that were taken back may have another channel now: by rules of the tenant's own, or a revoked correction.
SELECT EXISTS (SELECT FROM public.channel_rule_turns u WHERE u.tenant_id = :tenant_id)
       OR EXISTS (SELECT FROM public.touch_corrections c WHERE c.tenant_id = :tenant_id);

-- name: select_rules^
SELECT version, document, reason, written_by, written_at
FROM public.channel_rules
WHERE tenant_id = :tenant_id AND version = :version;

-- name: select_rule_versions
-- The versions before one, the latest first, without their documents.
SELECT version, reason, written_by, written_at
FROM public.channel_rules
WHERE tenant_id = :tenant_id AND version < :before
ORDER BY version DESC LIMIT :most;

-- name: select_rule_turns
-- The turns before one, the latest first, of a half-open span, which a null leaves open.
SELECT t.turn, t.version, t.reason, t.requested_by, t.requested_at, t.undoing_id,
       coalesce(u.phase, 'done') AS phase, coalesce(u.touches, 0) AS touches
FROM public.channel_rule_turns t
LEFT JOIN public.undoings u ON u.tenant_id = :tenant_id AND u.id = t.undoing_id
WHERE t.tenant_id = :tenant_id AND t.turn < :before
  AND t.requested_at >= greatest(:since::timestamptz, '-infinity'::timestamptz)
  AND t.requested_at < least(:until::timestamptz, 'infinity'::timestamptz)
ORDER BY t.turn DESC LIMIT :most;

-- name: insert_rules^
INSERT INTO public.channel_rules (tenant_id, version, document, reason, written_by)
SELECT :tenant_id, coalesce(max(r.version), 0) + 1, :document, :reason, :written_by
FROM public.channel_rules r
WHERE r.tenant_id = :tenant_id
RETURNING version, document, reason, written_by, written_at;

-- name: insert_rule_turn!
INSERT INTO public.channel_rule_turns (tenant_id, turn, version, undoing_id, reason, requested_by)
SELECT :tenant_id, coalesce(max(t.turn), 0) + 1, :version, :undoing_id, :reason, :requested_by
FROM public.channel_rule_turns t
WHERE t.tenant_id = :tenant_id
RETURNING 1;

-- name: select_touch_to_correct^
-- The standing touch with a key, as `select_touches_to_derive` returns it.
-- Never null: id, occurred_at, channel_code, channel_rule.
SELECT e.id, e.journey_key, e.occurred_at, e.channel_code, e.source, e.medium, e.campaign, e.referrer_host,
       e.landing_path, e.click_id_kinds, e.channel_rule, true AS is_standing, false AS is_corrected
FROM public.standing_touches e
WHERE e.tenant_id = :tenant_id AND e.idempotency_key = :touch_key;

-- name: insert_correction!
INSERT INTO public.touch_corrections (tenant_id, touch_key, number, id, channel_code)
SELECT :tenant_id, :touch_key, coalesce(max(c.number), 0) + 1, :id, :channel_code::text
FROM public.touch_corrections c
WHERE c.tenant_id = :tenant_id AND c.touch_key = :touch_key
RETURNING 1;

-- name: select_corrections
-- Those of the tenant, of one touch, or one by its id, before an id, the latest first. In force is the last of a touch, unless it
-- revokes.
SELECT c.id, c.touch_key, c.channel_code, u.reason, u.requested_by, u.requested_at,
       c.channel_code IS NOT NULL
       AND NOT EXISTS (SELECT FROM public.touch_corrections l
                       WHERE l.tenant_id = :tenant_id AND l.touch_key = c.touch_key AND l.number > c.number) AS is_in_force
FROM public.touch_corrections c
JOIN public.undoings u ON u.tenant_id = :tenant_id AND u.id = c.id
WHERE c.tenant_id = :tenant_id
  AND c.id < coalesce(:before::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  AND (:touch_key::text IS NULL OR c.touch_key = :touch_key::text)
  AND (:id::uuid IS NULL OR c.id = :id::uuid)
ORDER BY c.id DESC LIMIT :most;

-- name: select_corrected_touches
-- A page of the corrections in force by id, each with the touch that stands under its key, if any.
SELECT c.id, c.channel_code, e.id AS touch_id, e.channel_code AS touch_channel, e.channel_rule AS touch_rule
FROM public.touch_corrections c
LEFT JOIN public.standing_touches e ON e.tenant_id = :tenant_id AND e.idempotency_key = c.touch_key
WHERE c.tenant_id = :tenant_id AND c.id > :after AND c.channel_code IS NOT NULL
  AND NOT EXISTS (SELECT FROM public.touch_corrections l
                  WHERE l.tenant_id = :tenant_id AND l.touch_key = c.touch_key AND l.number > c.number)
ORDER BY c.id LIMIT :most;
