"""Negative twins of reports of an earlier moment: what came later counts, or what was in force then does not."""

from __future__ import annotations

from typing import Final

from proof.mutants.seeding import Patch, Twin

_STATEMENTS: Final = "src/skeldir/attribution/queries.sql"
_RED: Final = frozenset({"LEDGER/known-at"})

KNOWN_TWINS: Final = (
    Twin(
        "earlier-report-with-later-credit",
        "The report of an earlier moment has the credit of now.",
        (
            Patch(
                _STATEMENTS,
                "AND j.changed_at >= :moment::timestamptz",
                "AND j.changed_at >= greatest(:moment::timestamptz, 'infinity'::timestamptz)",
            ),
        ),
        ("LEDGER",),
        _RED,
    ),
    Twin(
        "earlier-report-with-later-spend",
        "The report of an earlier moment has the restated costs of now.",
        (
            Patch(
                _STATEMENTS,
                "AND x.recorded_at < :moment::timestamptz",
                "AND x.recorded_at < greatest(:moment::timestamptz, 'infinity'::timestamptz)",
            ),
        ),
        ("LEDGER",),
        _RED,
    ),
    Twin(
        "earlier-report-by-later-models",
        "The report of an earlier moment shows the model versions of now.",
        (
            Patch(
                _STATEMENTS,
                "AND c.changed_at < :moment::timestamptz\n",
                "AND c.changed_at < greatest(:moment::timestamptz, 'infinity'::timestamptz)\n",
            ),
        ),
        ("LEDGER",),
        _RED,
    ),
)
