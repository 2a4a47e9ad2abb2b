"""What a converted report says of the rates it used, and of money that no rate was known for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from pydantic import Field

from skeldir.money import CurrencyCode

MOST_SHOWN: Final = 400
"""The most rates that a response lists, the latest of them."""


@dataclass(frozen=True, slots=True)
class StatedRate:
    """A rate as the source states it: one unit of its base is `rate` units of `quote`."""

    quote: CurrencyCode
    rate: str
    revision: int


@dataclass(frozen=True, slots=True)
class UsedRate:
    """The rate that the money of some successive days was converted by."""

    currency: CurrencyCode
    rate_day: Annotated[date, Field(description="the day that the source states the rate for")]
    first_day: Annotated[date, Field(description="the first day with money that it was used for")]
    last_day: Annotated[date, Field(description="the last one")]
    rate: Annotated[
        str,
        Field(
            description="how many units of the target one unit of `currency` is, to 15 digits; sums are converted by"
            " the exact quotient of the stated rates"
        ),
    ]
    stated: list[StatedRate]


@dataclass(frozen=True, slots=True)
class MissingRate:
    """Days with money of a currency that no rate is known for: it is in no sum of the target."""

    currency: CurrencyCode
    days: Annotated[int, Field(ge=1, description="how many days with money have no rate")]
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class ConvertedBy:
    """What sums were converted to, and by what.

    Of each day and currency the sum is converted, and rounded to the nearest smallest unit (halves to the even one).
    Its parts are rounded down, and the largest remainders get the units that are left. So parts add up to their sum,
    and days to their total.
    """

    currency: CurrencyCode
    source: str
    base: Annotated[
        CurrencyCode, Field(description="the currency that the source quotes others for")
    ]
    days_old_at_most: Annotated[
        int,
        Field(description="how old a rate may be: sources state none on weekends and holidays"),
    ]
    rates: Annotated[
        list[UsedRate],
        Field(description=f"by currency and day; the latest {MOST_SHOWN} if there are more"),
    ]
    rates_left_out: Annotated[int, Field(ge=0, description="how many more rates were used")]
    missing: Annotated[list[MissingRate], Field(description="what could not be converted")]
