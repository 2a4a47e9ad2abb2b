"""Routes that ask for nothing but the request: their dependencies are called one after another, and nothing else."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

if TYPE_CHECKING:
    from fastapi.dependencies.models import Dependant

# What a signature can ask FastAPI for, besides the request and what other dependencies return.
_OTHERS = (
    "path_params",
    "query_params",
    "header_params",
    "cookie_params",
    "body_params",
    "websocket_param_name",
    "http_connection_param_name",
    "response_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
)


class DirectRoute(APIRoute):
    """A route that is called directly, for what comes thousands of times a second.

    FastAPI searches each request for parameters, even where the signature has none. That took half of the processor
    time of one touch. The same dependencies are called, so the signature is still the access policy, and the API's
    description is still made from it.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request; raises `TypeError` when the signature asks for more than the request."""
        answer = _call_with_request(self.dependant)

        async def handle(request: Request) -> Response:
            response: Response = await answer(request)
            return response

        return handle


def _call_with_request(dependant: Dependant) -> Callable[[Request], Awaitable[Any]]:
    call = dependant.call
    runs = call if inspect.isroutine(call) else type(call).__call__
    asks = [name for name in _OTHERS if getattr(dependant, name)]
    if call is None or asks or not inspect.iscoroutinefunction(runs):
        raise TypeError(f"{call} is not a coroutine function of the request alone: {asks}")
    parts = [(part.name, _call_with_request(part)) for part in dependant.dependencies]
    request_name = dependant.request_param_name

    async def call_with(request: Request) -> Any:
        given = {name: await part(request) for name, part in parts if name is not None}
        if request_name is not None:
            given[request_name] = request
        return await call(**given)

    return call_with
