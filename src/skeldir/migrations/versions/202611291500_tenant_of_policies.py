"""Policies work the tenant out once in a statement; without a sub-select, as on Citus, their function is inlined."""

from skeldir.migrations.guard import run_statements

revision = "202611291500"
down_revision = "202611291020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row is touched; each table is locked for a moment."""
    run_statements("202611291500_tenant_of_policies.sql")


def downgrade() -> None:
    run_statements("202611291500_back.sql")
