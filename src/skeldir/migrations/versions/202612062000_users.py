"""People: users, their sessions, their memberships of tenants, invitations, and what they did."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612062000"
down_revision = "202612061000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables and functions; no existing row is touched."""
    run_statements("202612062000_users.sql")


def downgrade() -> None:
    """Members of tenants, and the log of what they did, cannot be had again."""
    refuse_downgrade_with_rows(revision, ("memberships", "audit_log"))
    run_statements("202612062000_back.sql")
