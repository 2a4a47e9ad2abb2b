-- name: open_tenant^
-- Binds the transaction to the tenant, and takes a shared lock if one is given; no row for a tenant that does not exist
-- or is being deleted.
-- Never null: every column. May be null: shared_lock.
SELECT name, journey_secret, own_channels FROM public.open_tenant(:tenant_id, :shared_lock);

-- name: select_own_role^
-- Never null: every column.
SELECT r.rolname AS name, r.rolsuper OR r.rolbypassrls AS is_unbound
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user;

-- name: select_longest_lock_wait$
-- In seconds, over all sessions of this database and all kinds of locks; 0 when none waits. A wait for a row has no
-- database in pg_locks, so that of the session counts.
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(l.waitstart)), 0)::float8
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE NOT l.granted AND a.datname = current_database();

-- name: select_archive_failing$
-- In seconds, since the last success or, before the first one, since counting began; 0 unless the newest attempt failed.
-- Always a row. Never null: every column.
SELECT CASE WHEN a.last_failed_time > coalesce(a.last_archived_time, '-infinity')
            THEN greatest(0, coalesce(extract(epoch FROM clock_timestamp()
                                              - coalesce(a.last_archived_time, a.stats_reset)), 0))
            ELSE 0 END::float8
FROM pg_catalog.pg_stat_archiver a;
