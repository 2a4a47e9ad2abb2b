"""Imports count their replays, and know when facts that they repeated are taken back; withdrawn touches stay a day."""

from skeldir.migrations.guard import run_statements

revision = "202612021100"
down_revision = "202612011300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replays of earlier versions came with the delivery of their import, and can only be taken back with it."""
    run_statements("202612021100_replays.sql")


def downgrade() -> None:
    run_statements("202612021100_back.sql")
