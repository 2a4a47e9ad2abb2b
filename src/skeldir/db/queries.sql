-- name: select_longest_lock_wait$
-- In seconds, of all sessions of this database, whatever they wait for; 0 when none waits. A wait for a row names no
-- database of its own, so the session's is asked.
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(l.waitstart)), 0)::float8
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE NOT l.granted AND a.datname = current_database();
