"""Sums of credit are kept by basis, as the journal is: which day of the money they are about."""

from skeldir.migrations.guard import run_statements

revision = "202611281200"
down_revision = "202611281100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """All sums that are there are those of the day of the ledger entry."""
    run_statements("202611281200_basis_of_sums.sql")


def downgrade() -> None:
    run_statements("202611281200_back.sql")
