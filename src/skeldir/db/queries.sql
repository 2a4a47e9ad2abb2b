-- name: open_tenant^
-- Binds the transaction to the tenant, and takes a shared lock, and then one of its own, if they are given; no row for a
-- tenant that does not exist or is being deleted.
-- Never null: name, journey_secret, own_channels, own_hosts. May be null: shared_lock, own_lock.
SELECT t.name, t.journey_secret, t.own_channels, t.own_hosts, t.rules_version, t.rules_document
FROM public.open_tenant(:tenant_id, :shared_lock) t
LEFT JOIN pg_catalog.pg_advisory_xact_lock(:own_lock) ON true;

-- name: select_own_role^
-- Never null: every column.
SELECT r.rolname AS name, r.rolsuper OR r.rolbypassrls AS is_unbound
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user;

-- name: select_session_settings
-- As whole numbers of a setting's own unit, such as milliseconds.
-- Never null: every column.
SELECT s.name, s.setting FROM pg_catalog.pg_settings s WHERE s.name = ANY(:names::text[]);

-- name: select_connection_room^
-- How many connections the current role may have in this database, and how many the server has admitted so far. A
-- limit of -1 means none. Sessions of other databases count for the server, but not those of its own processes.
-- Never null: every column.
SELECT current_setting('max_connections')::int
           - current_setting('superuser_reserved_connections')::int
           - CASE WHEN pg_catalog.pg_has_role(current_user, 'pg_use_reserved_connections', 'USAGE') THEN 0
                  ELSE current_setting('reserved_connections')::int END AS server_limit,
       (SELECT r.rolconnlimit FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) AS role_limit,
       (SELECT d.datconnlimit FROM pg_catalog.pg_database d WHERE d.datname = current_database()) AS database_limit,
       (SELECT sum(b.numbackends) FROM pg_catalog.pg_stat_database b WHERE b.datid <> 0)::int AS in_use;

-- name: select_longest_lock_wait$
-- In seconds, over all sessions of this database and all kinds of locks; 0 when none waits. A wait for a row has no
-- database in pg_locks, so that of the session counts.
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(l.waitstart)), 0)::float8
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE NOT l.granted AND a.datname = current_database();

-- name: select_written^
-- On the primary: how far its log is flushed, in bytes, and which database and role this is. Whatever was acknowledged as
-- committed is before this position, unless synchronous_commit is off.
-- Never null: every column.
SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint AS position,
       ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::integer AS timeline,
       c.system_identifier AS cluster, d.oid::bigint AS database_oid, current_user::text AS role_name
FROM pg_catalog.pg_control_system() c
CROSS JOIN pg_catalog.pg_database d
WHERE d.datname = current_database();

-- name: select_replayed^
-- On a standby: how far it has replayed the log, in bytes, or null if it never did. It records a new timeline when it next
-- writes a restart point. The time of its start distinguishes it from other standbys, and from itself before a crash.
-- Never null: is_in_recovery, started_at, timeline, cluster, database_oid.
SELECT pg_is_in_recovery() AS is_in_recovery, pg_postmaster_start_time() AS started_at,
       (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint AS position,
       greatest(k.timeline_id, r.min_recovery_end_timeline) AS timeline,
       c.system_identifier AS cluster, d.oid::bigint AS database_oid, current_user::text AS role_name
FROM pg_catalog.pg_control_system() c
CROSS JOIN pg_catalog.pg_control_checkpoint() k
CROSS JOIN pg_catalog.pg_control_recovery() r
CROSS JOIN pg_catalog.pg_database d
WHERE d.datname = current_database();

-- name: select_archive_failing$
-- In seconds, since the last success or, before the first one, since counting began; 0 unless the newest attempt failed.
-- Always a row. Never null: every column.
SELECT CASE WHEN a.last_failed_time > coalesce(a.last_archived_time, '-infinity')
            THEN greatest(0, coalesce(extract(epoch FROM clock_timestamp()
                                              - coalesce(a.last_archived_time, a.stats_reset)), 0))
            ELSE 0 END::float8
FROM pg_catalog.pg_stat_archiver a;
