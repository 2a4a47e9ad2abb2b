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
