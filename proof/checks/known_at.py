"""LEDGER: a report of an earlier moment is not what the report said at that moment."""

from __future__ import annotations

from typing import Any, Final

from proof.checks.views import IN_SHORT, SOME_ROWS_IN_SHORT, in_short
from proof.contract import Check
from proof.stage.expectations import same_as
from proof.stage.noting import read_report
from proof.stage.proving import Proof
from proof.stage.tables import print_table

_COLUMNS: Final = [
    "model_version",
    "channel",
    "currency",
    "credited_cents",
    "conversions",
    "spend_cents",
    "roas",
]


def _prove_known_at(proof: Proof) -> None:
    world = proof.world
    for noted in world.noted:
        shown = read_report(world.base, noted.key, known_at=noted.moment.isoformat())
        name = f"the report of {noted.whose} {noted.when}"
        expected = {"channels": _as_table(noted.report)}
        proof.tabulate(
            f"number and SHA-256 of the rows of GET /v1/attribution/channels of {noted.whose}, as it was read and kept "
            f"{noted.when}, when all was credited",
            IN_SHORT,
            in_short(expected),
            expect=SOME_ROWS_IN_SHORT,
            name=name,
        )
        proof.tabulate(
            f"number and SHA-256 of the rows that it shows now with that moment as known_at, for {noted.whose}",
            IN_SHORT,
            in_short({"channels": _as_table(shown)}, expected),
            expect=same_as(name),
        )


def _as_table(report: dict[str, Any]) -> str:
    rows = [
        (
            report["model_versions"][model],
            row["channel"],
            row["currency"],
            *(credit[name] for name in _COLUMNS[3:]),
        )
        for row in report["data"]
        for model, credit in row["models"].items()
    ]
    return print_table(_COLUMNS, sorted(rows, key=str))


CHECKS: Final = (
    Check(
        "LEDGER/known-at",
        "The report of a moment before models changed, orders were refunded, campaigns' days were restated and rules "
        "of channels were put in force is what the report said then.",
        _prove_known_at,
    ),
)
