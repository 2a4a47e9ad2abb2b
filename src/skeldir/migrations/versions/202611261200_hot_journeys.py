"""Marks of whole journeys, deferred marks, the turn of a tenant's credit, and orders that are set aside."""

from skeldir.migrations.guard import driver_connection, run_sql

revision = "202611261200"
down_revision = "202611261000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("202611261200_hot_journeys.sql")


def downgrade() -> None:
    """Marks of journeys become marks of their orders, and what was set aside is tried again; nothing is lost.

    FORCE ROW LEVEL SECURITY is lifted and restored in this one transaction: under it the owner would see no mark.
    """
    driver_connection().execute(
        b"""
        SET ROLE skeldir_owner;
        ALTER TABLE public.dirty_journeys NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE public.orders_set_aside NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE public.revenue_ledger NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE public.dirty_orders NO FORCE ROW LEVEL SECURITY;
        INSERT INTO public.dirty_orders (tenant_id, order_id)
            SELECT DISTINCT l.tenant_id, l.order_id
            FROM public.dirty_journeys j
            JOIN public.revenue_ledger l
              ON l.tenant_id = j.tenant_id AND l.journey_key = j.journey_key AND l.kind = 'capture'
             AND l.occurred_at BETWEEN j.first_moment AND j.last_moment
            UNION SELECT tenant_id, order_id FROM public.orders_set_aside;
        ALTER TABLE public.dirty_orders FORCE ROW LEVEL SECURITY;
        ALTER TABLE public.revenue_ledger FORCE ROW LEVEL SECURITY;
        DROP FUNCTION public.set_aside_counts(), public.tenants_without_credit_job(text, timestamptz, integer);
        CREATE OR REPLACE FUNCTION public.tenants_with_dirty_orders() RETURNS SETOF uuid
        LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = pg_catalog
        AS $$ SELECT DISTINCT tenant_id FROM public.dirty_orders ORDER BY 1 $$;
        CREATE OR REPLACE FUNCTION public.credit_backlog() RETURNS TABLE (marks bigint, oldest_marked_at timestamptz)
        LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = pg_catalog
        AS $$ SELECT count(*), min(d.marked_at) FROM public.dirty_orders d $$;
        DROP TABLE public.orders_set_aside, public.credit_turns, public.dirty_journeys;
        DROP INDEX public.dirty_orders_deferred;
        ALTER TABLE public.dirty_orders DROP COLUMN is_deferred;
        RESET ROLE;
        """
    )
