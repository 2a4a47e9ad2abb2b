"""Credit as changes of a day's sums, and views that hold 35 days."""

from skeldir.migrations.guard import MigrationRefused, driver_connection, run_sql

revision = "202611231300"
down_revision = "202611231200"
branch_labels = None
depends_on = None

_TABLES = ("rollup_channel_day", "dirty_days")


def upgrade() -> None:
    run_sql("202611231300_credit_changes.sql")
    _mark_every_day()


def _mark_every_day() -> None:
    """Have every day summed anew, which counts its allocations.

    FORCE ROW LEVEL SECURITY is lifted and restored in this one transaction: under it the owner would mark no day and
    report success.
    """
    connection = driver_connection()
    connection.execute("SET ROLE skeldir_owner")
    for table in _TABLES:
        connection.execute(f"ALTER TABLE public.{table} NO FORCE ROW LEVEL SECURITY".encode())
    marked = connection.execute(
        """INSERT INTO public.dirty_days (tenant_id, day)
           SELECT DISTINCT tenant_id, revenue_date FROM public.rollup_channel_day"""
    ).rowcount
    row = connection.execute(
        "SELECT count(DISTINCT (tenant_id, revenue_date)) FROM public.rollup_channel_day"
    ).fetchone()
    for table in _TABLES:
        connection.execute(f"ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY".encode())
    connection.execute("RESET ROLE")
    if row != (marked,):
        raise MigrationRefused(
            f"{marked} days were marked to be summed anew, but {row} have sums.",
            cure="Nothing was changed; look for triggers or rules on dirty_days.",
        )


def downgrade() -> None:
    """Everything is derived; what waits in the changes is summed again with its day."""
    connection = driver_connection()
    connection.execute(
        b"""
        SET ROLE skeldir_owner;
        ALTER TABLE public.credit_changes NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE public.dirty_days NO FORCE ROW LEVEL SECURITY;
        INSERT INTO public.dirty_days (tenant_id, day)
            SELECT DISTINCT tenant_id, revenue_date FROM public.credit_changes;
        ALTER TABLE public.dirty_days FORCE ROW LEVEL SECURITY;
        DROP TABLE public.credit_changes;
        REVOKE UPDATE (conversion_ppt, credited_cents, allocations) ON public.rollup_channel_day FROM app_user;
        ALTER TABLE public.rollup_channel_day DROP COLUMN allocations;
        ALTER TABLE public.dirty_days DROP COLUMN sums;
        RESET ROLE;
        GRANT CREATE ON SCHEMA public TO matview_owner;
        SET ROLE matview_owner;
        CREATE OR REPLACE VIEW public.open_periods AS
        SELECT t.id AS tenant_id,
               greatest((SELECT max(r.revenue_date) FROM public.rollup_revenue_day r WHERE r.tenant_id = t.id),
                        (SELECT max(c.revenue_date) FROM public.rollup_channel_day c WHERE c.tenant_id = t.id)) - 91
                   AS open_from
        FROM public.tenants t;
        RESET ROLE;
        REVOKE CREATE ON SCHEMA public FROM matview_owner;
        """
    )
