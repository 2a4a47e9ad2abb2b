"""A direct route calls what its signature names, and asks for nothing but the request."""

from __future__ import annotations

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response

from skeldir.http.direct import DirectRoute


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
    """The same, of a name that the request brings."""

    async def __call__(self, request: Request, name: Annotated[str, Depends(name_of)]) -> str:
        return await super().__call__(request, name)


async def ask(router: APIRouter, path: str) -> httpx.Response:
    app = FastAPI()
    app.include_router(router)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
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


def test_a_route_that_asks_for_more_than_the_request_cannot_be_direct() -> None:
    router = APIRouter(route_class=DirectRoute)

    async def with_a_parameter(word: Annotated[str, Query()]) -> Response:
        return Response(word)

    async def with_a_plain_function(
        greeting: Annotated[str, Depends(Greeting("Hello"))],
    ) -> Response:
        return Response(greeting)

    for endpoint in (with_a_parameter, with_a_plain_function, with_an_answer_to_change):
        with pytest.raises(TypeError, match="of the request alone"):
            router.add_api_route("/greetings", endpoint, methods=["POST"])
