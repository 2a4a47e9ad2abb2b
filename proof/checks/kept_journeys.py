"""LEDGER: the journeys that are kept for fits are others than those that the facts make."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from psycopg.rows import dict_row

from proof.checks.views import IN_SHORT, SOME_ROWS_IN_SHORT, in_short
from proof.contract import Check
from proof.recomputed.kept import COLUMNS, counted_rows, kept_rows
from proof.recomputed.sums import write_table
from proof.stage.expectations import same_as
from proof.stage.ground import APP_USER
from proof.stage.keeping import LOOKBACK_DAYS, keep_journeys
from proof.stage.proving import Proof, Session


def _prove_kept_journeys(proof: Proof) -> None:
    world = proof.world
    keep_journeys(world.environment()["DATABASE_URL"], world.tenants.values())
    for whose, tenant in world.tenants.items():
        with proof.session(APP_USER, world.database, tenant=tenant) as session:
            expected, shown = _compare(session)
        name = f"the journeys of {whose}, counted from the facts"
        proof.tabulate(
            f"number and SHA-256 of the journeys of {whose}: the day on which each ended, key, shard, channels and "
            "what is left of its order; worked out in plain Python (proof.recomputed.kept) from touches, withdrawals "
            "and ledger",
            IN_SHORT,
            in_short(expected),
            expect=SOME_ROWS_IN_SHORT,
            name=name,
        )
        proof.tabulate(
            f"number and SHA-256 of the journeys that are kept of {whose}, since the first facts came and through all "
            "that came later, as app_user reads them",
            IN_SHORT,
            in_short(shown, expected),
            expect=same_as(name),
        )


def _compare(session: Session) -> tuple[dict[str, str], dict[str, str]]:
    """Return the journeys that must be, and those that are."""
    cursor = session.connection.cursor(row_factory=dict_row)
    expected = counted_rows(
        cursor.execute("SELECT * FROM public.attribution_events").fetchall(),
        cursor.execute("SELECT * FROM public.touch_withdrawals").fetchall(),
        cursor.execute("SELECT * FROM public.revenue_ledger").fetchall(),
        timedelta(days=LOOKBACK_DAYS),
    )
    (lookback,) = cursor.execute(
        "SELECT channels FROM public.kept_lookbacks WHERE facts_until IS NOT NULL"
    ).fetchall()
    days = cursor.execute("SELECT day, keys, journeys FROM public.kept_journeys").fetchall()
    shown = kept_rows(days, lookback["channels"])
    return (
        {"journeys": write_table(COLUMNS, expected)},
        {"journeys": write_table(COLUMNS, shown)},
    )


CHECKS: Final = (
    Check(
        "LEDGER/kept-journeys",
        "The journeys that are kept for fits, and were brought up to date whenever facts had come, are those that all "
        "facts make: after late touches, other channels, refunds and what was taken back.",
        _prove_kept_journeys,
    ),
)
