"""Routes that are called directly: only their dependencies, one after another."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from skeldir.http.problems import FORESEEN, answer_error

if TYPE_CHECKING:
    from fastapi.dependencies.models import Dependant
    from starlette.types import ASGIApp, Receive, Scope, Send

# What a signature can request from FastAPI besides the request, path, query and header parameters, and the results of
# other dependencies.
_OTHERS = (
    "cookie_params",
    "body_params",
    "websocket_param_name",
    "http_connection_param_name",
    "response_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
)


class DirectRoute(APIRoute):
    """A route for requests that arrive thousands of times a second.

    FastAPI keeps the resources of a request in stacks, and searches each request for parameters of all kinds. That took
    half of the processor time of one touch. The same dependencies are called, so the signature is still the access
    policy, and the API's description is still made from it.
    """

    answer: Callable[[Request], Coroutine[Any, Any, Response]]
    """Answers a request; raises what the dependencies or the route's function raise."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler; raises `TypeError` when the signature needs something that is not supported here."""
        call = _call_with_request(self.dependant)

        async def answer(request: Request) -> Response:
            response: Response = await call(request)
            return response

        self.answer = answer
        return answer


class DirectCalls:
    """ASGI middleware that calls a direct route at once when a request names its method and path.

    This skips the rest of the framework's layers, which saves another tenth of a touch's processor time. Any other
    request passes through them. `routes` may grow until the application starts.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[DirectRoute]) -> None:
        self._app = app
        self._routes = {
            (method, route.path): route
            for route in routes
            for method in route.methods or ()
            if not route.param_convertors
        }
        # Few routes have parameters in their paths; the beginning of a path shows that it is not theirs.
        self._with_parameters = [
            (route.path.partition("{")[0], route) for route in routes if route.param_convertors
        ]
        # Many have one, the second part of the path, such as a key: what stands around it names the route.
        self._by_ends = {
            (method, *around): route
            for _, route in self._with_parameters
            if (around := _around_second(route.path)) and "{" not in "".join(around)
            for method in route.methods or ()
        }

    def _find(self, scope: Scope) -> DirectRoute | None:
        """Return the route that a request names, with the path's parameters in the scope."""
        route = self._routes.get((scope["method"], scope["path"]))
        if route is not None:
            return route
        path: str = scope["path"]
        around = _around_second(path)
        likely = self._by_ends.get((scope["method"], *around)) if around else None
        if likely is not None and _take_parameters(scope, likely):
            return likely
        for start, route in self._with_parameters:
            is_like = path.startswith(start) and scope["method"] in (route.methods or ())
            if is_like and _take_parameters(scope, route):
                return route
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._find(scope) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive, send)
        try:
            response = await route.answer(request)
        except FORESEEN as error:
            response = await answer_error(request, error)
        await response(scope, receive, send)


def _around_second(path: str) -> tuple[str, str] | None:
    """Return what stands before and behind the second part of a path; None if it has fewer than three."""
    parts = path.split("/", 3)
    return (parts[1], parts[3]) if len(parts) == 4 else None


def _take_parameters(scope: Scope, route: DirectRoute) -> bool:
    """Return whether a path is a route's; put its parameters in the scope."""
    match = route.path_regex.match(scope["path"])
    if match is None:
        return False
    scope["path_params"] = {
        name: route.param_convertors[name].convert(value)
        for name, value in match.groupdict().items()
    }
    return True


def _call_with_request(dependant: Dependant) -> Callable[[Request], Awaitable[Any]]:
    call = dependant.call
    runs = call if inspect.isroutine(call) else type(call).__call__
    asks = [name for name in _OTHERS if getattr(dependant, name)]
    if call is None or asks or not inspect.iscoroutinefunction(runs):
        raise TypeError(
            f"{call} is not a coroutine function with parameters that a direct route supports: {asks}"
        )
    parts = [(part.name, _call_with_request(part)) for part in dependant.dependencies]
    request_name = dependant.request_param_name
    has_others = bool(dependant.query_params or dependant.header_params)

    async def call_with(request: Request) -> Any:
        given = {name: await part(request) for name, part in parts if name is not None}
        if request_name is not None:
            given[request_name] = request
        if dependant.path_params:
            given |= _read_path(dependant, request)
        if has_others:
            given |= _read_parameters(dependant, request)
        return await call(**given)

    return call_with


def _read_path(dependant: Dependant, request: Request) -> dict[str, Any]:
    """Return the parameters of a request's path, by the names in the signature.

    They are single values that are always there; FastAPI's own reading, which expects models and lists, took 0.05 ms.
    """
    values: dict[str, Any] = {}
    faults: list[Any] = []
    for field in dependant.path_params:
        value, found = field.validate(request.path_params[field.alias], loc=("path", field.alias))
        values[field.name] = value
        faults += found
    if faults:
        raise RequestValidationError(faults)
    return values


def _read_parameters(dependant: Dependant, request: Request) -> dict[str, Any]:
    """Return the query and header parameters of a request, by the names in the signature."""
    values, faults = request_params_to_args(dependant.query_params, request.query_params)
    of_headers, more_faults = request_params_to_args(dependant.header_params, request.headers)
    if faults or more_faults:
        raise RequestValidationError([*faults, *more_faults])
    return values | of_headers
