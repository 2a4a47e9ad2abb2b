"""The channel view, its reader and the open periods say that they are about the day of the ledger entry."""

from skeldir.migrations.guard import run_statements

revision = "202611281300"
down_revision = "202611281200"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A view of its own revision: tables and views are not changed in one."""
    run_statements("202611281300_views_of_a_basis.sql")


def downgrade() -> None:
    run_statements("202611281300_back.sql")
