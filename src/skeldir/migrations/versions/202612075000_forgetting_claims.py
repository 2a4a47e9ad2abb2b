"""Claimed orders are deleted after 90 days, and payments with flags have an index."""

from skeldir.migrations.guard import run_statements

revision = "202612075000"
down_revision = "202612074000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A function and two indexes; no existing row is touched."""
    run_statements("202612075000_forgetting_claims.sql")


def downgrade() -> None:
    """Functions and indexes hold no data; nothing is lost."""
    run_statements("202612075000_back.sql")
