"""Credit as changes of a day's sums, views that hold 35 days, and totals that hold any amount."""

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
        DROP VIEW public.realtime_revenue;
        DROP MATERIALIZED VIEW public.mv_realtime_revenue;
        CREATE MATERIALIZED VIEW public.mv_realtime_revenue AS
        SELECT tenant_id,
               currency,
               coalesce(sum(amount_cents) FILTER (WHERE state = 'captured'), 0)::bigint AS captured_cents,
               coalesce(sum(amount_cents) FILTER (WHERE state IN ('refunded', 'refund_reversed', 'awaiting_capture')),
                        0)::bigint
                   AS refunded_cents,
               coalesce(sum(amount_cents) FILTER (
                   WHERE state IN ('disputed', 'dispute_reversed', 'dispute_awaiting_capture')), 0)::bigint
                   AS disputed_cents,
               sum(amount_cents)::bigint AS net_cents,
               sum(orders)::bigint AS orders,
               max(last_entry_at) AS last_entry_at
        FROM public.rollup_revenue_day
        GROUP BY tenant_id, currency
        WITH NO DATA;
        CREATE UNIQUE INDEX idx_mv_realtime_revenue ON public.mv_realtime_revenue (tenant_id, currency);
        CREATE VIEW public.realtime_revenue WITH (security_barrier) AS
        SELECT * FROM public.mv_realtime_revenue WHERE tenant_id = (SELECT public.current_tenant_id());
        GRANT MAINTAIN ON public.mv_realtime_revenue TO app_user;
        GRANT SELECT ON public.realtime_revenue TO app_user;
        REFRESH MATERIALIZED VIEW public.mv_realtime_revenue;
        RESET ROLE;
        REVOKE CREATE ON SCHEMA public FROM matview_owner;
        """
    )
