"""A list of the tenants without their names: keys, audits and whatever visits all tenants refer to it."""

from skeldir.migrations.guard import driver_connection, run_statements

revision = "202611291000"
down_revision = "202611281700"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every tenant is listed, also one that is being deleted: its keys and audits refer to the list."""
    run_statements("202611291000_registered_tenants.sql")
    _list_tenants()
    run_statements("202611291000_references.sql")


def _list_tenants() -> None:
    """Insert every tenant; the owner sees them by its policy, and row-level security is not forced on the list yet."""
    connection = driver_connection()
    connection.execute("SET ROLE skeldir_owner")
    tenants = connection.execute("SELECT id, created_at FROM public.tenants").fetchall()
    connection.execute(
        """
        INSERT INTO public.registered_tenants (tenant_id, created_at)
        SELECT t.tenant_id, t.created_at FROM unnest(%s::uuid[], %s::timestamptz[]) AS t (tenant_id, created_at)
        RETURNING 1
        """,
        ([tenant_id for tenant_id, _ in tenants], [created_at for _, created_at in tenants]),
    )
    connection.execute("RESET ROLE")


def downgrade() -> None:
    """The list follows from `tenants`, so nothing is lost."""
    run_statements("202611291000_back.sql")
