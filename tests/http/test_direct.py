"""A direct route calls its dependencies without the framework's layers, and responds like every other."""

from __future__ import annotations

from typing import Annotated, Literal

import httpx2
import pytest
from fastapi import APIRouter, Cookie, Depends, FastAPI, Header, Query, Request, Response
from pydantic import Field
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from skeldir.http.api import Api
from skeldir.http.deps import KeyMissing
from skeldir.http.direct import DirectRoute
from skeldir.http.paging import NoQuery


class Greeting:
    """A dependency with a dependency of its own."""

    def __init__(self, word: str) -> None:
        self._word = word

    async def __call__(self, request: Request, name: Annotated[str, Depends(lambda: "")]) -> str:
        return f"{self._word} {name} at {request.url.path}"


async def refuse(request: Request) -> str:
    raise PermissionError(request.url.path)


async def name_of(request: Request) -> str:
    return request.headers["x-name"]


class GreetingByName(Greeting):
    """The same, with a name from the request."""

    async def __call__(self, request: Request, name: Annotated[str, Depends(name_of)]) -> str:
        return await super().__call__(request, name)


async def ask(router: APIRouter, path: str) -> httpx2.Response:
    app = FastAPI()
    app.include_router(router)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.post(path, headers={"X-Name": "Ann"})


async def test_a_direct_route_gets_what_its_dependencies_return() -> None:
    router = APIRouter(route_class=DirectRoute)

    @router.post("/greetings")
    async def greet(greeting: Annotated[str, Depends(GreetingByName("Hello"))]) -> Response:
        return Response(greeting)

    assert (await ask(router, "/greetings")).text == "Hello Ann at /greetings"


async def test_what_a_dependency_raises_ends_the_request() -> None:
    router = APIRouter(route_class=DirectRoute)

    @router.post("/greetings")
    async def greet(refused: Annotated[str, Depends(refuse)]) -> Response:
        return Response(refused)

    assert (await ask(router, "/greetings")).status_code == 500


async def with_an_answer_to_change(response: Response) -> Response:
    return response


def test_a_route_that_needs_more_than_is_supported_cannot_be_direct() -> None:
    router = APIRouter(route_class=DirectRoute)

    async def with_a_cookie(word: Annotated[str, Cookie()]) -> Response:
        return Response(word)

    async def with_a_plain_function(
        greeting: Annotated[str, Depends(Greeting("Hello"))],
    ) -> Response:
        return Response(greeting)

    for endpoint in (with_a_cookie, with_a_plain_function, with_an_answer_to_change):
        with pytest.raises(TypeError, match="that a direct route supports"):
            router.add_api_route("/greetings", endpoint, methods=["POST"])


class Times(NoQuery):
    """How often to greet."""

    times: Annotated[int, Field(ge=1, le=3)] = 1


class Layer:
    """Middleware before the router that records the requests that pass."""

    def __init__(self, app: ASGIApp, passed: list[str]) -> None:
        self._app = app
        self._passed = passed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._passed.append(f"{scope['method']} {scope['path']}")
        await self._app(scope, receive, send)


class Unframed(Api):
    """The application without its frame, which would count requests of a route that the metrics do not know."""

    def build_middleware_stack(self) -> ASGIApp:
        return FastAPI.build_middleware_stack(self)


def make_greeter(passed: list[str]) -> Api:
    """Return an application with one direct route, and a list of the requests that passed the framework."""
    router = APIRouter(route_class=DirectRoute)

    @router.get("/greetings")
    async def greet(
        query: Annotated[Times, Query()],
        name: Annotated[str, Depends(name_of)],
        x_word: Annotated[str, Header()] = "Hello",
    ) -> Response:
        if name == "nobody":
            raise KeyMissing("Nobody is greeted.", cure="Say who.")
        if name == "Zoe":
            raise ZeroDivisionError
        return Response(" ".join([x_word, name] * query.times))

    @router.post("/greetings/{word}/{name}")
    async def greet_one(word: Literal["Hello", "Hi"], name: str) -> Response:
        return Response(f"{word} {name}")

    api = Unframed()
    # The middleware that is added last runs first; here it must run after the direct calls.
    api.user_middleware.append(Middleware(Layer, passed=passed))
    api.include_router(router)
    return api


async def greet_by(api: Api, method: str, url: str, **headers: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=api, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, url, headers={"X-Name": "Ann"} | headers)


async def test_a_direct_route_reads_query_and_headers_by_its_signature() -> None:
    api = make_greeter(passed := [])
    answer = await greet_by(api, "GET", "/greetings?times=2", **{"X-Word": "Hi"})
    assert answer.text == "Hi Ann Hi Ann"
    assert (await greet_by(api, "GET", "/greetings")).text == "Hello Ann"
    assert passed == []


async def test_a_direct_route_reads_its_path_by_its_signature() -> None:
    api = make_greeter(passed := [])
    assert (await greet_by(api, "POST", "/greetings/Hi/Bob%20B")).text == "Hi Bob B"
    refused = await greet_by(api, "POST", "/greetings/Bye/Bob")
    assert (refused.status_code, refused.json()["code"]) == (422, "input_invalid")
    assert passed == []


@pytest.mark.parametrize("query", ["times=4", "times=x", "tunes=2", "times=1&tunes=2"])
async def test_a_query_that_does_not_match_the_signature_is_a_problem(query: str) -> None:
    answer = await greet_by(make_greeter([]), "GET", f"/greetings?{query}")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "input_invalid")
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"].startswith("query.t")


async def test_errors_of_direct_requests_have_the_common_shape() -> None:
    api = make_greeter(passed := [])
    known = await greet_by(api, "GET", "/greetings", **{"X-Name": "nobody"})
    assert (known.status_code, known.json()["cure"]) == (401, "Say who.")
    assert known.headers["www-authenticate"] == "Bearer"
    unforeseen = await greet_by(api, "GET", "/greetings", **{"X-Name": "Zoe"})
    assert (unforeseen.status_code, unforeseen.json()["code"]) == (500, "internal_error")
    assert passed == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/greetings", 405),
        ("HEAD", "/greetings", 405),
        ("GET", "/greetings/", 404),
        ("GET", "/greetings/Hi/Bob", 405),
        ("POST", "/greetings/Hi/Bob/", 404),
        ("POST", "/greetings/Hi", 404),
    ],
)
async def test_any_other_method_or_path_passes_the_framework(
    method: str, path: str, status: int
) -> None:
    api = make_greeter(passed := [])
    assert (await greet_by(api, method, path)).status_code == status
    assert passed == [f"{method} {path}"]
