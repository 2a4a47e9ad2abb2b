"""What came out of each audit of a tenant is kept."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202611281600"
down_revision = "202611281500"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table of its own, and no row of any other."""
    run_statements("202611281600_audits.sql")


def downgrade() -> None:
    """What an audit found, and when, is written nowhere else."""
    refuse_downgrade_with_rows(revision, ("audits",))
    run_statements("202611281600_back.sql")
