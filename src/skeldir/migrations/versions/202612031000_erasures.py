"""Personal traces of orders and journeys can be erased, with receipts; privacy requests of shops are stored."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612031000"
down_revision = "202612030900"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables and a function; no existing row is touched."""
    run_statements("202612031000_erasures.sql")


def downgrade() -> None:
    """A receipt proves that a duty was fulfilled, and a request that there is one."""
    refuse_downgrade_with_rows(revision, ("erasures", "privacy_requests"))
    run_statements("202612031000_back.sql")
