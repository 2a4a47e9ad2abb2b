"""What goes over the wire besides items: the receipt of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from skeldir.ingest import Rejection
from skeldir.money import Cents, CurrencyCode

MOST_ITEMS: Final = 1_000
MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class AdReceipt:
    """`new + restated + unchanged + len(rejected)` is the number of items sent."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "load_id": "0197277e-8e4f-7b6c-a1b4-0f1d2c3b4a59",
                    "new": 1,
                    "restated": 0,
                    "unchanged": 0,
                    "totals": {"EUR": 12050},
                    "rejected": [],
                }
            ]
        }
    )

    load_id: Annotated[
        UUID | None, Field(description="the load that was recorded; null if nothing is new")
    ]
    new: int
    restated: int
    unchanged: int
    totals: Annotated[
        dict[CurrencyCode, Cents],
        Field(description="what the accepted items cost by currency, now that they are recorded"),
    ]
    rejected: list[Rejection]


def items_request_body(item: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI description of a batch of `item`: a JSON array, one object, or one object per line."""
    array = {"type": "array", "items": item.model_json_schema(), "maxItems": MOST_ITEMS}
    lines = {"type": "string", "description": "one object per line"}
    return {
        "requestBody": {
            "required": True,
            "description": f"At most {MOST_ITEMS} items and 1 MiB; Content-Encoding: gzip is accepted.",
            "content": {
                "application/json": {"schema": array},
                "application/x-ndjson": {"schema": lines},
            },
        }
    }
