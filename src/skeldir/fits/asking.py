"""What a fit is asked to be: model, days, lookback, chain and interval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final

from pydantic import ConfigDict, Field

from skeldir.attribution import FITTED_MODELS, LONGEST_ORDER, FittedModel
from skeldir.fits.refusals import FitInvalid

MARKOV: Final = "markov"
SHAPLEY: Final = "shapley"

DEFAULT_LOOKBACK_DAYS: Final = 30
LONGEST_LOOKBACK_DAYS: Final = 365
MOST_DAYS: Final = 1_100
DEFAULT_LEVEL_PERCENT: Final = 90
DEFAULT_DRAWS: Final = 1_000
FEWEST_DRAWS, MOST_DRAWS = 100, 10_000
LARGEST_SEED: Final = 2**31 - 1
LOWEST_LEVEL_PERCENT, HIGHEST_LEVEL_PERCENT = 50, 99
_EARLIEST_DAY: Final = date(2000, 1, 1)
_LATEST_DAY: Final = date(2999, 12, 31)


@dataclass(frozen=True, slots=True)
class FitAsked:
    """The parameters of a fit; days are the tenant's, both included.

    Shapley values have no order, and do not say whether repeats count: `chain_order` and `collapse_repeats` are null.
    """

    __pydantic_config__ = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"model": "markov", "first_day": "2026-04-01", "last_day": "2026-06-30"},
                {
                    "model": "shapley",
                    "first_day": "2026-04-01",
                    "last_day": "2026-06-30",
                    "draws": 500,
                },
            ]
        },
    )

    model: FittedModel
    first_day: Annotated[date, Field(description="in the tenant's time zone")]
    last_day: Annotated[date, Field(description=f"at most {MOST_DAYS:,} days with the first")]
    lookback_days: Annotated[
        int,
        Field(
            ge=1,
            le=LONGEST_LOOKBACK_DAYS,
            description="how far before its end a journey's touches count",
        ),
    ] = DEFAULT_LOOKBACK_DAYS
    chain_order: Annotated[
        int | None,
        Field(
            ge=1,
            le=LONGEST_ORDER,
            description="how many touches a Markov chain remembers; null: chosen by cross-validation",
        ),
    ] = None
    collapse_repeats: Annotated[
        bool | None,
        Field(
            description="whether touches of one channel in a row are one; markov only, and false if it is left out"
        ),
    ] = None
    level_percent: Annotated[
        int,
        Field(
            ge=LOWEST_LEVEL_PERCENT,
            le=HIGHEST_LEVEL_PERCENT,
            description="how many of a hundred draws an interval holds",
        ),
    ] = DEFAULT_LEVEL_PERCENT
    draws: Annotated[
        int,
        Field(ge=FEWEST_DRAWS, le=MOST_DRAWS, description="how often the journeys are drawn"),
    ] = DEFAULT_DRAWS
    seed: Annotated[
        int, Field(ge=0, le=LARGEST_SEED, description="the same seed draws the same")
    ] = 0

    def require_valid(self) -> None:
        """Raise FitInvalid for what no fit can have."""
        if self.model not in FITTED_MODELS:
            raise FitInvalid(
                f'"{self.model}" is no model that is fitted.', cure="Choose markov or shapley."
            )
        if self.model == SHAPLEY and not (
            self.chain_order is None and self.collapse_repeats is None
        ):
            raise FitInvalid(
                "Shapley values have no order, and repeats never count.",
                cure="Leave both out, or choose markov.",
            )
        if self.model == MARKOV and self.collapse_repeats is None:
            raise FitInvalid(
                "Whether repeats count is not said.", cure="Say whether repeats are collapsed."
            )
        if self.first_day < _EARLIEST_DAY or self.last_day > _LATEST_DAY:
            raise FitInvalid(
                f"The days are {self.first_day} to {self.last_day}.",
                cure=f"Give days from {_EARLIEST_DAY} to {_LATEST_DAY}.",
            )
        if self.last_day < self.first_day:
            raise FitInvalid("The last day is before the first one.", cure="Exchange them.")
        days = (self.last_day - self.first_day) // timedelta(days=1) + 1
        if days > MOST_DAYS:
            raise FitInvalid(f"These are {days} days.", cure=f"Choose {MOST_DAYS} days at most.")
        for name, value, least, most in (
            ("lookback in days", self.lookback_days, 1, LONGEST_LOOKBACK_DAYS),
            (
                "order of the chain",
                1 if self.chain_order is None else self.chain_order,
                1,
                LONGEST_ORDER,
            ),
            ("number of draws", self.draws, FEWEST_DRAWS, MOST_DRAWS),
            (
                "level in percent",
                self.level_percent,
                LOWEST_LEVEL_PERCENT,
                HIGHEST_LEVEL_PERCENT,
            ),
            ("seed", self.seed, 0, LARGEST_SEED),
        ):
            if not least <= value <= most:
                raise FitInvalid(
                    f"The {name} is {value}.", cure=f"Give a whole number from {least} to {most}."
                )
