"""The shape of the report of what channels earned and lost again: credit by the kinds of entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field

from skeldir.days import TimeZone
from skeldir.money import Cents, CurrencyCode
from skeldir.revenue import RenewalsFilter


@dataclass(frozen=True, slots=True)
class KindCredit:
    """What one model credits to a channel, by the kind of the entries; the first four add up to the last."""

    gross_cents: Annotated[Cents, Field(description="of captures")]
    refunded_cents: Annotated[Cents, Field(description="of refunds less their reversals")]
    disputed_cents: Annotated[Cents, Field(description="of disputes less their reversals")]
    not_known_cents: Annotated[
        Cents,
        Field(
            description="the rest: of orders that await credit, whose journeys are too long to be read for a report, or"
            " that were credited before journeys were stored"
        ),
    ]
    net_cents: Annotated[Cents, Field(description="the credit in the channel report")]


@dataclass(frozen=True, slots=True)
class KindRow:
    """A channel in a currency."""

    currency: CurrencyCode
    channel: str
    models: dict[str, KindCredit]


@dataclass(frozen=True, slots=True)
class KindsReport:
    """Channels by currency and code, each with its credit by the kinds of entries."""

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
                            "models": {
                                "linear": {
                                    "gross_cents": 10000,
                                    "refunded_cents": -2500,
                                    "disputed_cents": 0,
                                    "not_known_cents": 0,
                                    "net_cents": 7500,
                                }
                            },
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
    data: list[KindRow]
