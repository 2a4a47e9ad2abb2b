"""What goes over the wire: items in, receipts out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Key = Annotated[str, Field(min_length=1, max_length=200)]
Moment = Annotated[datetime, Field(description="ISO 8601 with an offset; at most 10 minutes ahead")]


class TouchItem(BaseModel):
    """One visit: a journey, a moment, and what brought it, or the channel itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "idempotency_key": "pv-81724",
                    "occurred_at": "2026-06-01T12:30:00+02:00",
                    "journey_key": "visitor-5532",
                    "source": "google",
                    "medium": "cpc",
                    "campaign": "spring",
                    "click_ids": ["gclid"],
                    "landing_path": "/shoes",
                }
            ]
        }
    )

    idempotency_key: Key
    occurred_at: Moment
    journey_key: Annotated[
        str, Field(min_length=1, max_length=500, description="only its keyed hash is stored")
    ]
    session_id: Annotated[str | None, Field(max_length=200)] = None
    source: Annotated[str | None, Field(max_length=300)] = None
    medium: Annotated[str | None, Field(max_length=300)] = None
    campaign: Annotated[str | None, Field(max_length=300)] = None
    referrer_host: Annotated[
        str | None, Field(max_length=2000, description="host or URL; the host alone is kept")
    ] = None
    landing_path: Annotated[
        str | None, Field(max_length=2000, description="path or URL; no query is kept")
    ] = None
    click_ids: Annotated[
        list[str], Field(description="the names of the parameters, never their values")
    ] = []
    channel: Annotated[
        str | None, Field(description="a channel code, when you know better than the rules")
    ] = None


class ConversionItem(BaseModel):
    """One movement of an order's money."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "idempotency_key": "order-991-paid",
                    "order_id": "991",
                    "kind": "capture",
                    "amount_cents": 12990,
                    "currency": "USD",
                    "occurred_at": "2026-06-01T12:42:10+02:00",
                    "journey_key": "visitor-5532",
                }
            ]
        }
    )

    idempotency_key: Key
    order_id: Key
    kind: Literal["capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
    amount_cents: Annotated[
        int,
        Field(ge=0, le=10**15, description="the currency's smallest unit, no sign: yen for JPY"),
    ]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217")]
    occurred_at: Moment
    journey_key: Annotated[str | None, Field(min_length=1, max_length=500)] = None


class RejectedItem(BaseModel):
    """An item that was not taken in, by its place in the request; it is kept among the dead events."""

    index: int
    code: str
    detail: str
    cure: str


class FlaggedOrderOut(BaseModel):
    """An order that wants a second look: `awaiting_capture` or `over_refunded`."""

    order_id: str
    currency: str
    state: str


class ReceiptOut(BaseModel):
    """`accepted + duplicates + len(rejected)` is the number of items sent."""

    accepted: int
    duplicates: int
    rejected: list[RejectedItem]
    flagged: list[FlaggedOrderOut]


def batch_request_body(item: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI description of a batch of `item`: a JSON array, or one JSON object a line."""
    schema = item.model_json_schema()
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "array", "items": schema, "maxItems": 10_000}
                },
                "application/x-ndjson": {
                    "schema": {"type": "string", "description": "one object a line"}
                },
            },
        }
    }
