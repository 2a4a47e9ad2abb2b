"""Errors become `application/problem+json` (RFC 9457): one shape, made in one place."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from uuid import UUID, uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Match

from skeldir.db import DatabaseUnreachable
from skeldir.errors import SkeldirError
from skeldir.observability import current_correlation_id

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER_S = 2
_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
_CURES = {
    HTTPStatus.NOT_FOUND: "Look up the path in the API's description, /openapi.json.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Use a method from the Allow header.",
}


class Problem(BaseModel):
    """The shape of every error."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    cure: str
    correlation_id: UUID


def install_problems(app: FastAPI) -> None:
    """Let every error of `app` be returned as a problem."""
    for kind, answer in _ANSWERS:
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(Exception, _unforeseen)


async def answer_error(request: Request, error: Exception) -> JSONResponse:
    """Return the response to a request that ended with an error of FORESEEN."""
    answer = next(answer for kind, answer in _ANSWERS if isinstance(error, kind))
    return await answer(request, error)


def make_problem(status: int, title: str, code: str, detail: str, cure: str) -> Problem:
    """Return a problem for the current request."""
    return Problem(
        type="about:blank",
        title=title,
        status=status,
        code=code,
        detail=detail,
        cure=cure,
        correlation_id=current_correlation_id() or uuid4(),
    )


def answer_problem(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the response for a problem; 429 and 503 state when to try again."""
    waits: dict[str, str] = {}
    if problem.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        waits["Retry-After"] = str(_RETRY_AFTER_S)
    return JSONResponse(
        problem.model_dump(mode="json"),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=waits | dict(headers or {}),
    )


async def _known(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SkeldirError)  # noqa: S101 - Starlette's handler type is wider than what it registers
    headers: dict[str, str] = {}
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status == HTTPStatus.REQUEST_TIMEOUT:
        headers["Connection"] = "close"
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    detail, cure = error.detail, error.cure
    if isinstance(error, DatabaseUnreachable):
        # The database's address and message are only for the operator.
        logger.warning("http.database_missed %s", error.detail)
        detail, cure = f"{error.title}.", "Try again a little later."
    return answer_problem(
        make_problem(error.status, error.title, error.code, detail, cure), headers
    )


async def _of_the_protocol(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)  # noqa: S101 - as above
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        # The error knows only the methods of the first route of the path.
        headers["Allow"] = ", ".join(_list_methods(request))
    code = status.phrase.lower().replace(" ", "_").replace("-", "_")
    cure = _CURES.get(status, "Correct the request as /openapi.json describes it.")
    return answer_problem(
        make_problem(status, status.phrase, code, f"{error.detail}.", cure), headers
    )


def _list_methods(request: Request) -> list[str]:
    """Return the methods of all routes for the path of a request."""
    routes = request.app.router.routes
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes
        )
    ]


async def _not_valid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
    cure = "Correct the named fields and try again."
    return answer_problem(
        make_problem(422, "The input is not valid", "input_invalid", faults, cure)
    )


_ANSWERS: tuple[
    tuple[type[Exception], Callable[[Request, Exception], Awaitable[JSONResponse]]], ...
] = (
    (SkeldirError, _known),
    (StarletteHTTPException, _of_the_protocol),
    (RequestValidationError, _not_valid),
)
FORESEEN = tuple(kind for kind, _ in _ANSWERS)
"""The errors that may end a request with a response of their own."""


async def _unforeseen(_request: Request, error: Exception) -> JSONResponse:
    logger.error("http.request_failed", exc_info=error)
    return answer_problem(
        make_problem(
            500,
            "Internal error",
            "internal_error",
            "The request could not be finished; nothing was kept.",
            "Try again; if it fails again, give the operator the correlation id.",
        )
    )
