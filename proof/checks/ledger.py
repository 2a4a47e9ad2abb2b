"""LEDGER: credit does not add up to the money, sums do not follow from the facts, or money is no integer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg.rows import dict_row

from proof.checks.views import IN_SHORT, SOME_ROWS_IN_SHORT, in_short, read_facts
from proof.contract import Check
from proof.recomputed.crediting import COLUMNS, credit_orders
from proof.recomputed.explained import MONEY_COLUMNS, explain_orders, money_of_ledger
from proof.recomputed.standing import standing_entries, standing_touches
from proof.recomputed.stored import (
    ENTRY_COLUMNS,
    credit_stored,
    entries_of_ledger,
    entries_stored,
    read_stored,
)
from proof.recomputed.sums import (
    Facts,
    Rows,
    allocation_summary,
    channel_days,
    credit_days,
    revenue_days,
    revenue_totals,
    write_table,
)
from proof.stage.expectations import every, no_rows, one_row, rows, same_as, shows
from proof.stage.fits import FIT
from proof.stage.ground import APP_USER
from proof.stage.proving import Proof, Session
from proof.stage.tables import print_table
from proof.words import CREDIT_OF, LEDGER_OF

_LEDGER: Final = "SELECT * FROM public.revenue_ledger"
_TOUCHES: Final = "SELECT * FROM public.attribution_events"
_WITHDRAWALS: Final = "SELECT * FROM public.touch_withdrawals"
_IN_FORCE: Final = "SELECT * FROM public.attribution_models WHERE is_active"
_JOURNEYS: Final = """
    SELECT order_id, converted_at, previous_age, path, entries FROM public.order_journeys"""
_NUMBERS: Final = "SELECT channel_code, number FROM public.channel_numbers"

# Those of version 2 were in force while a part of the facts came.
_MODELS: Final = """
    SELECT model_version, model, lookback_days, after_conversion, half_life_days, is_active
    FROM public.attribution_models ORDER BY 1"""
_MODELS_EXPECTED: Final = shows(
    ("model_version", "model", "lookback_days", "after_conversion", "half_life_days", "is_active"),
    *sorted(
        [
            *(
                (f"{model}@{version}", model, lookback_days, "keep", 7, version == 1)
                for model in (
                    *("first_touch", "last_non_direct", "last_touch"),
                    *("linear", "position_based", "time_decay"),
                )
                for version, lookback_days in ((1, 30), (2, 20))
            ),
            (FIT, FIT.partition("@")[0], 30, "reset", 7, True),
        ]
    ),
)

_CREDIT_COLUMNS: Final = (
    "model_version channel_code revenue_date currency conversion_ppt credited_cents allocations"
)
# Each is ordered by all columns in turn, as `write_table` writes what was recomputed.
_ROLLUPS: Final = MappingProxyType[str, tuple[str, LiteralString]](
    {
        "rollup_revenue_day": (
            "revenue_date currency state amount_cents entries orders last_entry_at",
            """SELECT revenue_date, currency, state, amount_cents, entries, orders, last_entry_at
               FROM public.rollup_revenue_day ORDER BY 1, 2, 3, 4, 5, 6, 7""",
        ),
        "rollup_revenue_total": (
            "currency state amount_cents entries orders last_entry_of_currency_at",
            """SELECT currency, state, amount_cents, entries, orders, max(last_entry_at) OVER (PARTITION BY currency)
               FROM public.rollup_revenue_total WHERE entries <> 0 ORDER BY 1, 2, 3, 4, 5, 6""",
        ),
        "rollup_channel_day": (
            "model_version channel_code revenue_date currency conversion_ppt credited_cents spend_cents",
            """SELECT model_version, channel_code, revenue_date, currency, conversion_ppt, credited_cents, spend_cents
               FROM public.rollup_channel_day WHERE basis = 'entry' ORDER BY 1, 2, 3, 4, 5, 6, 7""",
        ),
        "rollup_channel_day, its credit": (
            _CREDIT_COLUMNS,
            """SELECT model_version, channel_code, revenue_date, currency, conversion_ppt, credited_cents, allocations
               FROM public.rollup_channel_day WHERE basis = 'entry' AND allocations <> 0
               ORDER BY 1, 2, 3, 4, 5, 6, 7""",
        ),
        "credit_journal, summed": (
            _CREDIT_COLUMNS,
            """SELECT model_version, channel_code, revenue_date, currency, sum(conversion_ppt), sum(credited_cents),
                      sum(allocations)
               FROM public.credit_journal WHERE basis = 'entry' GROUP BY 1, 2, 3, 4
               HAVING (sum(conversion_ppt), sum(credited_cents), sum(allocations)) <> (0, 0, 0)
               ORDER BY 1, 2, 3, 4, 5, 6, 7""",
        ),
        "rollup_allocation_day": (
            "model_version revenue_date currency ledger_cents awaiting_capture_cents allocated_cents",
            """SELECT model_version, revenue_date, currency, ledger_cents, awaiting_capture_cents, allocated_cents
               FROM public.rollup_allocation_day ORDER BY 1, 2, 3, 4, 5, 6""",
        ),
    }
)

_MONEY: Final = """
    SELECT currency, coalesce(sum(amount_cents) FILTER (WHERE kind = 'capture'), 0) AS captured_cents,
           coalesce(sum(amount_cents) FILTER (WHERE kind IN ('refund', 'refund_reversal')), 0) AS refunded_cents,
           coalesce(sum(amount_cents) FILTER (WHERE kind IN ('dispute', 'dispute_reversal')), 0) AS disputed_cents,
           sum(amount_cents) AS ledger_cents, count(*) AS entries
    FROM public.revenue_ledger GROUP BY 1 ORDER BY 1"""

_ALL_REFUNDED: Final = """
    SELECT order_id, currency, captured_cents, refunded_cents, balance_cents FROM public.order_balances
    WHERE state = 'refunded' ORDER BY 1, 2"""

_DRIFT: Final = """
    SELECT model_version, currency, sum(ledger_cents) AS ledger_cents, sum(awaiting_capture_cents) AS awaiting_cents,
           sum(allocated_cents) AS allocated_cents, sum(abs(drift_cents)) AS drift_cents,
           bool_and(is_balanced) AS is_balanced
    FROM public.allocation_summary GROUP BY 1, 2 ORDER BY 1, 2"""

# Sums over all days may be larger than any one amount; numeric of sums of integers is exact.
_SUMS_OF_ALL_DAYS: Final = (
    *("mv_realtime_revenue", "realtime_revenue", "rollup_revenue_total", "credit_journal"),
)
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


def _tenants(proof: Proof) -> tuple[tuple[str, UUID, str], ...]:
    """Return both tenants: what steps call each, its id and its key."""
    world = proof.world
    keys = (world.key_a, world.key_b)
    return tuple((*named, key) for named, key in zip(world.tenants.items(), keys, strict=True))


def _rows(session: Session, statement: LiteralString) -> list[dict[str, Any]]:
    return session.connection.cursor(row_factory=dict_row).execute(statement).fetchall()


def _compare(proof: Proof, name: str, expected: tuple[str, str], *shown: tuple[str, str]) -> None:
    """Record in short what a table must be, and each time that it is shown: what each is of, and the table."""
    of, table = expected
    proof.tabulate(
        f"number and SHA-256 of {of}",
        IN_SHORT,
        in_short({name: table}),
        expect=SOME_ROWS_IN_SHORT,
        name=name,
    )
    for other_of, other in shown:
        proof.tabulate(
            f"number and SHA-256 of {other_of}",
            IN_SHORT,
            in_short({name: other}, {name: table}),
            expect=same_as(name),
        )


def _prove_credits(proof: Proof) -> None:
    for whose, tenant, key in _tenants(proof):
        with proof.session(APP_USER, proof.world.database, tenant=tenant) as session:
            ledger = standing_entries(_rows(session, _LEDGER))
            versions = [row["model_version"] for row in _rows(session, _IN_FORCE)]
            stored = read_stored(_rows(session, _JOURNEYS), _rows(session, _NUMBERS))
        _compare(
            proof,
            f"the entries of {whose}",
            (
                (
                    "the entries of all orders that have a capture, from revenue_ledger as app_user reads it, with the "
                    "moment of the first capture and the place of each entry"
                ),
                write_table(ENTRY_COLUMNS, entries_of_ledger(ledger)),
            ),
            (
                (
                    "the entries that the stored journeys of this tenant count, taken apart in plain Python "
                    "(proof.recomputed.stored) from order_journeys as app_user reads it"
                ),
                write_table(ENTRY_COLUMNS, entries_stored(stored)),
            ),
        )
        explained = explain_orders(proof, key, (entry["order_id"] for entry in ledger))
        _compare(
            proof,
            f"the credit of {whose}",
            (
                "what each entry must bring by each model version: its amount, or 0 without a capture of its order",
                write_table(MONEY_COLUMNS, money_of_ledger(ledger, versions)),
            ),
            (
                "what the allocations that the answers show of each entry come to by each model version",
                write_table(MONEY_COLUMNS, explained.money),
            ),
        )


def _prove_models(proof: Proof) -> None:
    for whose, tenant, key in _tenants(proof):
        with proof.session(APP_USER, proof.world.database, tenant=tenant) as session:
            session.ask(_MODELS, expect=_MODELS_EXPECTED)
            ledger = standing_entries(_rows(session, _LEDGER))
            touches = standing_touches(_rows(session, _TOUCHES), _rows(session, _WITHDRAWALS))
            models = _rows(session, _IN_FORCE)
            expected = credit_orders(ledger, touches, models)
            stored = read_stored(_rows(session, _JOURNEYS), _rows(session, _NUMBERS))
        explained = explain_orders(proof, key, (entry["order_id"] for entry in ledger))
        keys = {entry["id"]: entry["business_key"] for entry in ledger}
        _compare(
            proof,
            f"the allocations of {whose}",
            (
                (
                    "the allocations that the models in force must give the orders of this tenant, recomputed in plain "
                    "Python (proof.recomputed.crediting) from revenue_ledger, attribution_events and "
                    "attribution_models, as app_user reads them"
                ),
                write_table(COLUMNS, expected),
            ),
            ("the allocations that the answers show", write_table(COLUMNS, explained.rows)),
            (
                (
                    "the allocations that the same rules make of what is stored alone: order_journeys and "
                    "channel_numbers, taken apart in plain Python (proof.recomputed.stored)"
                ),
                write_table(COLUMNS, credit_stored(stored, models, keys)),
            ),
        )


def _prove_rollups(proof: Proof) -> None:
    world = proof.world
    for whose, tenant in world.tenants.items():
        with proof.session(APP_USER, world.database, tenant=tenant) as session:
            recomputed = _rollups(read_facts(session, tenant))
            expected = {
                rollup: write_table(columns.split(), recomputed[rollup])
                for rollup, (columns, _) in _ROLLUPS.items()
            }
            shown = {
                rollup: print_table(columns.split(), session.connection.execute(asked).fetchall())
                for rollup, (columns, asked) in _ROLLUPS.items()
            }
        proof.tabulate(
            "number and SHA-256 of the rows that the rollups, the totals of revenue, and the journal of credit when it "
            f"is summed, must hold of {whose}, recomputed in plain Python (proof.recomputed.crediting and .sums) from "
            "revenue_ledger, attribution_events, attribution_models and spend, as app_user reads them",
            IN_SHORT,
            in_short(expected),
            expect=SOME_ROWS_IN_SHORT,
            name=f"the rollups of {whose}, recomputed",
        )
        proof.tabulate(
            f"number and SHA-256 of the rows that app_user reads in the rollups, the totals and the journal of {whose}",
            IN_SHORT,
            in_short(shown, expected),
            expect=same_as(f"the rollups of {whose}, recomputed"),
        )


def _rollups(facts: Facts) -> Mapping[str, Rows]:
    credit = credit_days(facts)
    return {
        "rollup_revenue_day": revenue_days(facts),
        "rollup_revenue_total": revenue_totals(facts),
        "rollup_channel_day": channel_days(facts),
        "rollup_channel_day, its credit": credit,
        "credit_journal, summed": credit,
        "rollup_allocation_day": {row[:6] for row in allocation_summary(facts)},
    }


def _prove_refunded(proof: Proof) -> None:
    for _, tenant, key in _tenants(proof):
        with proof.session(APP_USER, proof.world.database, tenant=tenant) as session:
            session.ask(_ALL_REFUNDED, expect=every("balance_cents", 0))
            balances = _rows(session, _ALL_REFUNDED)
        refunded = {(row["order_id"], row["currency"]) for row in balances}
        explained = explain_orders(proof, key, (order_id for order_id, _ in refunded))
        cents: Counter[tuple[str, str, str]] = Counter()
        for order_id, _, version, channel, _, currency, allocated, _ in explained.rows:
            if (order_id, currency) in refunded:
                cents[order_id, version, channel] += allocated
        proof.read(
            "what the allocations that the answers show of these orders leave each channel by each model version",
            write_table(
                ("order_id", "model_version", "channel_code", "cents"),
                {(*whose, left) for whose, left in cents.items()},
            ),
            expect=every("cents", 0),
        )


def _prove_drift(proof: Proof) -> None:
    world = proof.world
    for whose, tenant in world.tenants.items():
        with proof.session(APP_USER, world.database, tenant=tenant) as session:
            session.ask(_MONEY, expect=rows(at_least=1), name=LEDGER_OF[whose])
            session.ask(
                _DRIFT,
                expect=(every("drift_cents", 0), every("is_balanced", True)),
                name=CREDIT_OF[whose],
            )


def _prove_money(proof: Proof) -> None:
    world = proof.world
    with proof.session(APP_USER, world.database) as session:
        session.ask(
            _MONEY_COLUMNS,
            expect=(
                every("type", "bigint", "numeric"),
                every("relation", *_SUMS_OF_ALL_DAYS, where={"type": "numeric"}),
                every("has_currency", True),
            ),
        )
        session.ask(_INEXACT_COLUMNS, expect=no_rows())
    for tenant in world.tenants.values():
        with proof.session(APP_USER, world.database, tenant=tenant) as session:
            session.ask(_MONEY_OF_TOUCHES, expect=one_row(rows=0))


CHECKS: Final = (
    Check(
        "LEDGER/credits",
        "The stored journeys count the entries of the ledger and no others, and by each model version the credit of "
        "each entry is its money, to the cent.",
        _prove_credits,
    ),
    Check(
        "LEDGER/models",
        "Each entry credits the channels that its order's touches and the models in force give, to the cent: "
        "so the explanations of all orders say, and so follows from what is stored of them.",
        _prove_models,
    ),
    Check(
        "LEDGER/rollups",
        "The daily rollups of both tenants hold what their facts add up to, row by row, and so do the totals of all "
        "days and the sum of the journal of credit.",
        _prove_rollups,
    ),
    Check(
        "LEDGER/refunded",
        "An order that was refunded completely, in uneven parts, leaves 0 on every channel by every model version.",
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
