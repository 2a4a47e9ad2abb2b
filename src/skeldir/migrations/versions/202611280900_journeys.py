"""Packed journeys instead of stored credit, and a journal of what changes the sums."""

from skeldir.migrations.guard import (
    MigrationRefused,
    driver_connection,
    refuse_downgrade_with_rows,
    run_statements,
)

revision = "202611280900"
down_revision = "202611270900"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, bring the sums up to date, open the journal with them, and mark the orders to be packed.

    Packing is left to credit runs: so it goes on where it was stopped, however many orders there are.

    Raises:
        MigrationRefused: sums differ from the allocations that they are sums of.
    """
    run_statements("202611280900_journeys.sql")
    run_statements("202611280900_sums.sql")
    connection = driver_connection()
    connection.execute("SET ROLE skeldir_owner")
    row = connection.execute(
        """
        SELECT count(*)
        FROM (SELECT a.tenant_id, a.entry_date AS day, a.model_version, a.channel_code, a.currency,
                     sum(a.conversion_ppt) AS ppt, sum(a.allocated_cents) AS cents, count(*) AS allocations
              FROM public.kept_allocations a
              JOIN public.attribution_models m
                ON m.tenant_id = a.tenant_id AND m.model_version = a.model_version AND m.is_active
              GROUP BY a.tenant_id, a.entry_date, a.model_version, a.channel_code, a.currency) a
        FULL JOIN (SELECT * FROM public.rollup_channel_day WHERE allocations <> 0) r
          ON r.tenant_id = a.tenant_id AND r.revenue_date = a.day AND r.model_version = a.model_version
         AND r.channel_code = a.channel_code AND r.currency = a.currency
        WHERE (a.ppt, a.cents, a.allocations) IS DISTINCT FROM (r.conversion_ppt, r.credited_cents, r.allocations)
        """
    ).fetchone()
    connection.execute("RESET ROLE")
    if row != (0,):
        raise MigrationRefused(
            f"{row and row[0]} sums of credit differ from the allocations that they are sums of.",
            cure="Nothing was changed. Have the version before sum all days up: `skeldir refresh`.",
        )
    run_statements("202611280900_end.sql")


def downgrade() -> None:
    """Journeys of forgotten touches, and the journal, cannot be worked out again."""
    refuse_downgrade_with_rows(
        revision, ("order_journeys", "kept_allocations", "credit_journal", "restatements")
    )
    run_statements("202611280900_back.sql")
