"""Shapes of fits, as commands and the API show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from skeldir.attribution import OrderLikelihood, OrdersMoved
from skeldir.money import Cents, CurrencyCode

FittedModel = Literal["markov", "shapley"]


@dataclass(frozen=True, slots=True)
class Part:
    """An estimate, with the ends of its interval; null where there is too little data for an interval."""

    value: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class ChannelEarning:
    """What a channel earns of the money of a currency: its share, and that in minor units.

    There is no interval if too few of the channel's journeys left money of the currency.
    """

    currency: CurrencyCode
    share: Part
    cents: Cents
    lower_cents: Cents | None
    upper_cents: Cents | None


@dataclass(frozen=True, slots=True)
class ChannelFit:
    """What a fit says of a channel."""

    channel: str
    journeys: Annotated[int, Field(description="journeys with a touch of the channel")]
    converted: Annotated[int, Field(description="those of them that ended with an order")]
    has_enough_data: Annotated[
        bool, Field(description="whether enough of them converted for an interval")
    ]
    removal_effect: Annotated[
        Part | None,
        Field(description="which part of the conversions is lost without the channel; markov only"),
    ]
    share: Annotated[Part, Field(description="which part of the conversions the channel earns")]
    posterior: Annotated[
        Part | None,
        Field(
            description="the same with an interval of the posterior, beside that of the bootstrap; markov only"
        ),
    ]
    conversions: Annotated[Part, Field(description="the same in conversions")]
    earnings: Annotated[
        list[ChannelEarning],
        Field(
            description="of each currency with money left, by value: not the share of conversions"
        ),
    ]


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a fit found."""

    channels: list[ChannelFit]
    conversion_probability: Annotated[Part | None, Field(description="of a journey; markov only")]
    orders: Annotated[
        list[OrderLikelihood],
        Field(description="the figures by which the order was chosen; empty if it was given"),
    ]
    largest_difference: Annotated[
        float | None,
        Field(
            description="between Shapley values worked out in two ways, in conversions; null with more than 16 channels"
        ),
    ]
    without_touch: Annotated[
        int,
        Field(description="orders whose journey has no touch that counts: no channel earns them"),
    ]
    without_key: Annotated[int, Field(description="orders that name no journey")]
    over_refunded: Annotated[
        int, Field(description="orders with less than nothing left in a currency, taken as nothing")
    ]


@dataclass(frozen=True, slots=True)
class FitSummary:
    """A fit: a version of a tenant's that never changes."""

    version: Annotated[str, Field(description="model and number, such as markov@3")]
    model: FittedModel
    made_at: datetime
    made_by: str
    first_day: date
    last_day: date
    lookback_days: int
    chain_order: Annotated[int | None, Field(description="markov only")]
    collapse_repeats: Annotated[bool | None, Field(description="markov only")]
    level_percent: Annotated[
        int, Field(description="how many of a hundred draws an interval holds")
    ]
    draws: int
    seed: int
    journeys: Annotated[int, Field(description="journeys with a touch that ended on the days")]
    conversions: Annotated[int, Field(description="those of them that ended with an order")]
    touches: int
    data_sha256: Annotated[
        str, Field(description="of the counts: the same data in any order has the same")
    ]


@dataclass(frozen=True, slots=True)
class Fit:
    """A fit with what it found."""

    fit: FitSummary
    result: FitResult


@dataclass(frozen=True, slots=True)
class FitsReport:
    """The fits of a tenant, the newest first."""

    data: list[FitSummary]


@dataclass(frozen=True, slots=True)
class ComparedChannel:
    """A channel by two fits."""

    channel: str
    share: Part
    other_share: Part
    difference: Annotated[float, Field(description="the other share less the first")]
    intervals_meet: Annotated[
        bool | None,
        Field(description="whether the intervals have a point in common; null if one is unknown"),
    ]


@dataclass(frozen=True, slots=True)
class FitComparison:
    """The channels of two fits, the largest difference first, and the orders whose credit they divide differently."""

    data: list[ComparedChannel]
    orders_moved: OrdersMoved
