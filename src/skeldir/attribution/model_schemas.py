"""Request and response shapes for models: their parameters, their changes, and the preview of a change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.json_schema import SkipJsonSchema

from skeldir.attribution.models import AfterConversion, ModelName
from skeldir.attribution.parameters import CompleteParameters, ModelParameters
from skeldir.errors import InputInvalid
from skeldir.money import Cents, CurrencyCode

MOST_PREVIEWED: Final = 20_000
"""The number of orders that a preview covers, the first ones by order id."""
MOST_COUNTED: Final = 1_000_000
"""Stored orders are counted up to this number."""

ChangedBy = Annotated[
    str,
    Field(
        description="`key:` with prefix and name of an API key, `command:` with the database role, `import`, "
        "`tenant created`, or `program`"
    ),
]


@dataclass(frozen=True, slots=True)
class ModelInForce:
    """A model in force with its parameters."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "linear",
                    "model_version": "linear@2",
                    "lookback_days": 14,
                    "after_conversion": "keep",
                    "half_life_days": 7,
                    "in_force_since": "2026-06-01T08:00:00Z",
                    "changed_by": "key:skd_Jx81kQ0z (dashboard)",
                }
            ]
        }
    )

    model: ModelName
    model_version: str
    lookback_days: int
    after_conversion: AfterConversion
    half_life_days: Annotated[int, Field(description="matters to time_decay only")]
    in_force_since: Annotated[
        datetime | None, Field(description="null when it was set before changes were recorded")
    ]
    changed_by: Annotated[ChangedBy | None, Field(description="null when `in_force_since` is")]


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A version that replaced another, with the parameters of both.

    The values before are null if the model was not in force, those after if it was retired.
    """

    changed_at: datetime
    changed_by: ChangedBy
    model: ModelName
    from_version: str | None
    to_version: str | None
    parameters_before: CompleteParameters | None
    parameters_after: CompleteParameters | None


@dataclass(frozen=True, slots=True)
class ModelsReport:
    """The models in force, and the latest changes, the newest first."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": [
                        {
                            "model": "linear",
                            "model_version": "linear@2",
                            "lookback_days": 14,
                            "after_conversion": "keep",
                            "half_life_days": 7,
                            "in_force_since": "2026-06-01T08:00:00Z",
                            "changed_by": "key:skd_Jx81kQ0z (dashboard)",
                        }
                    ],
                    "changes": [
                        {
                            "changed_at": "2026-06-01T08:00:00Z",
                            "changed_by": "key:skd_Jx81kQ0z (dashboard)",
                            "model": "linear",
                            "from_version": "linear@1",
                            "to_version": "linear@2",
                            "parameters_before": {
                                "lookback_days": 30,
                                "after_conversion": "keep",
                                "half_life_days": 7,
                            },
                            "parameters_after": {
                                "lookback_days": 14,
                                "after_conversion": "keep",
                                "half_life_days": 7,
                            },
                        }
                    ],
                }
            ]
        }
    )

    data: list[ModelInForce]
    changes: list[ModelChange]


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """The credit of a channel from the orders covered, by the version now and after the change."""

    currency: CurrencyCode
    channel: str
    credited_cents_now: Cents
    credited_cents_then: Cents
    difference_cents: Cents


@dataclass(frozen=True, slots=True)
class ModelPreview:
    """What the change would move, over the first stored orders by order id. Nothing is written."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "linear",
                    "version_now": "linear@1",
                    "parameters_now": {
                        "lookback_days": 30,
                        "after_conversion": "keep",
                        "half_life_days": 7,
                    },
                    "last_version": "linear@1",
                    "wanted": {
                        "lookback_days": 14,
                        "after_conversion": "keep",
                        "half_life_days": 7,
                    },
                    "orders": 4711,
                    "orders_in_all": 4711,
                    "orders_known_in_part": 0,
                    "orders_left_out": 0,
                    "channels": [
                        {
                            "currency": "USD",
                            "channel": "email",
                            "credited_cents_now": 500000,
                            "credited_cents_then": 450000,
                            "difference_cents": -50000,
                        }
                    ],
                }
            ]
        }
    )

    model: ModelName
    version_now: Annotated[str | None, Field(description="null when the model is not in force")]
    parameters_now: Annotated[
        CompleteParameters | None, Field(description="null when `version_now` is")
    ]
    last_version: Annotated[
        str | None,
        Field(
            description="the version in force, or the last one of a retired model: a parameter that the request leaves "
            "out has the value in this version; null for a model that never was in force, which gets the defaults"
        ),
    ]
    # None for a command that previews retiring the model; no request does that.
    wanted: Annotated[
        CompleteParameters | SkipJsonSchema[None],
        Field(description="parameters of the version that the change would put in force"),
    ]
    orders: Annotated[int, Field(ge=0, le=MOST_PREVIEWED, description="orders covered")]
    orders_in_all: Annotated[
        int,
        Field(
            ge=0,
            le=MOST_COUNTED,
            description=f"stored orders of the tenant; {MOST_COUNTED} means that many or more",
        ),
    ]
    orders_known_in_part: Annotated[
        int,
        Field(
            ge=0,
            description="covered orders whose stored journey holds less than the change needs, with too many facts for "
            "a preview to read. They are credited from what is stored",
        ),
    ]
    orders_left_out: Annotated[
        int, Field(ge=0, description="orders whose journeys are too long for a preview")
    ]
    channels: list[ChannelChange]
    fit: Annotated[
        str | None, Field(description="the fit that would be in force; null for other models")
    ] = None

    @property
    def changes_nothing(self) -> bool:
        """Whether the fit, or the model with these parameters, is in force already."""
        if self.fit is not None:
            return self.version_now == self.fit
        return self.parameters_now is not None and self.parameters_now == self.wanted


_PARAMETERS = TypeAdapter(ModelParameters)
# Pydantic's message for an unknown field of a dataclass speaks of arguments.
_UNKNOWN = {"unexpected_keyword_argument": "Extra inputs are not permitted"}


def read_parameters(body: bytes) -> ModelParameters:
    """Return the parameters in a request's body.

    Raises:
        InputInvalid: it is not one JSON object of these fields; the message names what is wrong.
    """
    try:
        return _PARAMETERS.validate_json(body)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, ('body', *fault['loc'])))}: "
            f"{_UNKNOWN.get(fault['type'], fault['msg'])}"
            for fault in error.errors(include_url=False, include_input=False)[:5]
        )
        raise InputInvalid(faults, cure="Correct the named fields and send it again.") from error


def parameters_request_body() -> dict[str, Any]:
    """Return the OpenAPI description of the body that `read_parameters` reads."""
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _PARAMETERS.json_schema()}},
        }
    }
