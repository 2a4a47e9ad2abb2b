"""Makes small events of PayPal's, and translates them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from skeldir.inbox.fields import read_json
from skeldir.inbox.paypal import translate
from skeldir.inbox.saying import Context, Movement, Notice, Said

CONTEXT = Context(is_live=False, now=datetime(2026, 11, 28, tzinfo=UTC))
TEN = datetime(2026, 11, 2, 10, tzinfo=UTC)
ENVELOPE_TIME = datetime(2026, 11, 2, 11, tzinfo=UTC)
API = "https://api.sandbox.paypal.com"


def make_event(type_: str, resource: object, **fields: object) -> dict[str, Any]:
    return {
        "id": "WH-1",
        "event_type": type_,
        "event_version": "1.0",
        "create_time": "2026-11-02T11:00:00.000Z",
        "summary": "A payment of Ada Example",
        "resource": resource,
        **fields,
    }


def make_links(*paths: str, host: str = API) -> list[dict[str, str]]:
    """Links of which the first is to the resource itself, the others to what it is part of."""
    rels = ["self"] + ["up"] * len(paths)
    return [{"href": f"{host}{path}", "rel": rel} for path, rel in zip(paths, rels, strict=False)]


def make_capture(**fields: object) -> dict[str, Any]:
    return {
        "id": "CAP1",
        "status": "COMPLETED",
        "amount": {"value": "49.99", "currency_code": "USD"},
        "custom_id": "journey_1",
        "invoice_id": "1001",
        "create_time": "2026-11-02T10:00:00Z",
        "update_time": "2026-11-02T10:30:00Z",
        "supplementary_data": {"related_ids": {"order_id": "ORD1"}},
        "links": make_links("/v2/payments/captures/CAP1", "/v2/checkout/orders/ORD1"),
        **fields,
    }


def make_refund(**fields: object) -> dict[str, Any]:
    return {
        "id": "REF1",
        "status": "COMPLETED",
        "amount": {"value": "2.00", "currency_code": "USD"},
        "seller_payable_breakdown": {
            "total_refunded_amount": {"value": "6.00", "currency_code": "USD"}
        },
        "create_time": "2026-11-02T03:00:00-07:00",
        "update_time": "2026-11-02T03:30:00-07:00",
        "links": make_links("/v2/payments/refunds/REF1", "/v2/payments/captures/CAP1"),
        **fields,
    }


def make_sale(**fields: object) -> dict[str, Any]:
    return {
        "id": "SAL1",
        "state": "completed",
        "amount": {"total": "19.00", "currency": "USD"},
        "custom": "journey_1",
        "invoice_number": "",
        "create_time": "2026-11-02T10:00:00Z",
        "links": make_links("/v1/payments/sale/SAL1"),
        **fields,
    }


def make_sale_refund(**fields: object) -> dict[str, Any]:
    return {
        "id": "RFD1",
        "state": "completed",
        "amount": {"total": "-5.00", "currency": "USD"},
        "sale_id": "SAL1",
        "parent_payment": "PAYID-1",
        "create_time": "2026-11-02T10:00:00Z",
        "total_refunded_amount": {"value": "9.00", "currency": "USD"},
        "links": [],
        **fields,
    }


def make_dispute(*transactions: Mapping[str, object], **fields: object) -> dict[str, Any]:
    one = {"seller_transaction_id": "TX1", "invoice_number": "1001", "custom": "journey_1"}
    return {
        "dispute_id": "PP-D-1",
        "status": "OPEN",
        "create_time": "2026-11-02T10:00:00Z",
        "disputed_transactions": list(transactions) or [one],
        "dispute_amount": {"value": "49.99", "currency_code": "USD"},
        **fields,
    }


def hear(type_: str, resource: object, context: Context = CONTEXT, **fields: object) -> Said:
    """Return what an event says that went over the wire."""
    return translate(read_json(json.dumps(make_event(type_, resource, **fields)).encode()), context)


def notices_of(said: Said) -> list[tuple[str, str]]:
    return [(one.kind, one.id) for one in said.facts if isinstance(one, Notice)]


def money_of(said: Said) -> list[tuple[str, int, str, str]]:
    return [
        (one.kind, one.minor, one.currency, one.id)
        for one in said.facts
        if isinstance(one, Movement)
    ]
