"""A notification when keys end, for the processes that remember keys."""

from skeldir.migrations.guard import driver_connection, run_statements

revision = "202611270900"
down_revision = "202611261300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_statements("202611270900_notify_keys_ended.sql")


def downgrade() -> None:
    """The API of an older version looks each key up at each request, and needs no notification."""
    connection = driver_connection()
    connection.execute("SET ROLE skeldir_owner")
    connection.execute("DROP TRIGGER notify_keys_ended ON public.api_keys")
    connection.execute("DROP TRIGGER notify_keys_truncated ON public.api_keys")
    connection.execute("DROP FUNCTION public.notify_keys_ended()")
    connection.execute("RESET ROLE")
