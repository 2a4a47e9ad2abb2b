"""Events of Stripe as its webhooks send them, and the sample deliveries."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from skeldir.inbox.fields import Json, read_json
from skeldir.inbox.saying import Context, Said
from skeldir.inbox.stripe import translate

SAMPLES = [
    folder
    for above in Path(__file__).parents
    if (folder := above / "shared" / "data" / "webhooks").is_dir()
]
CONTEXT = Context(is_live=False, now=datetime(2026, 11, 20, tzinfo=UTC))
CREATED = 1793613602
CREATED_AT = datetime(2026, 11, 2, 10, 0, 2, tzinfo=UTC)
BEFORE_BASIL = "2024-10-28.acacia"
ABSENT: Any = object()


def make_event(kind: str, about: object, **fields: object) -> dict[str, object]:
    """Return the body of an event; a field that is ABSENT is left out."""
    event: dict[str, object] = {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": CREATED,
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": about},
    }
    return without_absent(event | fields)


def make_charge(**fields: object) -> dict[str, object]:
    """Return a charge of 49.99 EUR that was captured at once."""
    charge: dict[str, object] = {
        "id": "ch_1",
        "object": "charge",
        "payment_intent": "pi_1",
        "amount": 4999,
        "amount_captured": 4999,
        "amount_refunded": 0,
        "currency": "eur",
        "captured": True,
        "paid": True,
        "status": "succeeded",
        "metadata": {"order_id": "A-1", "skeldir_journey": "journey_1"},
    }
    return without_absent(charge | fields)


def make_refund(**fields: object) -> dict[str, object]:
    """Return a refund of 10.00 EUR that succeeded."""
    refund: dict[str, object] = {
        "id": "re_1",
        "object": "refund",
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "amount": 1000,
        "currency": "eur",
        "status": "succeeded",
        "reason": None,
        "metadata": {"order_id": "A-1"},
    }
    return without_absent(refund | fields)


def make_dispute(**fields: object) -> dict[str, object]:
    """Return a dispute of a charge of 49.99 EUR."""
    dispute: dict[str, object] = {
        "id": "dp_1",
        "object": "dispute",
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "amount": 4999,
        "currency": "eur",
        "status": "needs_response",
        "reason": "fraudulent",
        "balance_transactions": [{"amount": -4999, "currency": "eur"}],
        "metadata": {},
    }
    return without_absent(dispute | fields)


def make_session(**fields: object) -> dict[str, object]:
    """Return a completed session of Checkout for 49.99 EUR."""
    session: dict[str, object] = {
        "id": "cs_1",
        "object": "checkout.session",
        "mode": "payment",
        "payment_intent": "pi_1",
        "client_reference_id": "journey_1",
        "amount_total": 4999,
        "currency": "eur",
        "payment_status": "paid",
        "total_details": {"amount_discount": 500, "amount_shipping": 490, "amount_tax": 798},
        "customer": "cus_1",
        "metadata": {},
    }
    return without_absent(session | fields)


def make_invoice(**fields: object) -> dict[str, object]:
    """Return a paid invoice of a subscription, in the shape since basil."""
    details = {"subscription": "sub_1", "metadata": {"skeldir_journey": "journey_1"}}
    invoice: dict[str, object] = {
        "id": "in_1",
        "object": "invoice",
        "billing_reason": "subscription_cycle",
        "currency": "eur",
        "total": 1900,
        "total_taxes": [{"amount": 200}, {"amount": 103}],
        "total_discount_amounts": [{"amount": 100}],
        "parent": {"type": "subscription_details", "subscription_details": details},
        "metadata": {},
    }
    return without_absent(invoice | fields)


def say(kind: str, about: dict[str, object], context: Context = CONTEXT, **fields: object) -> Said:
    """Return what an event says."""
    return translate(make_event(kind, about, **fields), context)


def without_absent(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not ABSENT}


def read_sample(file: str) -> Json:
    """Return the body of a sample, such as "stripe/refund.created.json"."""
    if not SAMPLES:
        pytest.skip("the sample deliveries are not here")
    return read_json((SAMPLES[0] / file).read_bytes())
