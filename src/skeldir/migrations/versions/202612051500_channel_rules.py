"""Rules of channels of a tenant's own: versions, and which one was in force when."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612051500"
down_revision = "202612051400"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables and columns; no existing row is touched."""
    run_statements("202612051500_channel_rules.sql")


def downgrade() -> None:
    """Rules that somebody wrote, and by which touches were placed, cannot be had again."""
    refuse_downgrade_with_rows(revision, ("channel_rules",))
    run_statements("202612051500_back.sql")
