"""Days of ad platforms: cost and claims per campaign, with every revision, and the loads that brought them."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612041000"
down_revision = "202612031200"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables; no existing row is touched."""
    run_statements("202612041000_spend.sql")


def downgrade() -> None:
    """What a platform said on an earlier day cannot be had again."""
    refuse_downgrade_with_rows(revision, ("ad_days", "ad_loads"))
    run_statements("202612041000_back.sql")
