"""Negative twins of spend: what a restated day adds to spend, and what is left of a claim that comes again."""

from __future__ import annotations

from typing import Final

from proof.mutants.seeding import Patch, Twin

_DAYS: Final = "src/skeldir/spend/days.py"

SPEND_TWINS: Final = (
    Twin(
        "restated-cost-added-whole",
        "A restated day adds all of its new cost to spend, and not the difference.",
        (Patch(_DAYS, "Posting(after.channel, now - was)", "Posting(after.channel, now)"),),
        ("LEDGER",),
        frozenset({"LEDGER/ad-spend"}),
    ),
    Twin(
        "claim-keeps-the-value-before",
        "A claim whose value is not known any more keeps the value that it had.",
        (
            Patch(
                _DAYS,
                "        merged.update(dict.fromkeys(CLAIM_FIGURES))\n    merged.update(given)\n",
                "        pass\n    merged.update({name: one for name, one in given.items() if one is not None})\n",
            ),
        ),
        ("LEDGER",),
        frozenset({"LEDGER/ad-spend"}),
    ),
)
