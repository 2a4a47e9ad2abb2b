"""Request and response shapes of the channel report: its filters and its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field, field_validator

from skeldir.attribution.channel_rows import ChannelRow, Granularity
from skeldir.attribution.comparisons import Compare, Comparison, Match
from skeldir.attribution.kind_schemas import BasisShown
from skeldir.attribution.models import MODEL_NAMES, ModelName
from skeldir.attribution.origin_schemas import MOST_VALUES, Dimension
from skeldir.days import TimeZone
from skeldir.http import DayRange, Days, Filter, KnownAtFilter, Moment, PlainDate
from skeldir.money import CurrencyCode
from skeldir.rates import ABOUT_RATE_SOURCE, Convert, RateSource
from skeldir.revenue import RenewalsFilter
from skeldir.rollups import KnownAt

# A report counts the orders awaiting credit only up to this number: counting more would cost more than the report.
MOST_AWAITING = 10_000


class CreditQuery(Days):
    """The filters that reports of credit share."""

    model: Annotated[
        Filter[list[ModelName]],
        Field(description="models to show, repeated or separated by commas; all when left out"),
    ] = None  # fmt: skip
    currency: Annotated[Filter[CurrencyCode], Field(description="this currency only, ISO 4217")] = (
        None
    )

    renewals: RenewalsFilter = "include"

    @field_validator("model", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, list):
            return [part for item in value for part in str(item).split(",")]
        return value

    @field_validator("model")
    @classmethod
    def _name_once_in_order(cls, value: list[str] | None) -> list[str] | None:
        return None if value is None else [name for name in MODEL_NAMES if name in value]


class ChannelsQuery(CreditQuery, DayRange):
    """The filters of the channel report."""

    granularity: Annotated[
        Granularity,
        Field(description="one row per channel for the full range, or per local day, week or month"),
    ] = "total"  # fmt: skip
    convert: Convert = False
    rate_source: Annotated[Filter[RateSource], Field(description=ABOUT_RATE_SOURCE)] = None
    known_at: KnownAtFilter = None
    compare: Annotated[
        Filter[Compare],
        Field(
            description="show other figures beside: of as many days before, of the days a year before, of the days "
            "from `compare_from`, or of the same days as known at `compare_known_at`"
        ),
    ] = None
    match: Annotated[
        Match, Field(description="`weekday` compares with days that are full weeks away")
    ] = "date"
    compare_from: Annotated[
        Filter[PlainDate], Field(description="first day to compare with, for `compare=custom`")
    ] = None
    compare_to: Annotated[
        Filter[PlainDate], Field(description="the day after the last of these")
    ] = None
    compare_known_at: Annotated[
        KnownAtFilter, Field(description="the moment to compare with, for `compare=known_at`")
    ] = None


class ChangesQuery(Days):
    """The moments of a list of changes, and its filters."""

    since: Annotated[Moment, Field(description="the earlier moment, ISO 8601 with an offset")]
    until: Annotated[KnownAtFilter, Field(description="the later moment; now when left out")] = None
    model: Annotated[
        Filter[list[ModelName]], Field(description="models to show, repeated; all when left out")
    ] = None  # fmt: skip
    currency: Annotated[Filter[CurrencyCode], Field(description="this currency only, ISO 4217")] = (
        None
    )


class OfChannelQuery(CreditQuery):
    """The filters of a report that can be of one channel."""

    channel: Annotated[
        Filter[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,100}$")]],
        Field(description="this channel only"),
    ] = None


class KindsQuery(OfChannelQuery):
    """The filters of the report of kinds of entries."""

    basis: BasisShown = "entry_day"


class OriginsQuery(OfChannelQuery):
    """The filters of the report of sources and campaigns."""

    by: Annotated[Dimension, Field(description="what each channel is divided by")] = "source"
    top: Annotated[
        int,
        Field(ge=1, le=MOST_VALUES, description="how many values of each channel are shown singly"),
    ] = 10


@dataclass(frozen=True, slots=True)
class ChannelsPage:
    """A page of the channel report, by period, currency and channel; never summed across currencies."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "time_zone": "Europe/Berlin",
                    "renewals": "include",
                    "model_versions": {"last_touch": "last_touch@1", "linear": "linear@2"},
                    "orders_awaiting_credit": 0,
                    "orders_set_aside": 0,
                    "data": [
                        {
                            "period": "2026-06-01",
                            "currency": "USD",
                            "channel": "paid_search",
                            "models": {
                                "last_touch": {
                                    "credited_cents": 12990,
                                    "conversions": "1",
                                    "spend_cents": 5000,
                                    "roas": "2.598000",
                                    "cpa_cents": "5000.000000",
                                    "share": "1.000000",
                                },
                                "linear": {
                                    "credited_cents": 6495,
                                    "conversions": "0.5",
                                    "spend_cents": 5000,
                                    "roas": "1.299000",
                                    "cpa_cents": "10000.000000",
                                    "share": "0.500000",
                                },
                            },
                        }
                    ],
                    "next_cursor": "WyJmMDM4YmQ1N2E0ZTFjMjkwIixbIjIwMjYtMDYtMDEiXV0",
                }
            ]
        }
    )

    time_zone: TimeZone
    renewals: RenewalsFilter
    model_versions: Annotated[
        dict[str, str],
        Field(
            description="the version of each model that is shown: the active one, or that of `known_at`"
        ),
    ]
    orders_awaiting_credit: Annotated[
        int | None,
        Field(
            ge=0,
            le=MOST_AWAITING,
            description="orders of the tenant that await credit because of new facts or new models; "
            f"{MOST_AWAITING} means that many or more. With 0 all credit is computed, and the rows show it as soon as "
            "the sums of its days are written, seconds later; they do not wait for a refresh of a view. "
            "Null for an earlier moment: how many they were then is not recorded",
        ),
    ]
    orders_set_aside: Annotated[
        int | None,
        Field(
            ge=0,
            le=MOST_AWAITING,
            description="orders that could not be credited from their journey; the explanation of an order gives the "
            f"reason. {MOST_AWAITING} means that many or more. Null for an earlier moment",
        ),
    ]
    data: list[ChannelRow]
    next_cursor: str | None
    known_at: KnownAt = None
    comparison: Comparison | None = None
