"""Renewals of subscriptions are summed apart, so that a report can leave them out."""

from skeldir.migrations.guard import run_statements

revision = "202612031200"
down_revision = "202612031000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables, and columns with a default: no existing row is rewritten."""
    run_statements("202612031200_renewals.sql")


def downgrade() -> None:
    """Nothing is lost that the payments do not say: the sums with renewals stay as they are."""
    run_statements("202612031200_back.sql")
