"""What goes over the wire besides items: the receipt of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from skeldir.money import Cents, CurrencyCode


@dataclass(frozen=True, slots=True)
class ItemRejection:
    """A rejected item, by its place in the request."""

    index: int
    code: str
    detail: str
    cure: str


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
    rejected: list[ItemRejection]
