"""Users can be deleted, with their sessions, links, identities and passkeys."""

from skeldir.migrations.guard import run_statements

revision = "202612067000"
down_revision = "202612066000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A function, and foreign keys of small tables; no existing row is touched."""
    run_statements("202612067000_deleting_users.sql")


def downgrade() -> None:
    """Whoever was deleted stays so."""
    run_statements("202612067000_back.sql")
