"""Lift tests: what experiments measured of channels."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612071000"
down_revision = "202612070000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table; no existing row is touched."""
    run_statements("202612071000_lift_tests.sql")


def downgrade() -> None:
    """A file could be imported again, but not what it said before."""
    refuse_downgrade_with_rows(revision, ("lift_tests",))
    run_statements("202612071000_back.sql")
