"""Journeys that ended, kept by day, so that a fit reads what is new and not all touches of its days."""

from skeldir.migrations.guard import run_statements

revision = "202612070000"
down_revision = "202612069000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables and indexes; no existing row is touched."""
    run_statements("202612070000_kept_journeys.sql")


def downgrade() -> None:
    """What was kept follows from the facts."""
    run_statements("202612070000_back.sql")
