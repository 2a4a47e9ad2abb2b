"""LEDGER: a balance report is shown to agree with the ledger, its balances or its payouts where it does not."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from psycopg.rows import dict_row

from proof.checks.views import IN_SHORT, SOME_ROWS_IN_SHORT, in_short
from proof.contract import Check
from proof.recomputed.balances import LINE_COLUMNS, TIE_COLUMNS, Report, report_of
from proof.recomputed.standing import standing_entries
from proof.recomputed.sums import Rows, write_table
from proof.stage.expectations import contains, same_as
from proof.stage.ground import APP_USER
from proof.stage.proving import Proof

_CELL: Final = "\u2502"
_UNKNOWN: Final = "\u2013"
# currency, payout, day, movements, their nets, paid, difference, returned, reason
_CELLS_OF_TIE: Final = 9


def _prove_payouts(proof: Proof) -> None:
    world = proof.world
    for whose, tenant in world.tenants.items():
        with proof.session(APP_USER, world.database, tenant=tenant) as session:
            cursor = session.connection.cursor(row_factory=dict_row)
            ledger = cursor.execute("SELECT * FROM public.revenue_ledger").fetchall()
        report = report_of(standing_entries(ledger))
        folder = Path(tempfile.mkdtemp(dir=world.ground.scratch))
        file, saved = folder / "report.csv", folder / "lines.csv"
        report.write(file)
        matching = report.payouts - len(report.ties)
        printed = proof.run(
            *world.ground.skeldir("reconcile", "payouts", str(tenant), str(file)),
            *(
                "--provider",
                "other",
                "--expects",
                "all",
                "--amount-unit",
                "minor",
                "--save",
                str(saved),
            ),
            role=APP_USER,
            environment=world.ground.on(APP_USER, world.database) | {"COLUMNS": "300"},
            expect=contains(
                f"the balances stop adding up at row {report.broken_row:,}: ",
                f"{matching:,} of {report.payouts:,} payouts are the sum of their movements.",
                ends="exit status 0",
            ),
        )
        _compare(proof, whose, report, _shown(printed, saved))


def _compare(proof: Proof, whose: str, report: Report, shown: Mapping[str, str]) -> None:
    expected = {
        "lines": write_table(LINE_COLUMNS, report.lines),
        "payouts": write_table(TIE_COLUMNS, report.ties),
    }
    name = f"the report about {whose}, worked out"
    proof.tabulate(
        f"number and SHA-256 of what must be found of a balance report that was made of revenue_ledger of {whose}, as "
        "app_user reads it, with planted faults (proof.recomputed.balances): its movements with their reasons, and the "
        "payouts that are not the sum of their movements",
        IN_SHORT,
        in_short(expected),
        expect=SOME_ROWS_IN_SHORT,
        name=name,
    )
    proof.tabulate(
        f"number and SHA-256 of the movements that the command saved, and of the payouts that it printed, of {whose}",
        IN_SHORT,
        in_short(shown, expected),
        expect=same_as(name),
    )


def _shown(printed: str, saved: Path) -> dict[str, str]:
    """Return the tables that the command made, with its amounts in minor units."""
    lines: Rows = set()
    if saved.exists():
        with saved.open(encoding="utf-8", newline="") as file:
            lines = {
                (
                    *(row[name] for name in ("id", "kind", "reason", "currency")),
                    *(_cents(row[name]) for name in ("gross", "ledger", "difference")),
                )
                for row in csv.DictReader(file)
                if row["kind"] != "payout"
            }
    ties: Rows = set()
    for line in printed.splitlines():
        cells = [cell.strip() for cell in line.split(_CELL)[1:-1]]
        if len(cells) == _CELLS_OF_TIE and cells[1].startswith("po-"):
            currency, payout, _, movements, *figures, _, reason = cells
            ties.add((currency, payout, int(movements), *map(_cents, figures), reason))
    return {"lines": write_table(LINE_COLUMNS, lines), "payouts": write_table(TIE_COLUMNS, ties)}


def _cents(text: str) -> Any:
    """Return an amount in minor units: it is always written with all decimals of its currency."""
    return None if text in ("", _UNKNOWN) else int(text.replace(".", "").replace(",", ""))


CHECKS: Final = (
    Check(
        "LEDGER/payouts",
        "A balance report is compared with the ledger, its own balances and its payouts to the cent: each planted "
        "fault is found, and no other.",
        _prove_payouts,
    ),
)
