"""Negative twins of rules of channels: another version is followed, or an apply moves too little or too much."""

from __future__ import annotations

from typing import Final

from proof.mutants.seeding import Patch, Twin

_CHECK: Final = "LEDGER/channel-rules"

RULE_TWINS: Final = (
    Twin(
        "rules-of-another-version",
        "Recorded touches follow the first version of the rules, and are said to follow the one in force.",
        (
            Patch(
                "src/skeldir/ingest/queries.sql",
                "SELECT r.version, r.document\nFROM public.channel_rules r\n",
                "SELECT r.version, (SELECT f.document FROM public.channel_rules f\n"
                "                   WHERE f.tenant_id = :tenant_id AND f.version = 1) AS document\n"
                "FROM public.channel_rules r\n",
            ),
        ),
        ("LEDGER",),
        frozenset({_CHECK}),
    ),
    Twin(
        "touch-left-behind",
        "An apply leaves the first touch of each page that would move in the channel that it had.",
        (
            Patch(
                "src/skeldir/ingest/restating.py",
                "or was_corrected(row)\n    ]\n",
                "or was_corrected(row)\n    ][1:]\n",
            ),
        ),
        ("LEDGER",),
        frozenset({_CHECK}),
    ),
    Twin(
        "correction-overruled",
        "An apply gives touches that somebody corrected the channels of the rules.",
        (
            Patch(
                "src/skeldir/ingest/restating.py",
                ' and not row["is_corrected"]\n',
                "\n",
            ),
        ),
        ("LEDGER",),
        frozenset({_CHECK}),
    ),
    Twin(
        "spend-left-behind",
        "An apply leaves the days of campaigns in the channel that they had.",
        (
            Patch(
                "src/skeldir/spend/restating.py",
                "            if moved:\n",
                "            if moved and not rules:\n",
            ),
        ),
        ("LEDGER",),
        frozenset({_CHECK, "LEDGER/ad-spend"}),
        "What campaigns cost by channel follows from the rules and from what was sent of them.",
    ),
)
