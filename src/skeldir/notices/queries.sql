-- name: insert_destination$
-- No id if the tenant has the destination already.
INSERT INTO public.notice_destinations
    (tenant_id, id, kind, address, language, gets_digest, gets_alerts, sealing_key, sealed, made_by)
VALUES (:tenant_id, :id, :kind, :address, :language, :gets_digest, :gets_alerts, :sealing_key, :sealed, :made_by)
ON CONFLICT (tenant_id, kind, address) WHERE removed_at IS NULL DO NOTHING
RETURNING id;

-- name: select_destinations
SELECT id, kind, coalesce(address, '') AS address, language, gets_digest, gets_alerts, sealing_key, sealed, made_by,
       created_at
FROM public.notice_destinations
WHERE tenant_id = :tenant_id AND removed_at IS NULL
ORDER BY created_at, id;

-- name: remove_destination$
UPDATE public.notice_destinations
SET removed_at = now(), address = NULL, sealing_key = NULL, sealed = NULL
WHERE tenant_id = :tenant_id AND id = :id AND removed_at IS NULL
RETURNING kind;

-- name: reseal_destination!
UPDATE public.notice_destinations SET sealing_key = :sealing_key, sealed = :sealed
WHERE tenant_id = :tenant_id AND id = :id AND removed_at IS NULL;

-- name: has_destinations$
SELECT EXISTS (SELECT FROM public.notice_destinations WHERE tenant_id = :tenant_id AND removed_at IS NULL);

-- name: select_without_digest
-- The destinations that were there when a digest was due, and for which none of the week was made.
SELECT d.id FROM public.notice_destinations d
WHERE d.tenant_id = :tenant_id AND d.removed_at IS NULL AND d.gets_digest AND d.created_at <= :due_at
  AND d.id NOT IN (SELECT n.destination_id FROM public.notice_deliveries n
                   WHERE n.tenant_id = :tenant_id AND n.week = :week)
ORDER BY d.created_at, d.id;

-- name: insert_delivery$
-- No id if the week's digest for the destination was made already.
INSERT INTO public.notice_deliveries (tenant_id, id, destination_id, kind, week, contents)
VALUES (:tenant_id, :id, :destination_id, :kind, :week, :contents::text::jsonb)
ON CONFLICT (tenant_id, destination_id, week) DO NOTHING
RETURNING id;

-- name: find_delivery^
-- Never null: contents.
SELECT n.id, n.destination_id, n.kind, n.contents::text AS contents, n.state, n.attempts, n.made_at
FROM public.notice_deliveries n
WHERE n.tenant_id = :tenant_id AND n.id = :id;

-- name: select_stranded
-- What has waited for longer than all attempts take: the jobs that were to send it were lost.
SELECT n.id FROM public.notice_deliveries n
WHERE n.tenant_id = :tenant_id AND n.state = 'waiting' AND n.made_at < :before
ORDER BY n.made_at, n.id;

-- name: note_attempt!
-- A delivery that has ended stays as it is.
UPDATE public.notice_deliveries
SET attempts = attempts + 1, error = :error, state = :state,
    ended_at = CASE WHEN :state::text = 'waiting' THEN NULL ELSE (SELECT clock_timestamp()) END
WHERE tenant_id = :tenant_id AND id = :id AND state = 'waiting';

-- name: select_deliveries
SELECT n.id, n.destination_id, d.kind AS destination_kind, d.address, n.kind, n.week, n.state, n.attempts, n.error, n.made_at,
       n.ended_at
FROM public.notice_deliveries n
JOIN public.notice_destinations d ON d.tenant_id = :tenant_id AND d.id = n.destination_id
WHERE n.tenant_id = :tenant_id
ORDER BY n.made_at DESC, n.id DESC
LIMIT :most;

-- name: select_alert_destinations
SELECT d.id FROM public.notice_destinations d
WHERE d.tenant_id = :tenant_id AND d.removed_at IS NULL AND d.gets_alerts
ORDER BY d.created_at, d.id;

-- name: select_open_alerts
-- Never null: figures.
SELECT id, kind, subject, figures::text AS figures, opened_at, checked_at, noticed_at, closed_at
FROM public.alerts
WHERE tenant_id = :tenant_id AND closed_at IS NULL
ORDER BY opened_at, id;

-- name: select_alerts
-- Never null: figures.
SELECT id, kind, subject, figures::text AS figures, opened_at, checked_at, noticed_at, closed_at
FROM public.alerts
WHERE tenant_id = :tenant_id
ORDER BY opened_at DESC, id DESC
LIMIT :most;

-- name: open_alert$
-- No id if one of the kind and subject is open.
INSERT INTO public.alerts (tenant_id, id, kind, subject, figures, opened_at, checked_at, noticed_at)
VALUES (:tenant_id, :id, :kind, :subject, :figures::text::jsonb, :now, :now, :now)
ON CONFLICT (tenant_id, kind, subject) WHERE closed_at IS NULL DO NOTHING
RETURNING id;

-- name: note_check!
UPDATE public.alerts SET figures = :figures::text::jsonb, checked_at = :now
WHERE tenant_id = :tenant_id AND id = :id AND closed_at IS NULL;

-- name: remind_of_alert$
-- No id if somebody was written to of it since a moment, or it is closed.
UPDATE public.alerts SET noticed_at = :now
WHERE tenant_id = :tenant_id AND id = :id AND closed_at IS NULL AND noticed_at <= :since
RETURNING id;

-- name: close_alert$
-- No id if it is closed.
UPDATE public.alerts SET closed_at = :now, checked_at = :now, noticed_at = :now
WHERE tenant_id = :tenant_id AND id = :id AND closed_at IS NULL
RETURNING id;
