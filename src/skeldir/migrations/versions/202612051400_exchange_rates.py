"""Exchange rates of a tenant by source and day, with every revision."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612051400"
down_revision = "202612051300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table; no existing row is touched."""
    run_statements("202612051400_exchange_rates.sql")


def downgrade() -> None:
    """A rate that somebody set by hand, and what a report was converted by, cannot be had again."""
    refuse_downgrade_with_rows(revision, ("exchange_rates",))
    run_statements("202612051400_back.sql")
