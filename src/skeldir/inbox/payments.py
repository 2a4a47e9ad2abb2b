"""A payment as it is stored: its state, and what is not in the ledger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.inbox.traces import ERASED

if TYPE_CHECKING:
    from skeldir.inbox.booking import Booking, Unbooked
    from skeldir.inbox.reporting import Report

COUNTED_ELSEWHERE: Final = "counted_elsewhere"
"""The flag of an order that has entries from a file or the API, too: the same money may be counted twice."""


def pack_payment(
    payment_id: UUID,
    booking: Booking,
    reports: Sequence[Report],
    *,
    counted_elsewhere: Collection[str],
    is_erased: bool = False,
) -> dict[str, object]:
    """Return the stored form of a payment, as JSON values; `counted_elsewhere` are ids of orders.

    `is_erased` says that the payment's traces were erased: that mark stays.
    """
    flags = set(booking.flags)
    if booking.order_id in counted_elsewhere:
        flags.add(COUNTED_ELSEWHERE)
    return {
        "id": payment_id.hex,
        "order_id": booking.order_id,
        "state": booking.state,
        "flags": sorted(flags),
        "is_renewal": booking.is_renewal,
        "journey": ERASED if is_erased else _journey_of(booking),
        "providers": sorted({report.provider for report in reports}),
        "reports": len(reports),
        "waiting": [_pack_unbooked(one) for one in booking.waiting],
        "evidence": [_pack_unbooked(one) for one in booking.evidence],
        "parts": {
            provider: {part.name: [part.minor, part.currency] for part in parts}
            for provider, parts in booking.parts
        },
    }


def _journey_of(booking: Booking) -> str | None:
    """Return how the payment is joined to a journey; entries have a key without a token if a touch was derived."""
    if booking.journey_key is not None:
        return "token"
    return "derived" if any(entry.journey_key for entry in booking.entries) else None


def _pack_unbooked(one: Unbooked) -> dict[str, object]:
    return {
        "kind": one.kind,
        "id": one.id,
        "minor": one.minor,
        "currency": one.currency,
        "provider": one.provider,
    }
