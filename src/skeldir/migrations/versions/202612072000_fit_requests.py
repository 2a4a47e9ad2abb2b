"""Fits that were asked for, which a job makes."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612072000"
down_revision = "202612071000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table; no existing row is touched."""
    run_statements("202612072000_fit_requests.sql")


def downgrade() -> None:
    """The fits stay; who asked for them, and what was refused, could not be found again."""
    refuse_downgrade_with_rows(revision, ("fit_requests",))
    run_statements("202612072000_back.sql")
