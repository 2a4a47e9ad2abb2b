"""The shape of the list of what changed between two moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import ConfigDict, Field

from skeldir.days import TimeZone
from skeldir.money import Cents, CurrencyCode

Cause: TypeAlias = Literal[
    "captures",
    "refunds",
    "disputes",
    "late_touches",
    "taken_back",
    "channels",
    "corrections",
    "models",
    "time_zone",
]
MOST_NAMED = 20
"""The most orders, or undoings, that are named for a cause."""
MOST_CHANGED = 10_000
"""The most orders that a request credits again."""


@dataclass(frozen=True, slots=True)
class CreditChange:
    """What a model credited at both moments, and what the difference is made of."""

    before_cents: Cents
    after_cents: Cents
    causes: Annotated[
        dict[Cause, int],
        Field(
            description="signed minor units by cause, without those of 0: new captures, refunds and disputes with the "
            "reversals of these, touches that came late, what was taken back, restated channels, corrected touches, "
            "another version of the model, another time zone"
        ),
    ]
    rest_cents: Annotated[
        Cents,
        Field(
            description="what the causes do not explain: forgotten or erased touches, orders awaiting credit at one of "
            "the moments, and orders with too many entries or touches to be credited together; otherwise 0"
        ),
    ]


@dataclass(frozen=True, slots=True)
class ChangedChannel:
    """A channel in a currency; `causes` and the rest of each model add up to its difference."""

    currency: CurrencyCode
    channel: str
    models: dict[str, CreditChange]
    spend_before_cents: Cents
    spend_after_cents: Annotated[
        Cents, Field(description="differs by new and restated days of spend")
    ]


@dataclass(frozen=True, slots=True)
class NamedUndoing:
    """Who took facts back, restated channels, or corrected a touch."""

    id: UUID
    target_kind: str
    target: str
    reason: str
    requested_by: str
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class ChangesReport:
    """What changed in the channel report between two moments."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "since": "2026-06-30T22:00:00Z",
                    "until": "2026-07-07T22:00:00Z",
                    "time_zone": "Europe/Berlin",
                    "model_versions_before": {"linear": "linear@1"},
                    "model_versions_after": {"linear": "linear@1"},
                    "orders": 2,
                    "data": [
                        {
                            "currency": "USD",
                            "channel": "paid_search",
                            "models": {
                                "linear": {
                                    "before_cents": 10000,
                                    "after_cents": 7500,
                                    "causes": {"refunds": -2500},
                                    "rest_cents": 0,
                                }
                            },
                            "spend_before_cents": 5000,
                            "spend_after_cents": 5000,
                        }
                    ],
                    "named_orders": {"refunds": ["991"]},
                    "undoings": [],
                }
            ]
        }
    )

    since: datetime
    until: datetime
    time_zone: TimeZone
    model_versions_before: dict[str, str]
    model_versions_after: dict[str, str]
    orders: Annotated[
        int, Field(ge=0, description="orders that were credited again to find the causes")
    ]
    data: Annotated[list[ChangedChannel], Field(description="channels with a difference")]
    named_orders: Annotated[
        dict[Cause, list[str]], Field(description=f"up to {MOST_NAMED} orders for a cause")
    ]
    undoings: Annotated[
        list[NamedUndoing], Field(description=f"up to {MOST_NAMED} that ran between the moments")
    ]
