"""Touches with channels, the ledger, credit, API keys, dead letters and imports."""

from skeldir.migrations.guard import driver_connection, refuse_downgrade_with_rows, run_sql

revision = "202611230900"
down_revision = "202512201000"
branch_labels = None
depends_on = None

_TABLES = (
    "channels",
    "api_keys",
    "revenue_ledger",
    "spend",
    "attribution_models",
    "dirty_orders",
    "attribution_allocations",
    "dead_events",
    "imports",
)


def upgrade() -> None:
    run_sql("202611230900_ledger_and_credit.sql")


def downgrade() -> None:
    """Tenants and their journey secrets stay bound to touches, so a database with rows does not go back."""
    refuse_downgrade_with_rows(revision, (*_TABLES, "attribution_events", "tenants"))
    driver_connection().execute(
        f"""
        SET ROLE skeldir_owner;
        DROP VIEW public.order_balances;
        DROP FUNCTION public.find_api_key(bytea), public.tenants_with_dirty_orders();
        DROP TABLE {", ".join(f"public.{table}" for table in _TABLES)};
        DROP INDEX public.attribution_events_journey;
        ALTER TABLE public.attribution_events
            DROP CONSTRAINT touch_is_complete,
            DROP COLUMN recorded_at, DROP COLUMN journey_key, DROP COLUMN channel_code, DROP COLUMN channel_rule,
            DROP COLUMN source, DROP COLUMN medium, DROP COLUMN campaign, DROP COLUMN referrer_host,
            DROP COLUMN landing_path, DROP COLUMN click_id_kinds;
        ALTER TABLE public.tenants DROP COLUMN journey_secret;
        ALTER TABLE public.attribution_events FORCE ROW LEVEL SECURITY;
        ALTER TABLE public.tenants FORCE ROW LEVEL SECURITY;
        RESET ROLE;
        """.encode()
    )
