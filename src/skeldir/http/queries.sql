-- name: select_readiness_role^
SELECT r.rolsuper OR r.rolbypassrls AS is_unbound FROM pg_catalog.pg_roles r WHERE r.rolname = current_user;

-- name: select_readiness_revision$
SELECT version_num FROM public.alembic_version;

-- name: select_readiness_views
SELECT m.matviewname AS name FROM pg_catalog.pg_matviews m WHERE m.schemaname = 'public';
