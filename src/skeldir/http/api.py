"""The application class: FastAPI with a frame around every request and a complete description of all responses."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from skeldir.http.direct import DirectCalls, DirectRoute
from skeldir.http.middleware import RequestFrame
from skeldir.http.pages import PAGE_POLICY, render_description
from skeldir.http.problems import MEDIA_TYPE, Problem, install_problems

if TYPE_CHECKING:
    from fastapi import APIRouter
    from fastapi.routing import APIRoute
    from starlette.types import ASGIApp

# What the server answers before there is a request (see `serving`), and unexpected errors.
_OF_EVERY_OPERATION = ("400", "408", "431", "500")
_PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_CORRELATION_ID = "X-Correlation-ID"
_SENT_ID = {
    "name": _CORRELATION_ID,
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "a UUID by which to find logs and jobs; anything else is replaced by a new one",
}
_ANSWERED_ID = {
    "description": "the id by which to find logs and jobs of the request",
    "schema": {"type": "string", "format": "uuid"},
}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "seconds to wait before trying again",
        "schema": {"type": "integer", "minimum": 1},
    }
}
_HEADERS_OF_STATUS: dict[str, dict[str, Any]] = {
    "401": {
        "WWW-Authenticate": {
            "description": "how to send a key",
            "schema": {"type": "string", "const": "Bearer"},
        }
    },
    "429": _RETRY_AFTER,
    "503": _RETRY_AFTER,
}


class Api(FastAPI):
    """A FastAPI application: every response has a correlation id, and every error is a problem."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            redirect_slashes=False,
            generate_unique_id_function=_name,
            # The framework's pages load scripts from other hosts; `pages` has none.
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            # `observability` traces and counts; the framework would check that for each request.
            telemetry={"tracing": False, "metrics": False, "logs": False},
            **options,
        )
        install_problems(self)
        self._direct_routes: list[DirectRoute] = []
        self.add_middleware(DirectCalls, routes=self._direct_routes)
        self._published: tuple[bytes, bytes] | None = None
        self._publishing = asyncio.Lock()
        self.add_route("/openapi.json", self._send_description, include_in_schema=False)
        self.add_route("/docs", self._send_page, include_in_schema=False)

    def include_router(self, router: APIRouter, **options: Any) -> None:
        """Include a router; its direct routes are called directly."""
        self._direct_routes += [route for route in router.routes if isinstance(route, DirectRoute)]
        super().include_router(router, **options)

    def build_middleware_stack(self) -> ASGIApp:
        """Put the frame around everything, even the handler of unexpected errors."""
        return RequestFrame(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        """Return the API's description; what holds for every operation is added here, not in each route."""
        is_made = self.openapi_schema is not None
        description = super().openapi()
        if not is_made:
            schemas = description.setdefault("components", {}).setdefault("schemas", {})
            schemas.setdefault("Problem", Problem.model_json_schema(mode="serialization"))
            for operations in description["paths"].values():
                for operation in operations.values():
                    _describe_frame(operation)
                    operation["responses"] = _describe_answers(operation["responses"])
        return description

    async def _send_description(self, _request: Request) -> Response:
        description, _ = await self._publish()
        return Response(description, media_type="application/json")

    async def _send_page(self, _request: Request) -> Response:
        _, page = await self._publish()
        return HTMLResponse(page, headers={"Content-Security-Policy": PAGE_POLICY})

    async def _publish(self) -> tuple[bytes, bytes]:
        """Return the description as JSON and as a page, made once, in a thread, since it takes long."""
        async with self._publishing:
            if self._published is None:
                self._published = await asyncio.to_thread(self._write_description)
            return self._published

    def _write_description(self) -> tuple[bytes, bytes]:
        description = self.openapi()
        return orjson.dumps(description), render_description(description).encode()


def _name(route: APIRoute) -> str:
    """Name an operation after its function."""
    return route.name


def _describe_frame(operation: dict[str, Any]) -> None:
    """Add that no key is needed where none is required, and the correlation id that every request may send."""
    operation.setdefault("security", [])
    operation.setdefault("parameters", []).append(_SENT_ID)


def _describe_answers(declared: dict[str, Any]) -> dict[str, Any]:
    """Return the responses by status: declared problems with their media type, and those of every operation."""
    responses: dict[str, Any] = {status: {} for status in _OF_EVERY_OPERATION} | declared
    for status, response in responses.items():
        headers = {_CORRELATION_ID: _ANSWERED_ID} | _HEADERS_OF_STATUS.get(status, {})
        response["headers"] = response.get("headers", {}) | headers
        if status >= "400":
            response.setdefault("description", HTTPStatus(int(status)).phrase)
            json = response.get("content", {}).get("application/json", {"schema": _PROBLEM_SCHEMA})
            response["content"] = {MEDIA_TYPE: json}
    return dict(sorted(responses.items()))
