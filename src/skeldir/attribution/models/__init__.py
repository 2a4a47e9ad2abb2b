"""Attribution models: pure functions that decide which touches of a journey earned its conversion.

`ModelVersion` is a model with its parameters, or with the weights of a fit, and weighs touches and channels: by
`touch_weights` and `channel_weights`, which apply a rule model by name, or by what the fit gives each channel. Weights
are whole numbers. The other modules estimate what channels earn from many journeys: Markov
chains, Shapley values, and intervals of both. No database, no clock.
"""

from __future__ import annotations

from skeldir.attribution.models.chains import (
    LONGEST_ORDER,
    SHARDS,
    ChannelsTooMany,
    Floats,
    JourneyColumns,
    Transitions,
    count_transitions,
)
from skeldir.attribution.models.choosing_orders import OrderLikelihood, choose_order
from skeldir.attribution.models.fitted import SEPARATOR, channel_of, part_of_weight, whole_weights
from skeldir.attribution.models.intervals import (
    bootstrap_effects,
    bootstrap_shapley,
    interval,
    posterior_effects,
    shares_of_sum,
)
from skeldir.attribution.models.markov import RemovalEffects, removal_effects
from skeldir.attribution.models.rules import (
    DIRECT,
    FITTED_MODELS,
    MODEL_NAMES,
    RULE_MODELS,
    FittedModel,
    JourneyTouch,
    ModelName,
    ModelUnknown,
    RuleModel,
    channel_weights,
    first_touch,
    last_non_direct,
    last_touch,
    linear,
    position_based,
    time_decay,
    touch_weights,
)
from skeldir.attribution.models.shapley import (
    ChannelSets,
    count_journeys,
    count_sets,
    shapley_by_sets,
    shapley_values,
)
from skeldir.attribution.models.versions import AfterConversion, ModelVersion, ModelVersionInvalid

__all__ = [
    "DIRECT",
    "FITTED_MODELS",
    "LONGEST_ORDER",
    "MODEL_NAMES",
    "RULE_MODELS",
    "SEPARATOR",
    "SHARDS",
    "AfterConversion",
    "ChannelSets",
    "ChannelsTooMany",
    "FittedModel",
    "Floats",
    "JourneyColumns",
    "JourneyTouch",
    "ModelName",
    "ModelUnknown",
    "ModelVersion",
    "ModelVersionInvalid",
    "OrderLikelihood",
    "RemovalEffects",
    "RuleModel",
    "Transitions",
    "bootstrap_effects",
    "bootstrap_shapley",
    "channel_of",
    "channel_weights",
    "choose_order",
    "count_journeys",
    "count_sets",
    "count_transitions",
    "first_touch",
    "interval",
    "last_non_direct",
    "last_touch",
    "linear",
    "part_of_weight",
    "position_based",
    "posterior_effects",
    "removal_effects",
    "shapley_by_sets",
    "shapley_values",
    "shares_of_sum",
    "time_decay",
    "touch_weights",
    "whole_weights",
]
