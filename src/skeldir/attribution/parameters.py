"""The parameters of a model: which values are valid, and the values of those that are left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypedDict
from uuid import UUID

from pydantic import ConfigDict, Field

from skeldir.attribution.marks import DEFAULT_LOOKBACK_DAYS
from skeldir.attribution.models import (
    FITTED_MODELS,
    MODEL_NAMES,
    RULE_MODELS,
    AfterConversion,
    ModelName,
    ModelVersionInvalid,
    RuleModel,
)
from skeldir.attribution.models.rules import model_unknown
from skeldir.errors import SkeldirError
from skeldir.tenants import load_retention

if TYPE_CHECKING:
    from skeldir.db import Connection

DEFAULT_AFTER_CONVERSION: AfterConversion = "keep"
DEFAULT_HALF_LIFE_DAYS = 7
LONGEST_DAYS = 3650

Days = Annotated[int, Field(ge=1, le=LONGEST_DAYS, strict=True)]


class ModelNotInForce(SkeldirError):
    """The model is not in force for the tenant, so it cannot be retired, and no report shows it."""

    code = "model_not_in_force"
    status = 404
    title = "The model is not in force"


class ModelFitted(SkeldirError):
    """The model has no parameters that could be set: its versions are fits."""

    code = "model_fitted"
    status = 422
    title = "The model is fitted, not set"


class ModelVersionUnknown(SkeldirError):
    """The tenant never had the model version."""

    code = "model_version_unknown"
    status = 404
    title = "The model version is not known"


class LastModelInForce(SkeldirError):
    """The model is the only one in force, and one must be."""

    code = "last_model_in_force"
    status = 409
    title = "The last model cannot be retired"


@dataclass(frozen=True, slots=True)
class ModelParameters:
    """The parameters to set.

    One that is left out keeps its value; a retired model keeps the values it was retired with. The defaults for a model
    that never was in force are 30 days of lookback, `keep`, and 7 days of half-life.
    """

    __pydantic_config__ = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"lookback_days": 14, "after_conversion": "keep"}]},
    )

    lookback_days: Annotated[
        Days | None,
        Field(description="how long before a conversion a touch may lie"),
    ] = None
    after_conversion: Annotated[
        AfterConversion | None,
        Field(description="whether earlier touches may earn again (`keep`) or not (`reset`)"),
    ] = None
    half_life_days: Annotated[Days | None, Field(description="matters to time_decay only")] = None

    def require_valid(self) -> None:
        """Raise `ModelVersionInvalid` for a value that no version can have."""
        for name in ("lookback_days", "half_life_days"):
            days: int | None = getattr(self, name)
            if days is not None and not 1 <= days <= LONGEST_DAYS:
                raise ModelVersionInvalid(
                    f"{name} is {days}.", cure=f"Give a whole number from 1 to {LONGEST_DAYS}."
                )
        if self.after_conversion not in (None, "keep", "reset"):
            raise ModelVersionInvalid(
                f'"{self.after_conversion}" is not something a conversion does to earlier touches.',
                cure="Set after_conversion to keep or reset.",
            )


UNCHANGED = ModelParameters()


@dataclass(frozen=True, slots=True)
class CompleteParameters:
    """All parameters of a version."""

    lookback_days: int
    after_conversion: AfterConversion
    half_life_days: Annotated[int, Field(description="matters to time_decay only")]


class ParametersRow(TypedDict):
    """The parameters in a row of a version, whichever statement returned it."""

    lookback_days: int
    after_conversion: AfterConversion
    half_life_days: int


_DEFAULTS: ParametersRow = {
    "lookback_days": DEFAULT_LOOKBACK_DAYS,
    "after_conversion": DEFAULT_AFTER_CONVERSION,
    "half_life_days": DEFAULT_HALF_LIFE_DAYS,
}


def complete_parameters(wanted: ModelParameters, last: ParametersRow | None) -> CompleteParameters:
    """Return all parameters; those left out in `wanted` come from `last`, a row of `select_last_versions`.

    So a retired model keeps the values it had. One that never was in force gets the defaults.
    """
    before = _DEFAULTS if last is None else last
    lookback_days, half_life_days = wanted.lookback_days, wanted.half_life_days
    return CompleteParameters(
        before["lookback_days"] if lookback_days is None else lookback_days,
        wanted.after_conversion or before["after_conversion"],
        before["half_life_days"] if half_life_days is None else half_life_days,
    )


def require_model(model: str) -> ModelName:
    """Return the name of a model; raise `ModelUnknown` when no model has it."""
    for name in MODEL_NAMES:
        if name == model:
            return name
    raise model_unknown(model)


def require_rule_model(model: str) -> RuleModel:
    """Return the name of a model with parameters; raise `ModelUnknown`, or `ModelFitted` for one that is fitted."""
    for name in RULE_MODELS:
        if name == require_model(model):
            return name
    raise ModelFitted(
        f"{model} has no parameters to set.",
        cure=f"`skeldir models fit` makes a version of it, and `skeldir models activate TENANT {model}@1` "
        "puts that in force.",
    )


def require_retirable(model: str, active: Collection[str]) -> None:
    """Raise `ModelNotInForce` or `LastModelInForce` when the model cannot be retired; `active` are those in force."""
    require_in_force([model], active)
    if len(active) == 1:
        raise LastModelInForce(
            f"{model} is the only model in force; without it, nothing would be credited.",
            cure="Set another model first, then retire this one.",
        )


def require_in_force(models: Iterable[str], active: Collection[str]) -> None:
    """Raise `ModelNotInForce` when one of `models` is not among `active`, those in force."""
    for model in models:
        if model not in active:
            raise ModelNotInForce(
                f"{model} is not in force.",
                cure="GET /v1/models and `skeldir models list` show the models in force; "
                + (
                    "`skeldir models activate` puts a fit of it in force."
                    if model in FITTED_MODELS
                    else f"PUT /v1/models/{model} and `skeldir models set` put it in force."
                ),
            )


async def require_touches_kept(
    connection: Connection, tenant_id: UUID, wanted: Iterable[CompleteParameters]
) -> None:
    """Raise `ModelVersionInvalid` for a lookback that is longer than the tenant's touches are kept."""
    kept_days = (await load_retention(connection, tenant_id)).touch_days
    lookback_days = max(parameters.lookback_days for parameters in wanted)
    if kept_days is not None and lookback_days > kept_days:
        raise ModelVersionInvalid(
            f"lookback_days is {lookback_days}, but touches are kept for {kept_days} days.",
            cure="Look back less far, or keep touches longer with `skeldir tenants retain`.",
        )
