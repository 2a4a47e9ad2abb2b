-- name: sample_heartbeats
-- Never null: seen_s.
SELECT role, extract(epoch FROM clock_timestamp() - max(seen_at))::float8 AS seen_s
FROM public.heartbeats GROUP BY role;

-- name: insert_heartbeat!
INSERT INTO public.heartbeats (process_id, role) VALUES (:process_id, :role)
ON CONFLICT (process_id) DO UPDATE SET seen_at = excluded.seen_at;

-- name: delete_heartbeat!
DELETE FROM public.heartbeats WHERE process_id = :process_id;

-- name: delete_old_heartbeats!
DELETE FROM public.heartbeats WHERE seen_at < now() - interval '1 day';

-- name: select_last_heartbeats
-- Never null: seen_at.
SELECT role, max(seen_at) AS seen_at, count(*) FILTER (WHERE seen_at > now() - interval '15 seconds') AS alive
FROM public.heartbeats GROUP BY role ORDER BY role;

-- name: delete_old_messages!
-- Messages that were received and never acknowledged, and hints that nobody received: the work itself stands in `jobs`.
DELETE FROM celery.kombu_message
WHERE NOT visible OR "timestamp" < (now() AT TIME ZONE 'UTC') - interval '1 hour';

-- name: delete_old_results!
DELETE FROM celery.celery_taskmeta WHERE date_done < (now() AT TIME ZONE 'UTC') - interval '1 day';

-- name: put_message^
-- No row when there is no such queue yet. Enough hints that wait already serve as well as one more: whoever receives
-- one does what is due, whichever of them it was. The notification only makes every worker look.
WITH queue AS (
    SELECT q.id,
           (SELECT count(*) FROM (SELECT FROM celery.kombu_message m
                                  WHERE m.queue_id = q.id AND m.visible
                                    AND m."timestamp" > (now() AT TIME ZONE 'UTC') - interval '1 minute'
                                  LIMIT :most_waiting) AS counted) < :most_waiting AS has_room
    FROM celery.kombu_queue q WHERE q.name = :queue
), put AS (
    INSERT INTO celery.kombu_message (id, visible, "timestamp", payload, version, queue_id)
    SELECT nextval('celery.message_id_sequence'), true, now() AT TIME ZONE 'UTC', :payload, 1, queue.id
    FROM queue WHERE queue.has_room
    RETURNING id)
SELECT q.has_room, pg_notify('skeldir_messages', '')::text AS notified FROM queue q LEFT JOIN put ON true;

-- name: insert_queue!
INSERT INTO celery.kombu_queue (id, name) VALUES (nextval('celery.queue_id_sequence'), :queue)
ON CONFLICT (name) DO NOTHING;

-- name: receive_message^
-- The queue served last comes last, so that a flood of hints of one kind lets the other kinds pass. What waited for a
-- minute woke nobody in time: the sweep has found its work by now. It is deleted by the sweep, too.
-- Never null: name.
DELETE FROM celery.kombu_message m USING celery.kombu_queue q
WHERE q.id = m.queue_id AND m.id = (
    SELECT c.id FROM celery.kombu_message c JOIN celery.kombu_queue o ON o.id = c.queue_id
    WHERE o.name = ANY(:queues::text[]) AND c.visible
      AND c."timestamp" > (now() AT TIME ZONE 'UTC') - interval '1 minute'
    ORDER BY o.name = :served_last, c."timestamp", c.id LIMIT 1
    FOR UPDATE OF c SKIP LOCKED)
RETURNING q.name, m.payload;

-- name: count_messages$
SELECT count(*) FROM celery.kombu_message m JOIN celery.kombu_queue q ON q.id = m.queue_id
WHERE q.name = :queue AND m.visible AND m."timestamp" > (now() AT TIME ZONE 'UTC') - interval '1 minute';

-- name: delete_messages!
DELETE FROM celery.kombu_message m USING celery.kombu_queue q WHERE q.id = m.queue_id AND q.name = :queue;

-- name: register_pulses!
INSERT INTO public.pulses AS p (name, every_s)
SELECT n.name, n.every_s FROM unnest(:names::text[], :periods::numeric[]) AS n (name, every_s)
ON CONFLICT (name) DO UPDATE SET every_s = excluded.every_s WHERE p.every_s <> excluded.every_s;

-- name: claim_due_pulses^
-- A pulse keeps its pace: its next time follows the one that was due, unless that has passed as well. Of two processes
-- that claim it at once, the second waits for the first one's row and finds that it is not due any more.
WITH claimed AS (
    UPDATE public.pulses p
    SET began_at = clock_timestamp(),
        due_at = greatest(p.due_at + make_interval(secs => p.every_s::float8),
                          clock_timestamp() + make_interval(secs => p.every_s::float8 / 2))
    WHERE p.name = ANY(:names::text[])
      AND p.due_at + make_interval(secs => p.every_s::float8 * :patience::float8) <= clock_timestamp()
    RETURNING p.name
)
SELECT (SELECT array_agg(t.name ORDER BY t.name) FROM claimed t) AS claimed,
       (SELECT min(extract(epoch FROM p.due_at - clock_timestamp())
                   + p.every_s::float8 * (:patience::float8 + CASE WHEN t.name IS NULL THEN 0 ELSE 1 END))
        FROM public.pulses p LEFT JOIN claimed t ON t.name = p.name
        WHERE p.name = ANY(:names::text[]))::float8 AS next_s;

-- name: end_pulse!
-- A run that failed leaves its error, and the pulse as old as it was.
UPDATE public.pulses
SET ended_at = CASE WHEN :error::text IS NULL THEN clock_timestamp() ELSE ended_at END, error = :error
WHERE name = :name;

-- name: sample_pulses
-- Never null: age_periods.
SELECT name, (extract(epoch FROM clock_timestamp() - ended_at) / every_s)::float8 AS age_periods FROM public.pulses;
