"""Which sum counts of the orders that SDKs report."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612073000"
down_revision = "202612072000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new column without a value; no existing row is touched."""
    run_statements("202612073000_sdk_basis.sql")


def downgrade() -> None:
    """What a tenant chose would be lost, and an earlier program cannot read the reports of SDKs."""
    refuse_downgrade_with_rows(revision, ("webhook_settings", "webhook_deliveries"))
    run_statements("202612073000_back.sql")
