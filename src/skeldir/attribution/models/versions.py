"""A model version: a model with its parameters, which also determine the touches it looks at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Literal

from skeldir.attribution.models.rules import (
    MODEL_NAMES,
    ModelName,
    half_life_microseconds,
    model_unknown,
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
    "reset" the journey starts again after each conversion. `half_life_days` matters to `time_decay` only.

    Raises `ModelUnknown` and `ModelVersionInvalid`.
    """

    model_version: str
    model: ModelName
    lookback: timedelta = timedelta(days=30)
    after_conversion: AfterConversion = "keep"
    half_life_days: Fraction | float = 7.0

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
