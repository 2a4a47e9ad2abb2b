"""An index of the journal of credit by day, for reports of what was known at an earlier moment."""

from skeldir.migrations.guard import run_statements

revision = "202612051100"
down_revision = "202612041000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row is touched; the journal is locked against writing while the index is built."""
    run_statements("202612051100_known_at.sql")


def downgrade() -> None:
    """The index holds nothing that the journal does not."""
    run_statements("202612051100_back.sql")
