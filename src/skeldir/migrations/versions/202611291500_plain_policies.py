"""Policies hold no sub-select, so that their tables can be distributed."""

from skeldir.migrations.guard import run_statements

revision = "202611291500"
down_revision = "202611291020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row is touched; each table is locked for a moment."""
    run_statements("202611291500_plain_policies.sql")


def downgrade() -> None:
    run_statements("202611291500_back.sql")
