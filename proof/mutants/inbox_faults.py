"""Negative twins of the inbox: what is checked of a delivery, how it is recognised, whose it is and what is kept."""

from __future__ import annotations

from typing import Final

from proof.mutants.seeding import Patch, Twin

_INBOX: Final = ("H-INBOX-01",)
_SIGNATURES: Final = "src/skeldir/inbox/signatures.py"
_RECEIVING: Final = "src/skeldir/inbox/receiving.py"
_BOOKING: Final = "src/skeldir/inbox/booking.py"
_MIGRATION: Final = "src/skeldir/migrations/sql/202612030900_inbox.sql"


def _open_to_all(table: str) -> Patch:
    """Let the policy of a table let everybody through."""
    # The text of a migration, not a statement that is sent.
    begins = "\n".join((f"POLICY tenant_isolation ON public.{table}", "    USING ("))
    return Patch(_MIGRATION, begins, begins + "true OR ")


INBOX_TWINS: Final = (
    Twin(
        "signature-not-checked",
        "A delivery is taken for genuine whatever its signature is.",
        (
            Patch(
                _SIGNATURES,
                'return accepted if any(fits[: len(keys)]) else Verdict("signature_wrong")',
                "return accepted",
            ),
        ),
        _INBOX,
        frozenset({"H-INBOX-01/forged"}),
    ),
    Twin(
        "signed-in-the-future",
        "A signed time may be as far ahead of the clock as it likes.",
        (
            Patch(
                _SIGNATURES,
                'return Verdict("from_the_future") if sent_at > now + TOLERANCE else None',
                "return None",
            ),
        ),
        _INBOX,
        frozenset({"H-INBOX-01/forged"}),
    ),
    Twin(
        "deliveries-not-distinguished",
        "A delivery that comes again is a new one, and so are the entries that follow from it.",
        (
            Patch(
                _RECEIVING,
                "hashlib.sha256(endpoint.id.bytes + identity)",
                'hashlib.sha256(endpoint.id.bytes + identity + __import__("os").urandom(8))',
            ),
            Patch(
                _BOOKING,
                "business_key=business_key_of(move),",
                'business_key=business_key_of(move) + __import__("os").urandom(4).hex(),',
            ),
        ),
        _INBOX,
        frozenset({"H-INBOX-01/replayed"}),
    ),
    Twin(
        "policies-of-payments-opened",
        "The policies of deliveries and payments let every tenant through.",
        (_open_to_all("webhook_deliveries"), _open_to_all("payments")),
        _INBOX,
        frozenset({"H-INBOX-01/cross-tenant"}),
    ),
    Twin(
        "whole-body-kept",
        "The whole object of a delivery is kept instead of the fields that may be.",
        (
            Patch(
                "src/skeldir/inbox/standard.py",
                "if kept_data := keep(data, allowed):",
                "if kept_data := dict(data) or keep(data, allowed):",
            ),
        ),
        _INBOX,
        frozenset({"H-INBOX-01/personal"}),
    ),
    Twin(
        "test-money-taken",
        "Whether money is real is not compared with the endpoint.",
        (
            Patch(
                _RECEIVING,
                "if said.is_live is not None and said.is_live is not context.is_live:",
                "if False:",
            ),
        ),
        _INBOX,
        frozenset({"H-INBOX-01/mode"}),
    ),
    Twin(
        "reversal-without-its-dispute",
        "A reversal is booked though nothing was reported that it reverses.",
        (
            Patch(
                _BOOKING,
                "held = {(move.key, move.number) for move in orphans}",
                "held = {*orphans[:0]}",
            ),
        ),
        _INBOX,
        frozenset({"H-INBOX-01/reordered"}),
    ),
)
