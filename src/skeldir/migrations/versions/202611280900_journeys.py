"""Packed journeys instead of stored credit, and a journal of what changes the sums."""

import psycopg

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
        MigrationRefused: sums differ from the allocations that they are sums of, or no bigint holds one.
    """
    run_statements("202611280900_journeys.sql")
    try:
        run_statements("202611280900_sums.sql")
    except psycopg.errors.NumericValueOutOfRange as error:
        raise MigrationRefused(
            "No bigint holds the sums of some tenant's day.",
            cure="Nothing was changed. `matviews.sums_overflowed` in the log of the version before names the tenant:"
            " post what takes that money back, or delete the tenant, and migrate again.",
        ) from error
    _require_equal_sums()
    run_statements("202611280900_end.sql")


def _require_equal_sums() -> None:
    """Compare all sums with the allocations, but for tenants that are being deleted, in whatever order."""
    connection = driver_connection()
    connection.execute("SET ROLE skeldir_owner")
    leaving = connection.execute("SELECT tenant_id FROM public.tenant_deletions").fetchall()
    row = connection.execute(
        """
        SELECT count(*) OVER () AS differing, coalesce(a.tenant_id, r.tenant_id) AS tenant_id,
               coalesce(a.day, r.revenue_date) AS day
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
          AND coalesce(a.tenant_id, r.tenant_id) <> ALL(%s::uuid[])
        ORDER BY 2, 3
        LIMIT 1
        """,
        ([tenant_id for (tenant_id,) in leaving],),
    ).fetchone()
    connection.execute("RESET ROLE")
    if row is not None:
        differing, tenant_id, day = row
        raise MigrationRefused(
            f"{differing} sums of credit differ from the allocations that they are sums of: the first of tenant"
            f" {tenant_id}, of {day}.",
            cure="Nothing was changed. Have that tenant's days summed up again, as docs/operations.md says under"
            " Upgrade, and migrate again.",
        )


def downgrade() -> None:
    """Journeys of forgotten touches, and the journal, cannot be worked out again."""
    refuse_downgrade_with_rows(
        revision, ("order_journeys", "kept_allocations", "credit_journal", "restatements")
    )
    run_statements("202611280900_back.sql")
