"""Passkeys of users, by which they sign in without a password."""

from skeldir.migrations.guard import run_statements

revision = "202612065000"
down_revision = "202612064000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table and functions; sessions may say that they began by a passkey."""
    run_statements("202612065000_passkeys.sql")


def downgrade() -> None:
    """Sessions that began by a passkey end; users add their passkeys again after the next upgrade."""
    run_statements("202612065000_back.sql")
