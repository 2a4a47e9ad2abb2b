"""Identities of users at an OpenID Connect provider, and browsers that are on their way there."""

from skeldir.migrations.guard import run_statements

revision = "202612063000"
down_revision = "202612062000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables and functions; sessions may say that they were begun at a provider."""
    run_statements("202612063000_identities.sql")


def downgrade() -> None:
    """Sessions that were begun at a provider end; users connect their identities again after the next upgrade."""
    run_statements("202612063000_back.sql")
