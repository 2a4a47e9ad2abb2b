"""Deleting a tenant, with a receipt, and a retention of refused items."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_sql

revision = "202611261300"
down_revision = "202611261200"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("202611261300_tenant_deletions.sql")


def downgrade() -> None:
    """A receipt cannot be worked out again; and the tenants whose rows are on their way would be let in again."""
    refuse_downgrade_with_rows(revision, ("tenant_deletions",))
    run_sql("202611261300_back.sql")
