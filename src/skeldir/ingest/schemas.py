"""What goes over the wire besides items and receipts: dead events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from skeldir.http import Filter, MomentRange
from skeldir.ingest.batches import MAX_ITEMS
from skeldir.ingest.dead_letters import ItemKind


class DeadEventsQuery(MomentRange):
    """The filters of the list of dead events; the range applies to `recorded_at`."""

    item_kind: Annotated[
        Filter[ItemKind], Field(description="only rejected items of this kind")
    ] = None
    code: Annotated[
        Filter[Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,62}$")]],
        Field(description="only items rejected with this code, such as `currency_unknown`"),
    ] = None


@dataclass(frozen=True, slots=True)
class DeadEventReport:
    """A rejected item, reduced to what may be kept of it."""

    id: UUID
    recorded_at: datetime
    item_kind: ItemKind
    origin: Annotated[
        str, Field(description="where it came from: the request or file, and its place in it")
    ]
    code: str
    detail: str
    cure: str
    item: Annotated[
        dict[str, Any],
        Field(
            description="its known fields; the journey key is left out, e-mail addresses are masked"
        ),
    ]


@dataclass(frozen=True, slots=True)
class DeadEventsPage:
    """A page of dead events, newest first."""

    __pydantic_config__ = ConfigDict(
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

    data: list[DeadEventReport]
    next_cursor: str | None


def batch_request_body(item: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI description of a batch of `item`: a JSON array, or one JSON object per line."""
    schema = item.model_json_schema()
    return {
        "requestBody": {
            "required": True,
            "description": "An array, one object, or one object per line; Content-Encoding: gzip is accepted.",
            "content": {
                "application/json": {
                    "schema": {"type": "array", "items": schema, "maxItems": MAX_ITEMS}
                },
                "application/x-ndjson": {
                    "schema": {"type": "string", "description": "one object per line"}
                },
            },
        }
    }
