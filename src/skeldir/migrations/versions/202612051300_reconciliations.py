"""Comparisons of what ad platforms claim with the ledger: their lines, overlaps and runs."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612051300"
down_revision = "202612051100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables, and a column without a value; no existing row is touched."""
    run_statements("202612051300_reconciliations.sql")


def downgrade() -> None:
    """What was found on an earlier day cannot be found again."""
    refuse_downgrade_with_rows(
        revision, ("reconciliations", "reconciliation_lines", "reconciliation_overlaps")
    )
    run_statements("202612051300_back.sql")
