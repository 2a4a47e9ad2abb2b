"""The shape of the report of what channels earned and lost again: credit by the kinds of entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field

from skeldir.attribution.credit_days import Basis
from skeldir.days import TimeZone
from skeldir.money import Cents, CurrencyCode
from skeldir.revenue import RenewalsFilter

BasisShown = Annotated[
    Basis,
    Field(
        description="whose day counts: the entry's; the order's, which is that of its first capture; or that of the"
        " touch that earned the credit, and the order's where none did"
    ),
]


@dataclass(frozen=True, slots=True)
class KindCredit:
    """What one model credits to a channel, by the kind of the entries; those that are known add up to the last."""

    gross_cents: Annotated[Cents, Field(description="of captures")]
    refunded_cents: Annotated[Cents, Field(description="of refunds less their reversals")]
    disputed_cents: Annotated[Cents, Field(description="of disputes less their reversals")]
    not_known_cents: Annotated[
        Cents | None,
        Field(
            description="the rest: of orders that await credit, whose journeys are too long to be read for a report, or"
            " that were credited before journeys were stored; null unless the days are those of entries"
        ),
    ]
    net_cents: Annotated[
        Cents,
        Field(
            description="by the day of entries, the credit in the channel report; else what is known"
        ),
    ]


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
                    "basis": "entry_day",
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
    basis: BasisShown
    model_versions: Annotated[
        dict[str, str], Field(description="the active version of each model that is shown")
    ]
    orders: Annotated[
        int,
        Field(
            ge=0,
            description="orders that were read: those with an entry on the days asked for, and by `touch_day` until the"
            " longest lookback after them",
        ),
    ]
    data: list[KindRow]
