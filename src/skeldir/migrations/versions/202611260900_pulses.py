"""When each periodic task last ran, in a table: what is overdue is found there and not from messages."""

from skeldir.migrations.guard import driver_connection, run_sql

revision = "202611260900"
down_revision = "202611231300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("202611260900_pulses.sql")


def downgrade() -> None:
    driver_connection().execute(
        b"""
        SET ROLE skeldir_owner;
        CREATE OR REPLACE FUNCTION public.tenants_with_dirty_days() RETURNS SETOF uuid
        LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = pg_catalog
        AS $$ SELECT DISTINCT tenant_id FROM public.dirty_days ORDER BY 1 $$;
        DROP TABLE public.pulses;
        RESET ROLE;
        """
    )
