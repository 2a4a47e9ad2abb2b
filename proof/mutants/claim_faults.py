"""Negative twins of compared claims: a ghost below 0, money of another campaign, an older run that is shown."""

from __future__ import annotations

from typing import Final

from proof.mutants.seeding import Patch, Twin

_COMPARING: Final = "src/skeldir/reconcile/comparing.py"
_RED: Final = frozenset({"LEDGER/reconciliations"})

CLAIM_TWINS: Final = (
    Twin(
        "ghost-below-zero",
        "What is verified and not claimed is a ghost below 0, which makes that of other days smaller.",
        (
            Patch(_COMPARING, "else max(0, self.difference)", "else self.difference"),
            Patch(_COMPARING, "else max(0, -self.difference)", "else 0"),
            Patch(
                "src/skeldir/migrations/sql/202612051300_reconciliations.sql",
                "ghost_cents bigint CHECK (ghost_cents >= 0)",
                "ghost_cents bigint",
            ),
        ),
        ("LEDGER",),
        _RED,
    ),
    Twin(
        "verified-of-another-campaign",
        "The credit of all campaigns of an account is verified money of one of them.",
        (
            Patch(
                "src/skeldir/reconcile/running.py",
                "key = AdKey(*place, order.day, currency)",
                'key = AdKey(*place[:2], "1042", order.day, currency)',
            ),
        ),
        ("LEDGER",),
        _RED,
    ),
    Twin(
        "older-comparison-shown",
        "The view shows the oldest run of a platform.",
        (
            Patch(
                "src/skeldir/migrations/sql/202512201000_views.sql",
                "ORDER BY tenant_id, platform, ran_at DESC, id DESC",
                "ORDER BY tenant_id, platform, ran_at, id",
            ),
        ),
        ("LEDGER",),
        _RED,
    ),
)
