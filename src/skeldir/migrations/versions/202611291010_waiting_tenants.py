"""A list of the tenants that may have orders to credit or days to sum."""

from skeldir.migrations.guard import driver_connection, run_statements

revision = "202611291010"
down_revision = "202611291000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tenants with marks are listed; programs of the version before, which list none, must have been stopped."""
    run_statements("202611291010_waiting_tenants.sql")
    _list_tenants_with_marks()
    run_statements("202611291010_readers_of_marks.sql")


def _list_tenants_with_marks() -> None:
    """Insert a row per tenant and work. The owner sees all marks by its policies, and the list has none yet."""
    connection = driver_connection()
    connection.execute("SET ROLE skeldir_owner")
    rows = connection.execute(
        """
        SELECT m.tenant_id, 'credit', min(m.marked_at)
        FROM (SELECT tenant_id, marked_at FROM public.dirty_orders
              UNION ALL SELECT tenant_id, marked_at FROM public.dirty_journeys
              UNION ALL SELECT tenant_id, began_at FROM public.restatements WHERE after_order_id IS NOT NULL) m
        GROUP BY m.tenant_id
        UNION ALL
        SELECT d.tenant_id, 'days', min(d.marked_at) FROM public.dirty_days d GROUP BY d.tenant_id
        """
    ).fetchall()
    connection.execute(
        """
        INSERT INTO public.waiting_tenants (tenant_id, work, since)
        SELECT w.tenant_id, w.work, w.since
        FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS w (tenant_id, work, since)
        RETURNING 1
        """,
        ([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]),
    )
    connection.execute("RESET ROLE")


def downgrade() -> None:
    """The list follows from the marks, so nothing is lost."""
    run_statements("202611291010_back.sql")
