"""Payment webhooks: endpoints with their secrets, deliveries, and what they say of payments."""

from skeldir.migrations.guard import refuse_downgrade_with_rows, run_statements

revision = "202612030900"
down_revision = "202612021100"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables; no existing row is touched."""
    run_statements("202612030900_inbox.sql")


def downgrade() -> None:
    """Nobody else has the secrets, and a provider does not send its deliveries again."""
    refuse_downgrade_with_rows(
        revision, ("webhook_secrets", "webhook_endpoints", "webhook_deliveries")
    )
    run_statements("202612030900_back.sql")
