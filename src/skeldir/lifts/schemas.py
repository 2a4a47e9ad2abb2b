"""Shapes of lift tests, as commands and the API show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from skeldir.lifts.stating import Measure
from skeldir.money import CurrencyCode

Amount: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^-?[0-9]+(\.[0-9]+)?$",
        description="an exact decimal: conversions, or for `value` whole units of the currency and its decimals",
    ),
]


@dataclass(frozen=True, slots=True)
class ModelFigure:
    """What a model credits to the channel of a test on its days, against the test's interval."""

    version: Annotated[str, Field(description="of a model in force, or of a fit of these days")]
    is_fit: bool
    credited: Amount
    position: Annotated[
        Literal["below", "inside", "above"],
        Field(description="where this is: below the interval, inside it or above it"),
    ]
    beyond: Annotated[
        Amount, Field(description="how far from the nearer end of the interval; 0 inside it")
    ]
    difference: Annotated[Amount, Field(description="this less what the test measured")]


@dataclass(frozen=True, slots=True)
class LiftTest:
    """What an experiment measured of a channel, and what models credit to the channel on the same days."""

    experiment: str
    channel: str
    measure: Measure
    currency: Annotated[CurrencyCode | None, Field(description="of `value` only")]
    first_day: Annotated[date, Field(description="the first day, in the tenant's time zone")]
    last_day: Annotated[date, Field(description="the last day, included")]
    incremental: Annotated[Amount, Field(description="what the channel added, as measured")]
    lower: Annotated[Amount, Field(description="the lower end of its interval")]
    upper: Annotated[Amount, Field(description="the upper end of its interval")]
    level_percent: Annotated[int, Field(description="the level of the interval, as the test says")]
    revision: Annotated[int, Field(description="2 and more: what it says now replaced others")]
    source: Annotated[str, Field(description="the file")]
    recorded_at: datetime
    recorded_by: str
    models: Annotated[
        list[ModelFigure],
        Field(
            description="the models in force, then the latest fit of each model of just these days"
        ),
    ]


@dataclass(frozen=True, slots=True)
class LiftTestsReport:
    """The lift tests of a tenant, those of the latest days first."""

    data: list[LiftTest]
