"""Packed journeys instead of stored credit, and a journal of what changes the sums."""

from skeldir.migrations.guard import (
    MigrationRefused,
    driver_connection,
    refuse_downgrade,
    run_statements,
)

revision = "202611280900"
down_revision = "202611270900"
branch_labels = None
depends_on = None

# Their owner reads or changes rows of all tenants, in this one transaction.
_TABLES = (
    "tenants",
    "kept_allocations",
    "attribution_models",
    "credit_changes",
    "credit_journal",
    "credit_turns",
    "dirty_days",
    "dirty_orders",
    "rollup_channel_day",
    "spend",
)


def upgrade() -> None:
    """Make the tables, bring the sums up to date, open the journal with them, and mark the orders to be packed.

    What credit runs have left to be added to the sums is added here, since nobody adds it later. Packing is left to credit
    runs, which take an order's credit as it was for what the sums hold of it: so they go on where they were stopped.
    """
    run_statements("202611280900_journeys.sql")
    connection = driver_connection()
    connection.execute("SET ROLE skeldir_owner")
    for table in _TABLES:
        connection.execute(f"ALTER TABLE public.{table} NO FORCE ROW LEVEL SECURITY".encode())
    for statement in (_SUM_WHOLE_DAYS_FIRST, _SUM_WHOLE_DAYS, _ADD_CHANGES, _OPEN_JOURNAL, _MARK):
        connection.execute(statement)
    row = connection.execute(_COUNT_DIFFERENCES).fetchone()
    if row != (0,):
        raise MigrationRefused(
            f"{row and row[0]} sums of credit differ from the allocations that they are sums of.",
            cure="Nothing was changed. Have the version before roll all days up: `skeldir matviews refresh`.",
        )
    connection.execute("DROP TABLE public.credit_changes")
    for table in _TABLES:
        if table != "credit_changes":
            connection.execute(f"ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY".encode())
    connection.execute("RESET ROLE")


# The days that wait to be summed as a whole, as the roll-up of the version before would have.
_SUM_WHOLE_DAYS_FIRST = """
DELETE FROM public.rollup_channel_day r
USING (SELECT DISTINCT tenant_id, day FROM public.dirty_days WHERE sums = 'all') d
WHERE r.tenant_id = d.tenant_id AND r.revenue_date = d.day"""
_SUM_WHOLE_DAYS = """
INSERT INTO public.rollup_channel_day
    (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, spend_cents,
     allocations)
SELECT p.tenant_id, p.day, p.model_version, p.channel_code, p.currency,
       sum(p.conversion_ppt), sum(p.credited_cents), sum(p.spend_cents), sum(p.allocations)
FROM (
    SELECT a.tenant_id, a.entry_date AS day, a.model_version, a.channel_code, a.currency,
           a.conversion_ppt::numeric AS conversion_ppt, a.allocated_cents AS credited_cents, 0 AS spend_cents,
           1 AS allocations
    FROM public.kept_allocations a
    UNION ALL
    SELECT s.tenant_id, s.spend_date, m.model_version, s.channel_code, s.currency, 0, 0, s.amount_cents, 0
    FROM public.spend s
    JOIN public.attribution_models m ON m.tenant_id = s.tenant_id AND m.is_active
) p
JOIN (SELECT DISTINCT tenant_id, day FROM public.dirty_days WHERE sums = 'all') d
  ON d.tenant_id = p.tenant_id AND d.day = p.day
JOIN public.attribution_models m
  ON m.tenant_id = p.tenant_id AND m.model_version = p.model_version AND m.is_active
GROUP BY p.tenant_id, p.day, p.model_version, p.channel_code, p.currency
RETURNING 1"""
_ADD_CHANGES = """
INSERT INTO public.rollup_channel_day AS r
    (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, spend_cents,
     allocations)
SELECT c.tenant_id, c.revenue_date, c.model_version, c.channel_code, c.currency, sum(c.conversion_ppt),
       sum(c.credited_cents), 0, sum(c.allocations)
FROM public.credit_changes c
JOIN public.attribution_models m
  ON m.tenant_id = c.tenant_id AND m.model_version = c.model_version AND m.is_active
WHERE NOT EXISTS (SELECT FROM public.dirty_days d
                  WHERE d.tenant_id = c.tenant_id AND d.day = c.revenue_date AND d.sums = 'all')
GROUP BY c.tenant_id, c.revenue_date, c.model_version, c.channel_code, c.currency
ON CONFLICT (tenant_id, revenue_date, model_version, channel_code, currency) DO UPDATE
SET conversion_ppt = r.conversion_ppt + excluded.conversion_ppt,
    credited_cents = r.credited_cents + excluded.credited_cents,
    allocations = r.allocations + excluded.allocations"""
_OPEN_JOURNAL = """
INSERT INTO public.credit_journal
    (tenant_id, turn, changed_at, basis, revenue_date, model_version, channel_code, currency, conversion_ppt,
     credited_cents, allocations)
SELECT tenant_id, 0, now(), 'entry', revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents,
       allocations
FROM public.rollup_channel_day WHERE allocations <> 0
RETURNING 1"""
_MARK = """
INSERT INTO public.dirty_orders (tenant_id, order_id)
SELECT DISTINCT tenant_id, order_id FROM public.kept_allocations
RETURNING 1"""
_COUNT_DIFFERENCES = """
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
WHERE (a.ppt, a.cents, a.allocations) IS DISTINCT FROM (r.conversion_ppt, r.credited_cents, r.allocations)"""


def downgrade() -> None:
    """Journeys of forgotten touches, and the journal, cannot be worked out again."""
    refuse_downgrade(revision, "the packed journeys and the journal of their credit")
