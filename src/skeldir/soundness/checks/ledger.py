"""LEDGER: credit does not add up to the money, sums do not follow from the facts, or money is no integer."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, LiteralString

from psycopg.rows import dict_row

from skeldir.soundness.checks.bounds import APP
from skeldir.soundness.checks.views import in_short, read_facts
from skeldir.soundness.contract import Check
from skeldir.soundness.crediting import COLUMNS, credit_orders
from skeldir.soundness.evidence import equals, matches, same_as
from skeldir.soundness.proof import Proof
from skeldir.soundness.recompute import (
    Facts,
    Rows,
    allocation_summary,
    channel_days,
    revenue_days,
    write_rows,
    write_table,
)

_SOME_ROWS: Final = matches(r".*\([1-9]\d* rows?\)")
_SOME_ROWS_IN_SHORT: Final = matches(r"(?!.*\(0 rows\)).*\(\d+ rows?\).*")

# Money without a capture of its order waits for it, and is credited to nobody.
_ENTRIES: Final = """
    SELECT m.model_version, e.order_id, e.currency, sum(e.amount_cents)::bigint AS cents
    FROM public.revenue_ledger e JOIN public.attribution_models m ON m.is_active
    WHERE EXISTS (SELECT FROM public.revenue_ledger c WHERE c.order_id = e.order_id AND c.kind = 'capture')
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
_CREDITS: Final = """
    SELECT a.model_version, a.order_id, a.currency, sum(a.allocated_cents)::bigint AS cents
    FROM public.attribution_allocations a
    JOIN public.attribution_models m ON m.model_version = a.model_version AND m.is_active
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
_ENTRIES_NOT_CREDITED: Final = """
    SELECT m.model_version, e.business_key, e.amount_cents, sum(a.allocated_cents) AS allocated_cents,
           count(*) FILTER (WHERE a.currency <> e.currency) AS other_currency
    FROM public.revenue_ledger e JOIN public.attribution_models m ON m.is_active
    LEFT JOIN public.attribution_allocations a ON a.entry_id = e.id AND a.model_version = m.model_version
    GROUP BY m.model_version, e.id, e.business_key, e.order_id, e.amount_cents
    HAVING coalesce(sum(a.allocated_cents), 0) <> CASE WHEN EXISTS (
               SELECT FROM public.revenue_ledger c WHERE c.order_id = e.order_id AND c.kind = 'capture')
                                                       THEN e.amount_cents ELSE 0 END
        OR count(*) FILTER (WHERE a.currency <> e.currency) > 0
    ORDER BY 1, 2"""
_CREDITS_OF_NOTHING: Final = """
    SELECT a.model_version, a.order_id, a.entry_id, a.allocated_cents FROM public.attribution_allocations a
    WHERE NOT EXISTS (SELECT FROM public.revenue_ledger e WHERE e.id = a.entry_id AND e.order_id = a.order_id)
    ORDER BY 1, 2, 3"""

_MODELS: Final = """
    SELECT model_version, model, lookback_days, after_conversion, half_life_days, is_active
    FROM public.attribution_models ORDER BY 1"""
_MODELS_EXPECTED: Final = """\
model_version | model | lookback_days | after_conversion | half_life_days | is_active
first_touch@1 | first_touch | 30 | keep | 7 | True
last_non_direct@1 | last_non_direct | 30 | keep | 7 | True
last_touch@1 | last_touch | 30 | keep | 7 | True
linear@1 | linear | 30 | keep | 7 | True
position_based@1 | position_based | 30 | keep | 7 | True
time_decay@1 | time_decay | 30 | keep | 7 | True
(6 rows)"""
# The order by all columns in turn, as `write_table` writes what was recomputed.
_ALLOCATIONS: Final = """
    SELECT a.order_id, e.business_key, a.model_version, a.channel_code, a.entry_date, a.currency, a.allocated_cents,
           a.conversion_ppt
    FROM public.attribution_allocations a JOIN public.revenue_ledger e ON e.id = a.entry_id
    ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"""

_ROLLUPS: Final = MappingProxyType[str, tuple[str, LiteralString]](
    {
        "rollup_revenue_day": (
            "revenue_date currency state amount_cents entries orders last_entry_at",
            """SELECT revenue_date, currency, state, amount_cents, entries, orders, last_entry_at
               FROM public.rollup_revenue_day ORDER BY 1, 2, 3, 4, 5, 6, 7""",
        ),
        "rollup_channel_day": (
            "model_version channel_code revenue_date currency conversion_ppt credited_cents spend_cents",
            """SELECT model_version, channel_code, revenue_date, currency, conversion_ppt, credited_cents, spend_cents
               FROM public.rollup_channel_day ORDER BY 1, 2, 3, 4, 5, 6, 7""",
        ),
        "rollup_allocation_day": (
            "model_version revenue_date currency ledger_cents awaiting_capture_cents allocated_cents",
            """SELECT model_version, revenue_date, currency, ledger_cents, awaiting_capture_cents, allocated_cents
               FROM public.rollup_allocation_day ORDER BY 1, 2, 3, 4, 5, 6""",
        ),
    }
)

_ALL_REFUNDED: Final = """
    SELECT order_id, currency, captured_cents, refunded_cents, balance_cents FROM public.order_balances
    WHERE state = 'refunded' ORDER BY 1, 2"""
_THEIR_CREDIT: Final = """
    SELECT b.order_id, a.model_version, a.channel_code, sum(a.allocated_cents)::bigint AS cents
    FROM public.order_balances b
    JOIN public.attribution_allocations a ON a.order_id = b.order_id AND a.currency = b.currency
    WHERE b.state = 'refunded' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""

