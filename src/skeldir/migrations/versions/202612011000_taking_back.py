"""Facts know what brought them, and can be taken back by facts."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612011000"
down_revision = "202612010900"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row is rewritten; the unique keys of touches and entries are built again, which takes time on large tables."""
    run_statements("202612011000_taking_back.sql")


def downgrade() -> None:
    """What was taken back would count again, and nothing else says that it was."""
    refuse_downgrade_with_rows(revision, ("touch_withdrawals", "undoings"))
    run_statements("202612011000_back.sql")
