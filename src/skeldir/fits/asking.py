"""What a fit is asked to be: model, days, lookback, chain and interval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from skeldir.attribution import LONGEST_ORDER
from skeldir.fits.refusals import FitInvalid

MARKOV: Final = "markov"
SHAPLEY: Final = "shapley"
FITTED_MODELS: Final = (MARKOV, SHAPLEY)
"""The models whose numbers are estimated from journeys."""

DEFAULT_LOOKBACK_DAYS: Final = 30
LONGEST_LOOKBACK_DAYS: Final = 365
MOST_DAYS: Final = 1_100
DEFAULT_LEVEL_PERCENT: Final = 90
DEFAULT_DRAWS: Final = 1_000
FEWEST_DRAWS, MOST_DRAWS = 100, 10_000
LARGEST_SEED: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class FitAsked:
    """The parameters of a fit; days are the tenant's, both included.

    `chain_order` is the order of a Markov chain, None to choose it by cross-validation; `collapse_repeats` counts
    touches of one channel that follow each other as one. Both are None for Shapley values. Of a hundred draws, an
    interval holds `level_percent`.
    """

    model: str
    first_day: date
    last_day: date
    lookback_days: int = DEFAULT_LOOKBACK_DAYS
    chain_order: int | None = None
    collapse_repeats: bool | None = None
    level_percent: int = DEFAULT_LEVEL_PERCENT
    draws: int = DEFAULT_DRAWS
    seed: int = 0

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
        days = (self.last_day - self.first_day) // timedelta(days=1) + 1
        for name, value, least, most in (
            ("number of days", days, 1, MOST_DAYS),
            ("lookback in days", self.lookback_days, 1, LONGEST_LOOKBACK_DAYS),
            ("order of the chain", self.chain_order or 1, 1, LONGEST_ORDER),
            ("number of draws", self.draws, FEWEST_DRAWS, MOST_DRAWS),
            ("level in percent", self.level_percent, 50, 99),
            ("seed", self.seed, 0, LARGEST_SEED),
        ):
            if not least <= value <= most:
                raise FitInvalid(
                    f"The {name} is {value}.", cure=f"Give a whole number from {least} to {most:,}."
                )
