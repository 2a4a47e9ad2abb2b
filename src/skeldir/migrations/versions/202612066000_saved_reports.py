"""Saved reports: addresses of reports that a tenant's members open again, each under a name."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612066000"
down_revision = "202612065000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table; no existing row is touched."""
    run_statements("202612066000_saved_reports.sql")


def downgrade() -> None:
    """What people have saved cannot be had again."""
    refuse_downgrade_with_rows(revision, ("saved_reports",))
    run_statements("202612066000_back.sql")
