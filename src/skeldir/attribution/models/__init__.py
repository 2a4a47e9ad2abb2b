"""Attribution models: pure functions that say which touches of a journey earned its conversion.

This package is the door: `touch_weights` applies a model by name, `channel_weights` sums that up, `ModelVersion` fixes
a model with its parameters. No database, no clock, no floats in the weights.
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
