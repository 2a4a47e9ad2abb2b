"""The parameters of a model: which may be asked for, and what those that are left out are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from skeldir.attribution.marks import DEFAULT_LOOKBACK_DAYS
from skeldir.attribution.models import MODEL_NAMES, ModelVersionInvalid
from skeldir.attribution.models.rules import model_unknown
from skeldir.errors import SkeldirError
from skeldir.tenants import load_retention

if TYPE_CHECKING:
    from skeldir.db import Connection

AfterConversion = Literal["keep", "reset"]
DEFAULT_AFTER_CONVERSION: AfterConversion = "keep"
DEFAULT_HALF_LIFE_DAYS = 7
LONGEST_DAYS = 3650


class ModelNotInForce(SkeldirError):
    """The tenant does not use the model now, so it cannot be retired, and no report shows it."""

    code = "model_not_in_force"
    status = 404
    title = "The model is not in force"


class LastModelInForce(SkeldirError):
    """The model is the only one in force, and some model must be."""

    code = "last_model_in_force"
    status = 409
    title = "The last model stays"


@dataclass(frozen=True, slots=True)
class ModelParameters:
    """What is wanted of a model; `complete_parameters` says what None stands for."""

    lookback_days: int | None = None
    after_conversion: AfterConversion | None = None
    half_life_days: int | None = None

    def require_valid(self) -> None:
        """Raise `ModelVersionInvalid` for what no version can have."""
        for name in ("lookback_days", "half_life_days"):
            days: int | None = getattr(self, name)
            if days is not None and not 1 <= days <= LONGEST_DAYS:
                raise ModelVersionInvalid(
                    f"{name} is {days}.", cure=f"Give whole days from 1 to {LONGEST_DAYS}."
                )
        if self.after_conversion not in (None, "keep", "reset"):
            raise ModelVersionInvalid(
                f'"{self.after_conversion}" is not something a conversion does to earlier touches.',
                cure="Set after_conversion to keep or reset.",
            )


NO_WISH = ModelParameters()


@dataclass(frozen=True, slots=True)
class CompleteParameters:
    """All parameters of a version."""

    lookback_days: int
    after_conversion: AfterConversion
    half_life_days: int


_DEFAULTS: Mapping[str, Any] = {
    "lookback_days": DEFAULT_LOOKBACK_DAYS,
    "after_conversion": DEFAULT_AFTER_CONVERSION,
    "half_life_days": DEFAULT_HALF_LIFE_DAYS,
}


def complete_parameters(
    wanted: ModelParameters, last: Mapping[str, Any] | None
) -> CompleteParameters:
    """Return the parameters wanted; those left out are those of `last`, a row of `select_last_versions`.

    A retired model thus goes on with what it had. One that never was in force gets the defaults.
    """
    before = _DEFAULTS if last is None else last
    lookback_days, half_life_days = wanted.lookback_days, wanted.half_life_days
    return CompleteParameters(
        before["lookback_days"] if lookback_days is None else lookback_days,
        wanted.after_conversion or before["after_conversion"],
        before["half_life_days"] if half_life_days is None else half_life_days,
    )


def require_model(model: str) -> None:
    """Raise `ModelUnknown` when there is no model of this name."""
    if model not in MODEL_NAMES:
        raise model_unknown(model)


def require_retirable(model: str, active: Collection[str]) -> None:
    """Raise `ModelNotInForce` or `LastModelInForce` when the model cannot be retired; `active` are those in force."""
    require_in_force([model], active)
    if len(active) == 1:
        raise LastModelInForce(
            f"{model} is the only model in force; without one nothing would be credited.",
            cure="Set another model first, then retire this one.",
        )


def require_in_force(models: Iterable[str], active: Collection[str]) -> None:
    """Raise `ModelNotInForce` when one of `models` is not among `active`, those in force."""
    for model in models:
        if model not in active:
            raise ModelNotInForce(
                f"{model} is not in force.",
                cure="GET /v1/models and `skeldir models list` show the models in force; PUT /v1/models/"
                f"{model} and `skeldir models set` put it in force.",
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