_DRIFT: Final = """
    SELECT model_version, currency, sum(ledger_cents) AS ledger_cents, sum(awaiting_capture_cents) AS awaiting_cents,
           sum(allocated_cents) AS allocated_cents, sum(abs(drift_cents)) AS drift_cents,
           bool_and(is_balanced) AS is_balanced
    FROM public.allocation_summary GROUP BY 1, 2 ORDER BY 1, 2"""

# `revenue_cents` of the touches is the contract's own column; the program writes no money there.
_MONEY_COLUMNS: Final = """
    SELECT c.relname AS relation, a.attname AS amount, format_type(a.atttypid, a.atttypmod) AS type,
           EXISTS (SELECT FROM pg_attribute b WHERE b.attrelid = c.oid AND b.attname = 'currency') AS has_currency
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
      AND a.attname LIKE '%\\_cents' AND (c.relname, a.attname) <> ('attribution_events', 'revenue_cents')
    ORDER BY 1, 2"""
_INEXACT_COLUMNS: Final = """
    SELECT c.relname AS relation, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0
      AND a.atttypid IN ('real'::regtype, 'double precision'::regtype, 'money'::regtype)
    ORDER BY 1, 2"""
_MONEY_OF_TOUCHES: Final = """
    SELECT count(*) AS rows FROM public.attribution_events WHERE revenue_cents IS NOT NULL"""


def _prove_credits(proof: Proof) -> None:
    world = proof.ground.world
    for tenant in (world.a, world.b):
        with proof.session(APP, world.database, tenant=tenant) as session:
            session.ask(_ENTRIES, expect=_SOME_ROWS)
            session.ask(_CREDITS, expect=same_as(len(proof.steps)))
            session.ask(_ENTRIES_NOT_CREDITED, expect=matches(r"[^\n]*\n\(0 rows\)"))
            session.ask(_CREDITS_OF_NOTHING, expect=matches(r"[^\n]*\n\(0 rows\)"))


def _prove_models(proof: Proof) -> None:
    world = proof.ground.world
    for tenant in (world.a, world.b):
        with proof.session(APP, world.database, tenant=tenant) as session:
            session.ask(_MODELS, expect=equals(_MODELS_EXPECTED))
            cursor = session.connection.cursor(row_factory=dict_row)
            expected = credit_orders(
                cursor.execute("SELECT * FROM public.revenue_ledger").fetchall(),
                cursor.execute("SELECT * FROM public.attribution_events").fetchall(),
                cursor.execute("SELECT * FROM public.attribution_models").fetchall(),
            )
            shown = session.connection.execute(_ALLOCATIONS).fetchall()
        tables = {"attribution_allocations": write_table(COLUMNS, expected)}
        proof.read(
            "number and SHA-256 of the allocations that the six models must give the orders of this tenant, recomputed "
            "in plain Python (skeldir.soundness.crediting) from revenue_ledger, attribution_events and "
            "attribution_models, as app_user reads them",
            in_short(tables),
            expect=_SOME_ROWS_IN_SHORT,
        )
        proof.read(
            "number and SHA-256 of the rows that app_user reads in attribution_allocations of this tenant",
            in_short({"attribution_allocations": write_rows(COLUMNS, shown)}, tables),
            expect=same_as(len(proof.steps)),
        )


