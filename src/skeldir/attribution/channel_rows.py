"""The rows of the channel report, and how they are made of the sums that a statement returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field

from skeldir.attribution.credit_intervals import CreditInterval
from skeldir.money import Cents, CurrencyCode

if TYPE_CHECKING:
    from skeldir.attribution.store import SelectChannelReportRow, SelectChannelSumsAtRow

Granularity: TypeAlias = Literal["total", "day", "week", "month"]
"""How the days of the report are put together."""
# The date that represents the single period of a total in SQL. (The driver reads the earliest date as -infinity.)
NO_PERIOD = date(2, 1, 1)


@dataclass(frozen=True, slots=True)
class ModelCredit:
    """What one model credits to a channel in a period and currency."""

    credited_cents: Cents
    conversions: Annotated[
        str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$", description="exact decimal, to 10^-12")
    ]
    spend_cents: Annotated[Cents, Field(description="the channel's spend, the same for each model")]
    roas: Annotated[
        str | None,
        Field(
            pattern=r"^-?[0-9]+(\.[0-9]+)?$",
            description="credited money divided by spend, to 6 decimals; null without spend",
        ),
    ]
    cpa_cents: Annotated[
        str | None,
        Field(
            pattern=r"^-?[0-9]+(\.[0-9]+)?$",
            description="spend for one conversion, to 6 decimals; null without spend or conversions",
        ),
    ] = None
    share: Annotated[
        str | None,
        Field(
            pattern=r"^-?[0-9]+(\.[0-9]+)?$",
            description="part of the credited money of all channels in the period and currency, to 6 decimals; null if"
            " that is not above 0",
        ),
    ] = None
    interval: Annotated[
        CreditInterval | None,
        Field(
            description="by a fit, the interval of the channel's share carried over to its credit, not one of the "
            "credit itself; null for other models, and for a channel without an interval"
        ),
    ] = None


SignedDecimal: TypeAlias = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]


@dataclass(frozen=True, slots=True)
class Change:
    """The report's figures less those compared with."""

    credited_cents: Cents
    conversions: SignedDecimal
    spend_cents: Cents
    roas: Annotated[SignedDecimal | None, Field(description="null unless both are known")]


@dataclass(frozen=True, slots=True)
class Relative:
    """Each change divided by the size of the figure compared with, to 6 decimals; null if that is 0 or unknown."""

    credited_cents: SignedDecimal | None
    conversions: SignedDecimal | None
    spend_cents: SignedDecimal | None
    roas: SignedDecimal | None


@dataclass(frozen=True, slots=True)
class ComparedCredit:
    """What a model credited to the channel on the days, or at the moment, compared with."""

    credited_cents: Cents
    conversions: SignedDecimal
    spend_cents: Cents
    roas: SignedDecimal | None
    change: Change
    relative: Relative


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """The credit of a channel in a period and currency, by model."""

    period: Annotated[
        date | None,
        Field(description="first day of the period, weeks from Monday; null for `total`"),
    ]
    currency: CurrencyCode
    channel: str
    models: dict[str, ModelCredit]
    compared: Annotated[
        dict[str, ComparedCredit | None] | None,
        Field(
            description="by model, with `compare`; null for a model that was not in force at the moment compared with"
        ),
    ] = None


NOTHING = ModelCredit(0, "0", 0, None)


def channel_row(
    row: SelectChannelReportRow | SelectChannelSumsAtRow, versions: Mapping[str, str]
) -> ChannelRow:
    """Return a row of the report; `versions` are those to show, by model."""
    credit = {
        version: ModelCredit(int(credited), conversions, int(spend), roas)
        for version, credited, conversions, spend, roas in zip(
            row["model_versions"],
            row["credited_cents"],
            row["conversions"],
            row["spend_cents"],
            row["roas"],
            strict=True,
        )
    }
    return ChannelRow(
        period=None if row["period"] == NO_PERIOD else row["period"],
        currency=row["currency"],
        channel=row["channel"],
        models={model: credit.get(version, NOTHING) for model, version in versions.items()},
    )
