"""Errors become `application/problem+json` (RFC 9457), all in one shape, in one place."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException

from skeldir.errors import SkeldirError

logger = logging.getLogger(__name__)


class Problem(BaseModel):
    """What every error looks like."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    cure: str
    correlation_id: UUID


def install_problems(app: FastAPI) -> None:
    """Let every error of `app` be answered as a problem."""
    app.add_exception_handler(SkeldirError, _known)
    app.add_exception_handler(StarletteHTTPException, _of_the_protocol)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(Exception, _unforeseen)


def correlation_id(request: Request) -> UUID:
    """Return the request's correlation id: the caller's `X-Correlation-ID` when it is a UUID, else a new one."""
    known: UUID | None = getattr(request.state, "correlation_id", None)
    if known is None:
        try:
            known = UUID(request.headers.get("x-correlation-id", ""))
        except ValueError:
            known = uuid4()
        request.state.correlation_id = known
    return known


def _answer(
    request: Request,
    status: int,
    title: str,
    code: str,
    detail: str,
    cure: str,
    headers: Any = None,
) -> JSONResponse:
    problem = Problem(
        type="about:blank",
        title=title,
        status=status,
        code=code,
        detail=detail,
        cure=cure,
        correlation_id=correlation_id(request),
    )
    return JSONResponse(
        problem.model_dump(mode="json"),
        status_code=status,
        media_type="application/problem+json",
        headers={"X-Correlation-ID": str(problem.correlation_id)} | dict(headers or {}),
    )


async def _known(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SkeldirError)  # noqa: S101 - Starlette's handler type is wider than what it registers
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else None
    return _answer(
        request, error.status, error.title, error.code, error.detail, error.cure, headers
    )


async def _of_the_protocol(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)  # noqa: S101 - as above
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    cure = "Look the path and the method up in the API's description, /openapi.json."
    return _answer(
        request, error.status_code, phrase, code, f"{error.detail}.", cure, error.headers
    )


async def _not_valid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
    return _answer(
        request,
        422,
        "The input is not valid",
        "input_invalid",
        faults,
        "Correct the named fields and send it again.",
    )


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    logger.error("http.request_failed %s", correlation_id(request), exc_info=error)
    return _answer(
        request,
        500,
        "Something went wrong on our side",
        "internal_error",
        "The request could not be finished; nothing of it was kept.",
        "Send it again; if it fails again, tell the operator the correlation id.",
    )
