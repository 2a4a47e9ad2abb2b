"""Hosts of a tenant's own, and of its payment providers, are no referrers."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612011100"
down_revision = "202612011001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table; no existing row is touched."""
    run_statements("202612011100_tenant_hosts.sql")


def downgrade() -> None:
    """Someone entered the hosts; nothing else has them. An undoing may be one that restated channels."""
    refuse_downgrade_with_rows(revision, ("tenant_hosts", "undoings"))
    run_statements("202612011100_back.sql")
