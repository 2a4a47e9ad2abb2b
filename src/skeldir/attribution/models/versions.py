"""A model version: a model with its parameters, which also determine the touches it looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Literal

from skeldir.attribution.models.fitted import (
    PARTS_OF_WEIGHT,
    fitted_channel_weights,
    fitted_touch_weights,
)
from skeldir.attribution.models.rules import (
    FITTED_MODELS,
    MODEL_NAMES,
    JourneyTouch,
    ModelName,
    channel_weights,
    half_life_microseconds,
    model_unknown,
    touch_weights,
)
from skeldir.errors import SkeldirError

AfterConversion = Literal["keep", "reset"]
"""Whether a touch that earned credit may earn again, for the next conversion of its journey."""


class ModelVersionInvalid(SkeldirError):
    """A model version has an invalid parameter."""

    code = "model_version_invalid"
    status = 422
    title = "The model version is not valid"


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A model with every parameter its credit depends on; with another parameter it is another version.

    `lookback` is how long before a conversion a touch may lie, both ends included. With
    `after_conversion` "keep" a touch may earn again for the next conversion of its journey; with
    "reset" the journey starts again after each conversion. `half_life_days` matters to `time_decay` only. `weights`
    are those of a fit by channel, see `whole_weights`; a rule model has none.

    Raises `ModelUnknown` and `ModelVersionInvalid`.
    """

    model_version: str
    model: ModelName
    lookback: timedelta = timedelta(days=30)
    after_conversion: AfterConversion = "keep"
    half_life_days: Fraction | float = 7.0
    weights: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        if self.model not in MODEL_NAMES:
            raise model_unknown(self.model)
        if self.lookback < timedelta(0):
            raise ModelVersionInvalid(
                "The lookback is negative.", cure="Give the days before a conversion, such as 30."
            )
        if self.after_conversion not in ("keep", "reset"):
            raise ModelVersionInvalid(
                f'"{self.after_conversion}" is not something a conversion does to earlier touches.',
                cure="Set after_conversion to keep or reset.",
            )
        try:
            half_life_microseconds(self.half_life_days)
        except ValueError as error:
            raise ModelVersionInvalid(
                str(error), cure="Give half_life_days as a positive number, such as 7."
            ) from error
        self._require_valid_weights()

    def _require_valid_weights(self) -> None:
        weights = self.weights
        if (weights is not None) != (self.model in FITTED_MODELS):
            raise ModelVersionInvalid(
                f"{self.model} has the weights of a fit, or lacks them.",
                cure=f"Give weights for {' and '.join(FITTED_MODELS)}, and for no other model.",
            )
        # The sum may differ from the whole by the rounding of each, and by channels raised to 1.
        if weights is not None and not (
            weights
            and all(weight > 0 for weight in weights.values())
            and sum(weights.values()) <= 2 * PARTS_OF_WEIGHT
        ):
            raise ModelVersionInvalid(
                "A weight is not positive, or all together are too large.",
                cure="Make the weights with `whole_weights`.",
            )

    def weigh_touches(self, touches: Sequence[JourneyTouch]) -> list[int]:
        """Return the weight of each touch of a journey, which is not empty: see `touch_weights`.

        All are 0 if no channel of the journey is known to the fit.
        """
        if self.weights is not None:
            return fitted_touch_weights(touches, self.weights)
        return touch_weights(self.model, touches, half_life_days=self.half_life_days)

    def weigh_channels(self, touches: Sequence[JourneyTouch]) -> dict[str, int]:
        """Return the sum of each channel's `weigh_touches`, without those that are 0."""
        if self.weights is not None:
            return fitted_channel_weights(touches, self.weights)
        return channel_weights(self.model, touches, half_life_days=self.half_life_days)
