"""Negative twins of kept journeys: an update leaves what it should replace, or does not notice what changed."""

from __future__ import annotations

from typing import Final

from proof.mutants.seeding import Patch, Twin

_KEEPING: Final = "src/skeldir/fits/keeping.py"
_RED: Final = frozenset({"LEDGER/kept-journeys"})

FIT_TWINS: Final = (
    Twin(
        "kept-journey-left-behind",
        "An update leaves the kept journeys of a key beside those that it puts in their place.",
        (
            Patch(
                "src/skeldir/fits/updates.py",
                "        stay = np.flatnonzero(self.stays)\n",
                "        stay = np.arange(len(self.stays))\n",
            ),
        ),
        ("LEDGER",),
        _RED,
    ),
    Twin(
        "kept-journey-without-late-touch",
        "An update does not notice touches of paid search, and reads nothing again because it is of the last minute.",
        (
            Patch(
                "src/skeldir/fits/queries.sql",
                "AND e.journey_key IS NOT NULL\n            UNION\n",
                "AND e.journey_key IS NOT NULL AND e.channel_code <> 'paid_search'\n            UNION\n",
            ),
            Patch(
                _KEEPING,
                "RECORDED_BEFORE: Final = timedelta(minutes=1)",
                "RECORDED_BEFORE: Final = timedelta(0)",
            ),
            Patch(
                _KEEPING,
                "ID_BEFORE: Final = timedelta(minutes=10)",
                "ID_BEFORE: Final = timedelta(0)",
            ),
        ),
        ("LEDGER",),
        _RED,
    ),
)
