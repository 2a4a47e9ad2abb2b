"""The six rule models: which touch of a journey earned how much of its conversion.

Each is a pure function from a journey to whole-number weights, one per touch; only their ratios
matter. Whole numbers keep the later split of money exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from operator import attrgetter
from typing import Final, Literal, get_args

from skeldir.attribution.models.halving import halved
from skeldir.errors import SkeldirError

DIRECT: Final = "direct"
"""The channel code of a visit without a known source."""

_MICROSECOND: Final = timedelta(microseconds=1)
_MICROSECONDS_OF_A_DAY: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class JourneyTouch:
    """One touch. A journey is a sequence of them by (occurred_at, idempotency_key bytewise)."""

    occurred_at: datetime
    channel_code: str
    idempotency_key: str


class ModelUnknown(SkeldirError):
    """No attribution model has this name."""

    code = "model_unknown"
    status = 422
    title = "The attribution model is not known"


def first_touch(touches: Sequence[JourneyTouch]) -> list[int]:
    """All to the first touch."""
    return _only(0, len(touches))


def last_touch(touches: Sequence[JourneyTouch]) -> list[int]:
    """All to the last touch."""
    return _only(len(touches) - 1, len(touches))


def last_non_direct(touches: Sequence[JourneyTouch]) -> list[int]:
    """All to the last touch whose channel is not `direct`; to the last touch if all are `direct`."""
    last = len(touches) - 1
    for index in range(last, -1, -1):
        if touches[index].channel_code != DIRECT:
            return _only(index, len(touches))
    return _only(last, len(touches))


def linear(touches: Sequence[JourneyTouch]) -> list[int]:
    """Equal credit to every touch."""
    return [1] * len(touches)


def position_based(touches: Sequence[JourneyTouch]) -> list[int]:
    """40 % each to the first and the last touch, 20 % over those between; with two touches, half each.

    With m touches between, the weights are 2m, then 1 for each, then 2m; 5m in total.
    """
    between = len(touches) - 2
    if between <= 0:
        return [1] * len(touches)
    return [2 * between, *[1] * between, 2 * between]


def time_decay(touches: Sequence[JourneyTouch], half_life_days: Fraction | float) -> list[int]:
    """Weight 2^(-d / half_life_days) for a touch d days before the conversion.

    Only ratios matter, so ages count from the newest touch, whose weight is 2**120. Nothing
    overflows or underflows, however late the conversion is. Ages are exact to the microsecond, and
    the half-life is rounded to it. Each ratio to the newest touch has a relative error below 2^-54
    up to 56 half-lives of age; beyond, an absolute error of at most 2^-120 (see `halved`).

    Raises `ValueError` when the half-life is not positive and finite.
    """
    half_life = half_life_microseconds(half_life_days)
    newest = touches[-1].occurred_at
    return [halved((newest - touch.occurred_at) // _MICROSECOND, half_life) for touch in touches]


def half_life_microseconds(half_life_days: Fraction | float) -> int:
    """Return the half-life in whole microseconds; `ValueError` unless positive and finite."""
    if not 0 < half_life_days < float("inf"):
        raise ValueError("A half-life is a positive, finite number of days.")
    half_life = round(half_life_days * _MICROSECONDS_OF_A_DAY)
    if half_life == 0:
        raise ValueError("A half-life is at least one microsecond.")
    return half_life


RuleModel = Literal[
    "first_touch", "last_touch", "last_non_direct", "linear", "position_based", "time_decay"
]
"""The names that `touch_weights` accepts, in the order in which they are shown."""

RULE_MODELS: Final[tuple[RuleModel, ...]] = get_args(RuleModel)

FittedModel = Literal["markov", "shapley"]
"""The models whose weights a fit estimates."""

FITTED_MODELS: Final[tuple[FittedModel, ...]] = get_args(FittedModel)

ModelName = Literal[RuleModel, FittedModel]
"""The names of all models, in the order in which they are shown."""

MODEL_NAMES: Final[tuple[ModelName, ...]] = (*RULE_MODELS, *FITTED_MODELS)

_BY_POSITION: Final[Mapping[str, Callable[[Sequence[JourneyTouch]], list[int]]]] = {
    "first_touch": first_touch,
    "last_touch": last_touch,
    "last_non_direct": last_non_direct,
    "linear": linear,
    "position_based": position_based,
}


def touch_weights(
    model: str, touches: Sequence[JourneyTouch], *, half_life_days: Fraction | float = 7.0
) -> list[int]:
    """Return the weight of each touch by the named model: whole, not negative, not all zero.

    Raises `ModelUnknown`, and `ValueError` for an empty journey, which has no touch to credit: its
    money is `unattributed`, which is the caller's decision.
    """
    by_position = _BY_POSITION.get(model)
    if by_position is None and model != "time_decay":
        raise model_unknown(model)
    if not touches:
        raise ValueError("An empty journey has no touch to credit.")
    if by_position is None:
        return time_decay(touches, half_life_days)
    return by_position(touches)


def channel_weights(
    model: str, touches: Sequence[JourneyTouch], *, half_life_days: Fraction | float = 7.0
) -> dict[str, int]:
    """Return the sum of each channel's `touch_weights`; a channel without weight is left out.

    Where only the first or last touch counts, or all count alike, touches are not weighed one by one: for a long
    journey this takes a tenth of the time.

    Raises as `touch_weights` does.
    """
    if not touches or model not in _SUMS:
        weights = touch_weights(model, touches, half_life_days=half_life_days)
        sums: dict[str, int] = {}
        for touch, weight in zip(touches, weights, strict=True):
            if weight:
                sums[touch.channel_code] = sums.get(touch.channel_code, 0) + weight
        return sums
    return _SUMS[model](touches)


def _sum_last_non_direct(touches: Sequence[JourneyTouch]) -> dict[str, int]:
    for touch in reversed(touches):
        if touch.channel_code != DIRECT:
            return {touch.channel_code: 1}
    return {DIRECT: 1}


def _sum_linear(touches: Sequence[JourneyTouch]) -> dict[str, int]:
    return dict(Counter(map(_channel_code, touches)))


def _sum_position_based(touches: Sequence[JourneyTouch]) -> dict[str, int]:
    sums = _sum_linear(touches)
    between = len(touches) - 2
    if between > 0:
        for end in (touches[0], touches[-1]):
            sums[end.channel_code] += 2 * between - 1
    return sums


_channel_code = attrgetter("channel_code")
_SUMS: Final[Mapping[str, Callable[[Sequence[JourneyTouch]], dict[str, int]]]] = {
    "first_touch": lambda touches: {touches[0].channel_code: 1},
    "last_touch": lambda touches: {touches[-1].channel_code: 1},
    "last_non_direct": _sum_last_non_direct,
    "linear": _sum_linear,
    "position_based": _sum_position_based,
}


def model_unknown(model: str) -> ModelUnknown:
    """Return the error for an unknown model; its cure lists the models that exist."""
    return ModelUnknown(
        f'There is no attribution model "{model}".', cure=f"Use one of {', '.join(MODEL_NAMES)}."
    )


def _only(index: int, count: int) -> list[int]:
    weights = [0] * count
    weights[index] = 1
    return weights
