"""The shape of the report of sources and campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field

from skeldir.days import TimeZone
from skeldir.money import Cents, CurrencyCode
from skeldir.revenue import RenewalsFilter

MOST_ORDERS: Final = 10_000
"""The most orders that a request may ask about: what it reads grows with them."""
MOST_VALUES: Final = 25

Dimension: TypeAlias = Literal["source", "campaign"]


@dataclass(frozen=True, slots=True)
class OriginCredit:
    """What one model credits to a part of a channel."""

    credited_cents: Cents
    conversions: Annotated[
        str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="exact decimal, to 10^-12")
    ]


Models: TypeAlias = dict[str, OriginCredit]


@dataclass(frozen=True, slots=True)
class OriginPart:
    """The credit of a channel's touches with one source or campaign, as it was sent."""

    value: Annotated[str | None, Field(description="null: touches without one")]
    models: Models


@dataclass(frozen=True, slots=True)
class OtherParts:
    """The sum over the values that are not shown singly."""

    values: Annotated[int, Field(ge=0, description="how many they are")]
    models: Models


@dataclass(frozen=True, slots=True)
class OriginRow:
    """A channel in a currency: its credit, and the parts of it, which add up to it."""

    currency: CurrencyCode
    channel: str
    models: Annotated[Models, Field(description="the channel's credit, as in the channel report")]
    parts: Annotated[list[OriginPart], Field(description="the values with most credit first")]
    others: OtherParts
    not_known: Annotated[
        Models,
        Field(
            description="the rest of the channel's credit: of touches that were forgotten, and of orders that await "
            "credit or whose journeys are too long to be read for a report"
        ),
    ]


@dataclass(frozen=True, slots=True)
class OriginsReport:
    """Channels by currency and code, each divided by source or campaign."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "time_zone": "Europe/Berlin",
                    "renewals": "include",
                    "model_versions": {"linear": "linear@2"},
                    "orders": 2,
                    "data": [
                        {
                            "currency": "USD",
                            "channel": "email",
                            "models": {"linear": {"credited_cents": 100, "conversions": "1.5"}},
                            "parts": [
                                {
                                    "value": "newsletter",
                                    "models": {
                                        "linear": {"credited_cents": 100, "conversions": "1.5"}
                                    },
                                }
                            ],
                            "others": {
                                "values": 0,
                                "models": {"linear": {"credited_cents": 0, "conversions": "0"}},
                            },
                            "not_known": {"linear": {"credited_cents": 0, "conversions": "0"}},
                        }
                    ],
                }
            ]
        }
    )

    time_zone: TimeZone
    renewals: RenewalsFilter
    model_versions: Annotated[
        dict[str, str], Field(description="the active version of each model that is shown")
    ]
    orders: Annotated[int, Field(ge=0, description="orders with an entry on the days asked for")]
    data: list[OriginRow]