def _prove_rollups(proof: Proof) -> None:
    world = proof.ground.world
    for tenant in (world.a, world.b):
        with proof.session(APP, world.database, tenant=tenant) as session:
            rows = _rollups(read_facts(session, tenant))
            expected = {
                rollup: write_table(columns.split(), rows[rollup])
                for rollup, (columns, _) in _ROLLUPS.items()
            }
            shown = {
                rollup: write_rows(columns.split(), session.connection.execute(asked).fetchall())
                for rollup, (columns, asked) in _ROLLUPS.items()
            }
        proof.read(
            "number and SHA-256 of the rows that the three rollups must hold of this tenant, recomputed in plain "
            "Python (skeldir.soundness.recompute) from revenue_ledger, attribution_allocations, attribution_models "
            "and spend, as app_user reads them",
            in_short(expected),
            expect=_SOME_ROWS_IN_SHORT,
        )
        proof.read(
            "number and SHA-256 of the rows that app_user reads in the rollups of this tenant",
            in_short(shown, expected),
            expect=same_as(len(proof.steps)),
        )


def _rollups(facts: Facts) -> dict[str, Rows]:
    return {
        "rollup_revenue_day": revenue_days(facts),
        "rollup_channel_day": channel_days(facts),
        "rollup_allocation_day": {row[:6] for row in allocation_summary(facts)},
    }


def _prove_refunded(proof: Proof) -> None:
    world = proof.ground.world
    for tenant in (world.a, world.b):
        with proof.session(APP, world.database, tenant=tenant) as session:
            session.ask(_ALL_REFUNDED, expect=matches(r"[^\n]*\n([^\n]* \| 0\n)+\(\d+ rows?\)"))
            session.ask(_THEIR_CREDIT, expect=matches(r"[^\n]*\n([^\n]* \| 0\n)+\(\d+ rows?\)"))


def _prove_drift(proof: Proof) -> None:
    world = proof.ground.world
    for tenant in (world.a, world.b):
        with proof.session(APP, world.database, tenant=tenant) as session:
            session.ask(_DRIFT, expect=matches(r"[^\n]*\n([^\n]* \| 0 \| True\n)+\(\d+ rows?\)"))


def _prove_money(proof: Proof) -> None:
    world = proof.ground.world
    with proof.session(APP, world.database) as session:
        session.ask(
            _MONEY_COLUMNS,
            # Sums over all days may be larger than any one amount; numeric of sums of integers is exact.
            expect=matches(
                r"[^\n]*\n((((mv_)?realtime_revenue|credit_journal) [^\n]* numeric|[^\n]* \| bigint) \| True\n)+\(\d+ rows\)"
            ),
        )
        session.ask(_INEXACT_COLUMNS, expect=equals("relation | column | type\n(0 rows)"))
    for tenant in (world.a, world.b):
        with proof.session(APP, world.database, tenant=tenant) as session:
            session.ask(_MONEY_OF_TOUCHES, expect=equals("rows\n0\n(1 row)"))


CHECKS: Final = (
    Check(
        "LEDGER/credits",
        "By each model version the credit of each order, and of each of its entries, is its money, to the cent.",
        _prove_credits,
    ),
    Check(
        "LEDGER/models",
        "Each entry credits the channels that its order's touches and the rules of the six models give, to the cent.",
        _prove_models,
    ),
    Check(
        "LEDGER/rollups",
        "The daily rollups of both tenants hold what their facts add up to, row by row.",
        _prove_rollups,
    ),
    Check(
        "LEDGER/refunded",
        "An order that was refunded whole, in uneven parts, leaves 0 on every channel by every model version.",
        _prove_refunded,
    ),
    Check(
        "LEDGER/drift",
        "Per model version and currency, ledger money less what awaits its capture is the allocated money: drift 0.",
        _prove_drift,
    ),
    Check(
        "LEDGER/money",
        "Money is a whole number of its currency's smallest unit, with the currency beside it, and never a float.",
        _prove_money,
    ),
)
