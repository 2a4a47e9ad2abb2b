"""What came out of each audit of a tenant is kept."""

from skeldir.migrations.guard import run_statements

revision = "202611281600"
down_revision = "202611281500"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table of its own, and no row of any other."""
    run_statements("202611281600_audits.sql")


def downgrade() -> None:
    run_statements("202611281600_back.sql")
