"""Write keys with their terms, and orders that are only claimed."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612074000"
down_revision = "202612073000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables and a new scope; no existing row is touched."""
    run_statements("202612074000_write_keys.sql")


def downgrade() -> None:
    """Without its terms, a write key would be one that an older version does not know."""
    refuse_downgrade_with_rows(revision, ("key_terms", "claimed_orders"))
    run_statements("202612074000_back.sql")
