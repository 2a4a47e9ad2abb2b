-- name: select_readiness_role^
-- Always a row. Never null: is_unbound.
SELECT r.rolsuper OR r.rolbypassrls AS is_unbound FROM pg_catalog.pg_roles r WHERE r.rolname = current_user;

-- name: select_readiness_revision$
SELECT version_num FROM public.alembic_version;

-- name: select_readiness_views
-- Never null: name.
SELECT m.matviewname AS name FROM pg_catalog.pg_matviews m WHERE m.schemaname = 'public';
