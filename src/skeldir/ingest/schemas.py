"""What goes over the wire: items in, receipts out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from skeldir.http import Filter, MomentRange
from skeldir.ingest.dead_letters import ItemKind

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


class DeadEventsQuery(MomentRange):
    """The filters of the list of dead events; the range is that of the moments they were recorded at."""

    item_kind: Annotated[Filter[ItemKind], Field(description="refused items of this kind only")] = (
        None
    )
    code: Annotated[
        Filter[Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,62}$")]],
        Field(description="items refused for this reason only, such as `currency_unknown`"),
    ] = None


class DeadEventOut(BaseModel):
    """A refused item, reduced to what may be kept of it."""

    id: UUID
    recorded_at: datetime
    item_kind: ItemKind
    origin: Annotated[
        str, Field(description="where it stood: the request or file, and its place in it")
    ]
    code: str
    detail: str
    cure: str
    item: Annotated[
        dict[str, Any],
        Field(description="its known fields; the journey key is hidden, e-mail addresses are out"),
    ]


class DeadEventsPage(BaseModel):
    """A page of dead events, the newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": [
                        {
                            "id": "0197277e-8e4f-7b6c-a1b4-0f1d2c3b4a59",
                            "recorded_at": "2026-06-01T10:42:10.120344Z",
                            "item_kind": "touch",
                            "origin": "api:5a3f0c7e3b1c4f619d0f5e2f3d9f8a11:0",
                            "code": "occurred_at_without_offset",
                            "detail": "occurred_at '2026-06-01T12:30:00' has no offset.",
                            "cure": "Add the offset from UTC, such as Z or +02:00; no time zone is assumed.",
                            "item": {
                                "idempotency_key": "pv-81724",
                                "occurred_at": "2026-06-01T12:30:00",
                                "journey_key": "[hidden]",
                            },
                        }
                    ],
                    "next_cursor": "WyJmMDM4YmQ1N2E0ZTFjMjkwIixbIjIwMjYtMDYtMDEiXV0",
                }
            ]
        }
    )

    data: list[DeadEventOut]
    next_cursor: str | None


def batch_request_body(item: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI description of a batch of `item`: a JSON array, or one JSON object a line."""
    schema = item.model_json_schema()
    return {
        "requestBody": {
            "required": True,
            "description": "An array, or one object alone, or one a line; packed or not (Content-Encoding: gzip).",
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
