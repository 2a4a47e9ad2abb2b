"""Readers of canonical views read the view and the older days one after the other."""

from skeldir.migrations.guard import run_statements

revision = "202611291020"
down_revision = "202611291010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Neither views nor rows are changed."""
    run_statements("202611291020_readers_of_one_side.sql")


def downgrade() -> None:
    run_statements("202611291020_back.sql")
