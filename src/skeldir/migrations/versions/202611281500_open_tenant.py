"""A transaction is bound to its tenant and reads the tenant's profile by one statement."""

from skeldir.migrations.guard import run_statements

revision = "202611281500"
down_revision = "202611281400"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No table is touched."""
    run_statements("202611281500_open_tenant.sql")


def downgrade() -> None:
    run_statements("202611281500_back.sql")
