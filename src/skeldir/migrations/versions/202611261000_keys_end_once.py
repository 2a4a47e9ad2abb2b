"""Keys that end for good, their successors, and functions of PostgreSQL that nobody here needs taken from PUBLIC."""

from skeldir.migrations.guard import driver_connection, refuse_downgrade, run_sql
from skeldir.migrations.needless import close_functions

revision = "202611261000"
down_revision = "202611260900"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("202611261000_keys_end_once.sql")
    close_functions(driver_connection())


def downgrade() -> None:
    """Which key took the place of which cannot be worked out again. No revision needs what was taken from PUBLIC."""
    connection = driver_connection()
    connection.execute("SET ROLE skeldir_owner")
    connection.execute("ALTER TABLE public.api_keys NO FORCE ROW LEVEL SECURITY")
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM public.api_keys WHERE replaces IS NOT NULL)"
    ).fetchone()
    if row != (False,):
        refuse_downgrade(revision, "which keys took the place of others")
    connection.execute(
        b"""
        ALTER TABLE public.api_keys FORCE ROW LEVEL SECURITY;
        DROP FUNCTION public.tenants_of_key_prefix(text);
        DROP TRIGGER keys_end_once ON public.api_keys;
        DROP FUNCTION public.refuse_key_revival();
        REVOKE UPDATE (expires_at) ON public.api_keys FROM app_user;
        REVOKE INSERT (tenant_id, id, name, prefix, secret_sha256, scopes, expires_at, replaces)
            ON public.api_keys FROM app_user;
        GRANT INSERT ON public.api_keys TO app_user;
        DROP INDEX public.api_keys_secret;
        CREATE INDEX api_keys_secret ON public.api_keys (secret_sha256);
        ALTER TABLE public.api_keys DROP COLUMN replaces;
        RESET ROLE;
        """
    )
