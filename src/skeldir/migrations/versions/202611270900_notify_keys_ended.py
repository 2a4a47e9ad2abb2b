"""A notification when keys end, for the processes that remember keys."""

from skeldir.migrations.guard import driver_connection, run_sql

revision = "202611270900"
down_revision = "202611261300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("202611270900_notify_keys_ended.sql")


def downgrade() -> None:
    """The API of an older version looks each key up at each request, and needs no notification."""
    driver_connection().execute(
        b"""
        SET ROLE skeldir_owner;
        DROP TRIGGER notify_keys_ended ON public.api_keys;
        DROP TRIGGER notify_keys_truncated ON public.api_keys;
        DROP FUNCTION public.notify_keys_ended();
        RESET ROLE;
        """
    )
