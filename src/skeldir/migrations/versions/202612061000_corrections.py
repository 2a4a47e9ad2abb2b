"""Corrections of single touches: the channel that somebody gave a touch, whatever rules say."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612061000"
down_revision = "202612051500"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table; no existing row is touched."""
    run_statements("202612061000_corrections.sql")


def downgrade() -> None:
    """Channels that somebody chose, and who, when and why, cannot be had again."""
    refuse_downgrade_with_rows(revision, ("touch_corrections",))
    run_statements("202612061000_back.sql")
