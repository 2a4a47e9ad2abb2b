"""What goes over the wire when a fit is asked for: its parameters, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError

from skeldir.attribution import FITTED_MODELS
from skeldir.errors import InputInvalid
from skeldir.fits.asking import MARKOV, FitAsked


@dataclass(frozen=True, slots=True)
class FitRefusal:
    """Why a fit that was asked for is not made."""

    code: Annotated[str, Field(description="of the error")]
    detail: str
    cure: str


@dataclass(frozen=True, slots=True)
class FitRequest:
    """A fit that was asked for, and what became of it."""

    id: UUID
    state: Annotated[
        Literal["waiting", "running", "done", "refused"],
        Field(description="`waiting`: no worker has begun"),
    ]
    asked: FitAsked
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    version: Annotated[
        str | None, Field(description="the fit, such as markov@3; null until it is done")
    ]
    refusal: Annotated[FitRefusal | None, Field(description="null unless it was refused")]


_ASKED: Final = TypeAdapter(FitAsked)


def read_fit_asked(body: bytes) -> FitAsked:
    """Return what a request's body asks for.

    Raises:
        InputInvalid: it is not such a document.
    """
    try:
        asked = _ASKED.validate_json(body, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in ("body", *first["loc"]))
        raise InputInvalid(
            f"{place}: {first['msg']}.",
            cure=f"Send model ({' or '.join(FITTED_MODELS)}), first_day and last_day and, if you like, other "
            "parameters of a fit.",
        ) from error
    if asked.model == MARKOV and asked.collapse_repeats is None:
        return replace(asked, collapse_repeats=False)
    return asked


def fit_request_body() -> dict[str, Any]:
    """Return the OpenAPI description of the body that `read_fit_asked` reads."""
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ASKED.json_schema()}},
        }
    }
