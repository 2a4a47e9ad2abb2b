"""The shape of the report of sources and campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from skeldir.days import TimeZone
from skeldir.money import Cents, CurrencyCode
from skeldir.revenue import RenewalsFilter

MOST_ORDERS: Final = 10_000
"""The most orders that a request may ask about: what it reads grows with them."""
MOST_VALUES: Final = 25

_CREDIT: JsonDict = {
    "credited_cents": 100,
    "conversions": "1.5",
    "roas": "2.000000",
    "cpa_cents": "33.333333",
    "share": "1.000000",
}

Dimension: TypeAlias = Literal["source", "campaign"]


Ratio: TypeAlias = Annotated[
    str | None, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="exact, to 6 decimals")
]


@dataclass(frozen=True, slots=True)
class OriginCredit:
    """What one model credits to a part of a channel."""

    credited_cents: Cents
    conversions: Annotated[
        str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="exact decimal, to 10^-12")
    ]
    roas: Annotated[
        Ratio, Field(description="credited money divided by spend; null without known spend")
    ] = None
    cpa_cents: Annotated[
        Ratio,
        Field(description="spend for one conversion; null without known spend or conversions"),
    ] = None
    share: Annotated[
        Ratio,
        Field(
            description="a part's: of its channel's credited money; a channel's: of all channels' in the currency,"
            " null if one channel was asked for; null if the whole is not above 0"
        ),
    ] = None


Models: TypeAlias = dict[str, OriginCredit]


@dataclass(frozen=True, slots=True)
class OriginPart:
    """The credit of a channel's touches with one source or campaign, as it was sent."""

    value: Annotated[str | None, Field(description="null: touches without one")]
    spend_cents: Annotated[
        Cents | None,
        Field(
            description="what the campaigns cost whose touches here all have this value; null if none is known"
        ),
    ]
    models: Models


@dataclass(frozen=True, slots=True)
class OtherParts:
    """The sum over the values that are not shown singly."""

    values: Annotated[int, Field(ge=0, description="how many they are")]
    spend_cents: Annotated[Cents | None, Field(description="null if none of theirs is known")]
    models: Models


@dataclass(frozen=True, slots=True)
class OriginRow:
    """A channel in a currency: its credit, and the parts of it, which add up to it."""

    currency: CurrencyCode
    channel: str
    spend_cents: Annotated[Cents, Field(description="as in the channel report")]
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
    unmatched_spend_cents: Annotated[
        Cents,
        Field(
            description="the rest of the channel's spend: of campaigns whose touches have no credit here or several"
            " values, and spend without campaigns"
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
                            "spend_cents": 60,
                            "models": {"linear": _CREDIT},
                            "parts": [
                                {
                                    "value": "newsletter",
                                    "spend_cents": 50,
                                    "models": {"linear": _CREDIT},
                                }
                            ],
                            "others": {
                                "values": 1,
                                "spend_cents": 4,
                                "models": {"linear": {"credited_cents": 0, "conversions": "0"}},
                            },
                            "not_known": {"linear": {"credited_cents": 0, "conversions": "0"}},
                            "unmatched_spend_cents": 6,
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
