"""What the tools take: whole days and models that are named, so that nothing is guessed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from skeldir.attribution import ModelName
from skeldir.http import Moment, PlainDate
from skeldir.money import CurrencyCode
from skeldir.revenue import LONGEST_KEY

MOST_DAYS: Final = 400
"""The most days of a question."""
MOST_ROWS: Final = 500
"""The most rows of each list of an answer."""


class Arguments(BaseModel):
    """What every tool takes; unknown arguments are refused, never ignored."""

    model_config = ConfigDict(extra="forbid")

    rows: Annotated[
        int,
        Field(
            ge=1, le=MOST_ROWS, description="the most rows of each list; `left_off` counts others"
        ),
    ] = 100


class NoArguments(Arguments):
    """For a tool that needs nothing."""


class DaysArguments(Arguments):
    """A half-open range of days of the tenant's time zone, [from, to)."""

    from_: Annotated[PlainDate, Field(alias="from", description="first day, such as 2026-06-01")]
    to: Annotated[
        PlainDate,
        Field(description=f"the day after the last one; at most {MOST_DAYS} days after `from`"),
    ]

    @field_validator("to")
    @classmethod
    def _is_within_bounds(cls, value: date, info: ValidationInfo) -> date:
        start = info.data.get("from_")
        if start is not None and value <= start:
            raise ValueError("`to` must be later than `from`")
        if start is not None and (value - start).days > MOST_DAYS:
            raise ValueError(f"a question is about {MOST_DAYS} days at most")
        return value


class CreditArguments(DaysArguments):
    """What reports of credit share."""

    currency: Annotated[
        CurrencyCode | None, Field(description="this currency only, ISO 4217; all when left out")
    ] = None


class ChannelsArguments(CreditArguments):
    """What the report of channels takes."""

    model: Annotated[ModelName, Field(description="whose credit; `compare` shows several")]
    granularity: Annotated[
        Literal["total", "day", "week", "month"],
        Field(description="one row per channel for all days, or per day, week or month"),
    ] = "total"
    renewals: Annotated[
        Literal["include", "exclude"],
        Field(description="whether later payments of subscriptions count"),
    ] = "include"
    known_at: Annotated[
        Moment | None,
        Field(description="report what was known at this moment, ISO 8601 with an offset, not now"),
    ] = None


class CampaignsArguments(CreditArguments):
    """What the report of campaigns takes."""

    model: Annotated[ModelName, Field(description="whose credit")]
    by: Annotated[
        Literal["source", "campaign"], Field(description="what each channel is divided by")
    ] = "campaign"
    channel: Annotated[
        str | None,
        Field(pattern=r"^[a-z0-9_]{1,100}$", description="this channel only; all when left out"),
    ] = None
    renewals: Annotated[
        Literal["include", "exclude"],
        Field(description="whether later payments of subscriptions count"),
    ] = "include"


class CompareArguments(CreditArguments):
    """What the comparison of models takes."""

    models: Annotated[
        Annotated[list[ModelName], Field(min_length=2)] | None,
        Field(description="two or more; all that are in force when left out"),
    ] = None
    renewals: Annotated[
        Literal["include", "exclude"],
        Field(description="whether later payments of subscriptions count"),
    ] = "include"


class OrderArguments(Arguments):
    """What the explanation of an order takes."""

    order_id: Annotated[
        str, Field(min_length=1, max_length=LONGEST_KEY, description="as the shop sent it")
    ]
    model: Annotated[
        ModelName | None, Field(description="credit by one model; by all when left out")
    ] = None


class ChangesArguments(CreditArguments):
    """What the list of changes takes."""

    since: Annotated[Moment, Field(description="the earlier moment, ISO 8601 with an offset")]
    until: Annotated[Moment | None, Field(description="the later moment; now when left out")] = None
    model: Annotated[
        ModelName | None, Field(description="one model; all in force when left out")
    ] = None


class HealthArguments(Arguments):
    """What the state of the data takes."""

    days: Annotated[
        int, Field(ge=1, le=92, description="how many days back refused items are counted")
    ] = 7
