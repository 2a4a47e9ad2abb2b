"""Negative twins of balance reports: a fault of a report that nobody sees."""

from __future__ import annotations

from typing import Final

from proof.mutants.seeding import Patch, Twin

_RED: Final = frozenset({"LEDGER/payouts"})
_STATEMENTS: Final = "src/skeldir/reconcile/statements.py"

BALANCE_TWINS: Final = (
    Twin(
        "payout-difference-of-a-unit",
        "A payout that differs by one unit from its movements equals them.",
        (
            Patch(
                _STATEMENTS,
                'return "amount" if self.difference_cents else "none"',
                'return "amount" if abs(self.difference_cents or 0) > 1 else "none"',
            ),
        ),
        ("LEDGER",),
        _RED,
    ),
    Twin(
        "balances-not-followed",
        "What a report states as its balances is not followed from row to row.",
        (
            Patch(
                _STATEMENTS,
                "elif broken is None and one.balance_cents != balance + since:",
                "elif broken is None and one.balance_cents < 0:",
            ),
        ),
        ("LEDGER",),
        _RED,
    ),
    Twin(
        "entry-not-expected",
        "A report need not have what the ledger booked on its days.",
        (
            Patch(
                "src/skeldir/reconcile/payouts.py",
                'if asked.expects == "none":',
                'if asked.expects != "named":',
            ),
        ),
        ("LEDGER",),
        _RED,
    ),
)
