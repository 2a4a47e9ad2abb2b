"""Fits in force: model versions whose weights by channel a fit has estimated."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612069000"
down_revision = "202612068000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four columns without a value, and two names more that a model may have; no existing row is touched."""
    run_statements("202612069000_fits_in_force.sql")


def downgrade() -> None:
    """A fit may have been in force, and a version that reports have shown is not dropped."""
    refuse_downgrade_with_rows(revision, ("model_fits",))
    run_statements("202612069000_back.sql")
