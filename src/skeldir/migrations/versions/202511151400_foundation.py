"""Tenants and events; rows may exist, no idempotency key yet."""

from skeldir.migrations.guard import driver_connection, refuse_downgrade_with_rows, run_sql
from skeldir.migrations.roles import ensure_roles

revision = "202511151400"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_roles()
    run_sql("202511151400_foundation.sql")
    # The program compares the revision with its own before it works; the table holds nothing else.
    driver_connection().execute("GRANT SELECT ON public.alembic_version TO app_user")


def downgrade() -> None:
    refuse_downgrade_with_rows(revision, ("attribution_events", "tenants"))
    driver_connection().execute(
        b"""
        SET ROLE skeldir_owner;
        DROP TABLE public.attribution_events, public.tenants;
        DROP FUNCTION public.holds_no_personal_keys(jsonb), public.set_tenant(uuid), public.current_tenant_id();
        REVOKE USAGE ON SCHEMA public FROM app_user;
        RESET ROLE;
        """
    )
