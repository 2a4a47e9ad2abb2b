"""An import remembers how many rows its conditions skipped, over all its runs."""

from skeldir.migrations.guard import run_statements

revision = "202612010900"
down_revision = "202611291500"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Imports of earlier versions count 0: what they skipped was only told."""
    run_statements("202612010900_skipped_rows.sql")


def downgrade() -> None:
    run_statements("202612010900_back.sql")
