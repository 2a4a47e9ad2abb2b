"""Weekly digests and alerts: where they are sent to, what was sent, and what is wrong with a tenant's data."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612064000"
down_revision = "202612063000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables; no existing row is touched."""
    run_statements("202612064000_notices.sql")


def downgrade() -> None:
    """Destinations, with their secrets, cannot be had again."""
    refuse_downgrade_with_rows(revision, ("notice_destinations",))
    run_statements("202612064000_back.sql")
