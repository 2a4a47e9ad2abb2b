"""The facts that stand, as views; state and balance of an order are derived from them."""

from skeldir.migrations.guard import run_statements

revision = "202612011001"
down_revision = "202612011000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Views only: they cannot be changed in the transaction that changes tables where those are distributed."""
    run_statements("202612011001_standing_facts.sql")


def downgrade() -> None:
    run_statements("202612011001_back.sql")
