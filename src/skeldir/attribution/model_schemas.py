"""What goes over the wire about models: their parameters, who changed them, and what a change would move."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skeldir.attribution.parameters import LONGEST_DAYS, ModelParameters
from skeldir.attribution.previewing import MOST_COUNTED, MOST_PREVIEWED
from skeldir.attribution.schemas import ModelName
from skeldir.errors import InputInvalid
from skeldir.http import Cents, CurrencyCode

Days = Annotated[int, Field(ge=1, le=LONGEST_DAYS, strict=True)]
AfterConversionName = Literal["keep", "reset"]
ChangedBy = Annotated[
    str,
    Field(
        description="`key:` with prefix and name of an API key, `command:` with the database role, `import`, "
        "`tenant created`, or `program`"
    ),
]


class ModelParametersIn(BaseModel):
    """The parameters wanted.

    One that is left out stays as it is; of a retired model, as it was when it was retired. A model that never was in
    force has the defaults: 30 days of lookback, `keep`, 7 days of half-life.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"lookback_days": 14, "after_conversion": "keep"}]},
    )

    lookback_days: Annotated[
        Days | None,
        Field(description="how long before a conversion a touch may lie"),
    ] = None
    after_conversion: Annotated[
        AfterConversionName | None,
        Field(description="whether earlier touches may earn again (`keep`) or not (`reset`)"),
    ] = None
    half_life_days: Annotated[Days | None, Field(description="matters to time_decay only")] = None


class ModelInForceOut(BaseModel):
    """A model in force with its parameters."""

    model_config = ConfigDict(
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
    after_conversion: AfterConversionName
    half_life_days: Annotated[int, Field(description="matters to time_decay only")]
    in_force_since: Annotated[
        datetime | None, Field(description="null when it was set before changes were recorded")
    ]
    changed_by: Annotated[ChangedBy | None, Field(description="null likewise")]


class CompleteParametersOut(BaseModel):
    """All parameters of a version."""

    lookback_days: int
    after_conversion: AfterConversionName
    half_life_days: Annotated[int, Field(description="matters to time_decay only")]


class ModelChangeOut(BaseModel):
    """A version that came into force in the place of another, with the parameters of both.

    null stands for a model that was not in force before, or is retired after it.
    """

    changed_at: datetime
    changed_by: ChangedBy
    model: ModelName
    from_version: str | None
    to_version: str | None
    parameters_before: CompleteParametersOut | None
    parameters_after: CompleteParametersOut | None


class ModelsOut(BaseModel):
    """The models in force, and the latest changes, the newest first."""

    model_config = ConfigDict(
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

    data: list[ModelInForceOut]
    changes: list[ModelChangeOut]


class ChannelChangeOut(BaseModel):
    """What the orders looked at bring a channel, by the version now and after the change."""

    currency: CurrencyCode
    channel: str
    credited_cents_now: Cents
    credited_cents_then: Cents
    difference_cents: Cents


class ModelPreviewOut(BaseModel):
    """What the change would move, over the first stored orders by order id. Nothing was written."""

    model_config = ConfigDict(
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
    parameters_now: Annotated[CompleteParametersOut | None, Field(description="null likewise")]
    last_version: Annotated[
        str | None,
        Field(
            description="the version in force, or the last that a retired model had: a parameter that the request "
            "leaves out is as in it; null for a model that never was in force, which gets the defaults"
        ),
    ]
    wanted: Annotated[
        CompleteParametersOut,
        Field(description="of the version that the change would put in force"),
    ]
    orders: Annotated[int, Field(ge=0, le=MOST_PREVIEWED, description="orders looked at")]
    orders_in_all: Annotated[
        int,
        Field(
            ge=0,
            le=MOST_COUNTED,
            description=f"stored orders of the tenant; {MOST_COUNTED} stands for that many or more",
        ),
    ]
    orders_known_in_part: Annotated[
        int,
        Field(
            ge=0,
            description="orders looked at of which less is stored than the change asks for, and whose facts are too "
            "many for a preview to read. They are credited by what is stored",
        ),
    ]
    orders_left_out: Annotated[
        int, Field(ge=0, description="orders whose journeys are too long for a preview")
    ]
    channels: list[ChannelChangeOut]


def read_parameters(body: bytes) -> ModelParameters:
    """Return the parameters that a request's body wants.

    Raises:
        InputInvalid: it is not one JSON object of these fields; the message names what is wrong.
    """
    try:
        sent = ModelParametersIn.model_validate_json(body)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, ('body', *fault['loc'])))}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)[:5]
        )
        raise InputInvalid(faults, cure="Correct the named fields and send it again.") from error
    return ModelParameters(sent.lookback_days, sent.after_conversion, sent.half_life_days)


def parameters_request_body() -> dict[str, Any]:
    """Return the OpenAPI description of the body that `read_parameters` reads."""
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": ModelParametersIn.model_json_schema()}},
        }
    }
