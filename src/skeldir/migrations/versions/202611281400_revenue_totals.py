"""Totals of the money of all days, kept beside the sums of days."""

from skeldir.migrations.guard import run_statements

revision = "202611281400"
down_revision = "202611281300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the totals and fill them, of all tenants: from then on roll-ups keep them."""
    run_statements("202611281400_revenue_totals.sql")


def downgrade() -> None:
    """The totals are sums of what stays."""
    run_statements("202611281400_back.sql")
