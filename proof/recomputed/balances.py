"""A provider's balance report about the ledger of one tenant, with planted faults, and what must be found of it.

It shares nothing with `skeldir.reconcile`. Each entry that stands is a row, by its own key, with a fee of 1 unit; a
payout pays some rows of a currency, in the order of time. Planted are an entry that the report lacks, a movement that
the ledger lacks, another amount, a payout of 1 unit more, one whose row is missing, one without movements, and a stated
balance that is not the one before it and what moved.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from proof.recomputed.sums import Row, Rows

LINE_COLUMNS: Final = ("id", "kind", "reason", "currency", "gross", "ledger", "difference")
TIE_COLUMNS: Final = ("currency", "payout", "movements", "nets", "paid", "difference", "reason")
_HEADER: Final = (
    *("id", "order_id", "category", "gross", "fee", "net", "currency", "date", "payout", "balance"),
)
_OPENING: Final = 70_000
_ROWS_OF_PAYOUT: Final = 7


@dataclass(slots=True)
class Report:
    """The rows of a report, and what a comparison must find: lines, payouts that differ, and the broken balance."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: Rows = field(default_factory=set)
    ties: Rows = field(default_factory=set)
    payouts: int = 0
    broken_row: int = 0

    def write(self, path: Path) -> None:
        """Write the report as a file of the general layout, in minor units."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, _HEADER)
            writer.writeheader()
            writer.writerows(self.rows)


def report_of(ledger: Sequence[Row]) -> Report:
    """Return a report about the standing entries of `revenue_ledger` of one tenant."""
    report = Report()
    entries = sorted(ledger, key=lambda row: (row["occurred_at"], row["business_key"]))
    captures = [
        row["business_key"]
        for row in entries
        if row["kind"] == "capture" and row["amount_cents"] > 0
    ]
    # Neither is on the edge of the days that the report is of.
    lacking, more = captures[len(captures) // 2], captures[len(captures) // 3]
    by_currency: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in entries:
        _add_entry(report, by_currency[row["currency"]], row, lacking=lacking, more=more)
    some = max(by_currency, key=lambda currency: (len(by_currency[currency]), currency))
    last = by_currency[some][-1]
    ghost = last | {"id": "planted-ghost", "order_id": "planted-ghost", "category": "capture"}
    by_currency[some].append(ghost | {"gross": 11, "net": 10})
    report.lines.add(("planted-ghost", "capture", "missing_in_ledger", some, 11, None, 11))
    for currency, rows in sorted(by_currency.items()):
        _add_payouts(report, currency, rows, is_planted=currency == some)
    return report


def _add_entry(
    report: Report, rows: list[dict[str, Any]], row: Row, *, lacking: str, more: str
) -> None:
    key, kind, currency, cents = (
        row[name] for name in ("business_key", "kind", "currency", "amount_cents")
    )
    if key == lacking:
        report.lines.add(("", kind, "missing_at_provider", currency, None, cents, -cents))
        return
    gross = cents + 1 if key == more else cents
    reason = "amount" if key == more else "none"
    report.lines.add((key, kind, reason, currency, gross, cents, gross - cents))
    rows.append(
        {
            "id": key,
            "order_id": row["order_id"],
            "category": kind,
            "gross": gross,
            "fee": 1,
            "net": gross - 1,
            "currency": currency,
            "date": row["occurred_at"].isoformat(),
        }
    )


def _add_payouts(
    report: Report, currency: str, rows: Sequence[dict[str, Any]], *, is_planted: bool
) -> None:
    balance = _OPENING
    for number, start in enumerate(range(0, len(rows), _ROWS_OF_PAYOUT)):
        some = rows[start : start + _ROWS_OF_PAYOUT]
        payout = f"po-{currency}-{number}"
        report.payouts += 1
        nets = sum(row["net"] for row in some)
        paid = nets + 1 if is_planted and number == 0 else nets
        is_left_out = is_planted and number == 1
        own = {"id": f"own-{payout}", "category": "payout", "gross": -paid, "fee": 0, "net": -paid}
        listed = [*some] if is_left_out else [*some, {**some[-1], **own, "order_id": ""}]
        if paid != nets:
            report.ties.add((currency, payout, len(some), nets, paid, paid - nets, "amount"))
        elif is_left_out:
            report.ties.add((currency, payout, len(some), nets, None, None, "payout_missing"))
        for row in listed:
            balance += row["net"]
            report.rows.append(row | {"payout": payout, "balance": balance})
    if is_planted:
        report.rows[-1]["balance"] += 1
        report.broken_row = len(report.rows)
        none = {
            "id": "own-none",
            "order_id": "",
            "category": "payout",
            "gross": -5,
            "fee": 0,
            "net": -5,
        }
        report.rows.append(rows[-1] | none | {"payout": "po-none", "balance": balance - 5})
        report.payouts += 1
        report.ties.add((currency, "po-none", 0, 0, 5, 5, "movements_missing"))
