"""Dead events of known keys are kept without a search for personal ones."""

from skeldir.migrations.guard import run_statements

revision = "202611281100"
down_revision = "202611281000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What the guard lets through stays the same."""
    run_statements("202611281100_dead_event_keys.sql")


def downgrade() -> None:
    run_statements("202611281100_back.sql")
