"""Rollups, the five canonical views over them, and their filtered readers."""

from skeldir.migrations.guard import driver_connection, refuse_downgrade_with_rows, run_sql

revision = "202512201000"
down_revision = "202511151410"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("202512201000_views.sql")


def downgrade() -> None:
    """Rollups and views are derived; only a reconciliation run would be lost."""
    refuse_downgrade_with_rows(revision, ("reconciliation_runs",))
    driver_connection().execute(
        b"""
        SET ROLE matview_owner;
        DROP VIEW public.realtime_revenue, public.daily_revenue_summary, public.channel_performance,
            public.allocation_summary, public.reconciliation_status;
        DROP MATERIALIZED VIEW public.mv_realtime_revenue, public.mv_daily_revenue_summary,
            public.mv_channel_performance, public.mv_allocation_summary, public.mv_reconciliation_status;
        DROP VIEW public.open_periods;
        SET ROLE skeldir_owner;
        DROP FUNCTION public.tenants_with_dirty_days();
        DROP TABLE public.rollup_revenue_day, public.rollup_channel_day, public.rollup_allocation_day,
            public.reconciliation_runs, public.dirty_days, public.rollup_changes, public.matview_refreshes;
        DROP POLICY matview_owner_reads ON public.tenants;
        DROP POLICY owner_reads ON public.tenants;
        REVOKE SELECT (id) ON public.tenants FROM matview_owner;
        RESET ROLE;
        REVOKE USAGE ON SCHEMA public FROM matview_owner;
        """
    )
