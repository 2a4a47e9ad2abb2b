"""Attribution models: pure functions that decide which touches of a journey earned its conversion.

`touch_weights` applies a model by name, `channel_weights` sums its result by channel, `ModelVersion` is a model with
its parameters. No database, no clock, no floats in the weights.
"""

from __future__ import annotations

from skeldir.attribution.models.rules import (
    DIRECT,
    MODEL_NAMES,
    JourneyTouch,
    ModelName,
    ModelUnknown,
    channel_weights,
    first_touch,
    last_non_direct,
    last_touch,
    linear,
    position_based,
    time_decay,
    touch_weights,
)
from skeldir.attribution.models.versions import AfterConversion, ModelVersion, ModelVersionInvalid

__all__ = [
    "DIRECT",
    "MODEL_NAMES",
    "AfterConversion",
    "JourneyTouch",
    "ModelName",
    "ModelUnknown",
    "ModelVersion",
    "ModelVersionInvalid",
    "channel_weights",
    "first_touch",
    "last_non_direct",
    "last_touch",
    "linear",
    "position_based",
    "time_decay",
    "touch_weights",
]
