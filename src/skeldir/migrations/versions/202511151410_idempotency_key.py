"""attribution_events.idempotency_key, back-filled and then required."""

from skeldir.migrations.guard import MigrationRefused, driver_connection, refuse_downgrade_with_rows

revision = "202511151410"
down_revision = "202511151400"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Back-fill with FORCE ROW LEVEL SECURITY lifted and restored in this one transaction, and count.

    Under FORCE the owner would update zero rows and report success. A failure rolls the lifting back too.
    """
    connection = driver_connection()
    connection.execute("SET ROLE skeldir_owner")
    connection.execute(
        'ALTER TABLE public.attribution_events ADD COLUMN idempotency_key text COLLATE "C"'
    )
    connection.execute("ALTER TABLE public.attribution_events NO FORCE ROW LEVEL SECURITY")
    updated = connection.execute(
        "UPDATE public.attribution_events SET idempotency_key = 'event:' || id::text WHERE idempotency_key IS NULL"
    ).rowcount
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE idempotency_key IS NULL) FROM public.attribution_events"
    ).fetchone()
    connection.execute("ALTER TABLE public.attribution_events FORCE ROW LEVEL SECURITY")
    if row != (updated, 0):
        raise MigrationRefused(
            f"The back-fill of idempotency_key reached {updated} rows, but the table holds {row}.",
            cure="Nothing was changed; look for triggers or rules on attribution_events.",
        )
    connection.execute(
        """
        ALTER TABLE public.attribution_events ALTER COLUMN idempotency_key SET NOT NULL,
            ADD CONSTRAINT attribution_events_idempotency UNIQUE (tenant_id, idempotency_key)
        """
    )
    connection.execute("RESET ROLE")


def downgrade() -> None:
    refuse_downgrade_with_rows(revision, ("attribution_events",))
    driver_connection().execute(
        b"""
        SET ROLE skeldir_owner;
        ALTER TABLE public.attribution_events DROP COLUMN idempotency_key;
        ALTER TABLE public.attribution_events FORCE ROW LEVEL SECURITY;
        RESET ROLE;
        """
    )
