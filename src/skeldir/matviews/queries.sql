-- name: select_last_success^
-- `is_current`: its snapshot saw every change of the rollups that is visible now.
SELECT r.started_at,
       NOT EXISTS (SELECT FROM public.rollup_changes c
                   WHERE NOT pg_visible_in_snapshot(c.changed_by, r.seen)) AS is_current
FROM public.matview_refreshes r
WHERE r.view_name = :view_name AND r.outcome = 'success'
ORDER BY r.started_at DESC, r.id DESC
LIMIT 1;

-- name: select_pace^
-- How many seconds the latest successes of these views took in total, and how long ago the last of them ended; one index
-- lookup per view.
SELECT sum(extract(epoch FROM r.finished_at - r.started_at))::float8 AS took_s,
       extract(epoch FROM clock_timestamp() - max(r.finished_at))::float8 AS ended_ago_s
FROM unnest(:view_names::text[]) AS v (view_name)
CROSS JOIN LATERAL (SELECT m.started_at, m.finished_at FROM public.matview_refreshes m
                    WHERE m.view_name = v.view_name AND m.outcome = 'success'
                    ORDER BY m.started_at DESC, m.id DESC LIMIT 1) r;

-- name: start_refresh^
SELECT clock_timestamp() AS started_at, pg_current_snapshot()::text AS seen;

-- name: insert_refresh!
INSERT INTO public.matview_refreshes (id, view_name, outcome, requested_at, started_at, finished_at, seen, error)
VALUES (:id, :view_name, :outcome, :requested_at, :started_at, clock_timestamp(), :seen::text::pg_snapshot, :error);

-- name: delete_old_refreshes!
DELETE FROM public.matview_refreshes r
WHERE r.started_at < now() - interval '30 days'
  AND EXISTS (SELECT FROM public.matview_refreshes s
              WHERE s.view_name = r.view_name AND s.outcome = 'success' AND s.started_at > r.started_at);

-- name: prune_rollup_changes!
-- Deletes the changes that the last success of every canonical view has seen.
DELETE FROM public.rollup_changes c
WHERE NOT EXISTS (
    SELECT FROM unnest(:view_names::text[]) AS v (view_name)
    WHERE NOT coalesce((SELECT pg_visible_in_snapshot(c.changed_by, r.seen) FROM public.matview_refreshes r
                        WHERE r.view_name = v.view_name AND r.outcome = 'success'
                        ORDER BY r.started_at DESC, r.id DESC LIMIT 1), false));

-- name: select_view_statuses
-- Never null: view_name.
SELECT v.view_name,
       (SELECT r.started_at FROM public.matview_refreshes r
        WHERE r.view_name = v.view_name AND r.outcome = 'success'
        ORDER BY r.started_at DESC, r.id DESC LIMIT 1) AS last_success_at,
       l.outcome AS last_outcome, l.error AS last_error
FROM unnest(:view_names::text[]) AS v (view_name)
LEFT JOIN LATERAL (SELECT * FROM public.matview_refreshes r WHERE r.view_name = v.view_name
                   ORDER BY r.started_at DESC, r.id DESC LIMIT 1) l ON true
ORDER BY v.view_name;

-- name: select_latest_outcomes
-- The latest refresh of each view and outcome, by one index lookup each.
-- Never null: view_name.
SELECT v.view_name, r.outcome, r.started_at, r.error
FROM unnest(:view_names::text[]) AS v (view_name)
CROSS JOIN unnest(ARRAY['success', 'skipped_already_running', 'skipped_unchanged', 'failed']) AS o (outcome)
CROSS JOIN LATERAL (SELECT m.id, m.outcome, m.started_at, m.error FROM public.matview_refreshes m
                    WHERE m.view_name = v.view_name AND m.outcome = o.outcome
                    ORDER BY m.started_at DESC, m.id DESC LIMIT 1) r
ORDER BY v.view_name, r.started_at DESC, r.id DESC;

-- name: select_view_ages
-- The age of the oldest change that the view's last success has not seen: in a rollup, or in a day not rolled up yet.
-- Never null: view_name.
SELECT v.view_name, extract(epoch FROM clock_timestamp() - least(c.changed_at, d.waiting_since))::float8 AS age_s
FROM unnest(:view_names::text[]) AS v (view_name)
CROSS JOIN public.waiting_since('days') AS d (waiting_since)
LEFT JOIN LATERAL (SELECT r.seen FROM public.matview_refreshes r
                   WHERE r.view_name = v.view_name AND r.outcome = 'success'
                   ORDER BY r.started_at DESC, r.id DESC LIMIT 1) s ON true
LEFT JOIN LATERAL (SELECT min(x.changed_at) AS changed_at FROM public.rollup_changes x
                   WHERE s.seen IS NULL OR NOT pg_visible_in_snapshot(x.changed_by, s.seen)) c ON true;
