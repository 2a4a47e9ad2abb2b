"""What is counted and logged of a request: the route's template, never the requested path."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx2
import pytest
from prometheus_client import REGISTRY
from starlette.types import Message, Receive, Scope, Send

from skeldir.http.middleware import RequestFrame
from skeldir.observability.context import current_correlation_id, current_tenant_id, note_tenant
from tests.conftest import Clone
from tests.support.api import asking

pytestmark = pytest.mark.shares_clone


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(clone.app_url) as (_, client):
        yield client


def counted() -> dict[tuple[str, str, str], float]:
    """Return how many requests were counted by method, route and status."""
    (family,) = [f for f in REGISTRY.collect() if f.name == "skeldir_http_request_seconds"]
    return {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for sample in family.samples
        if sample.name.endswith("_count")
    }


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/health", ("GET", "/health", "200")),
        ("GET", "/health?secret=1", ("GET", "/health", "200")),
        ("GET", "/v1/attribution/orders/{}", ("GET", "/v1/attribution/orders/{order_id}", "401")),
        ("DELETE", "/v1/touches", ("DELETE", "/v1/touches", "405")),
        ("GET", "/{}", ("GET", "unknown", "404")),
        ("GET", "/v1/{}/x", ("GET", "unknown", "404")),
        ("PROPFIND", "/{}", ("OTHER", "unknown", "404")),
    ],
)
async def test_a_request_is_counted_and_logged_by_the_template_of_its_route(
    client: httpx2.AsyncClient,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    labels: tuple[str, str, str],
) -> None:
    before = counted()
    with caplog.at_level(logging.INFO, logger="skeldir.http.middleware"):
        await client.request(method, path.format(uuid4()))
    after = counted()
    grown = {key: n - before.get(key, 0) for key, n in after.items() if n != before.get(key, 0)}
    assert grown == {labels: 1}
    (record,) = [each for each in caplog.records if each.getMessage() == "http.answered"]
    line = vars(record)
    assert (line["method"], line["route"], line["status"]) == labels
    assert 0 <= line["seconds"] < 10


@pytest.mark.parametrize("query", ["a=" + "b" * 8_200, "a&" * 100, "&" * 3_000])
async def test_a_query_that_is_too_long_is_refused_unread(
    client: httpx2.AsyncClient, query: str
) -> None:
    for path in ("/health", "/v1/revenue/daily", "/nowhere"):
        answer = await client.get(f"{path}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert (await client.get("/health?" + "a=" + "b" * 8_000)).status_code == 200
    assert (await client.get("/health?" + "a&" * 90)).status_code == 200


def scope_of(headers: list[tuple[bytes, bytes]]) -> Scope:
    class State:
        receive_timeout_s = 0.1

    class App:
        state = State()

    return {
        "type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers, "app": App(),
    }  # fmt: skip


async def test_an_unhandled_error_is_counted_too_and_the_context_is_left() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        note_tenant(uuid4())
        raise ZeroDivisionError

    before = counted().get(("POST", "unknown", "none"), 0)
    with pytest.raises(ZeroDivisionError):
        await RequestFrame(broken)(scope_of([]), no_message, swallow)
    assert counted()["POST", "unknown", "none"] == before + 1
    assert current_correlation_id() is current_tenant_id() is None


async def no_message() -> Message:
    raise AssertionError("nothing was to be received")


async def swallow(message: Message) -> None:
    return None


async def test_after_a_complete_body_there_is_no_time_limit() -> None:
    """A client that waits for a slow answer is not one that sends slowly."""
    sent = [{"type": "http.request", "body": b"[]", "more_body": False}]
    received: list[Message] = []

    async def receive() -> Message:
        if sent:
            return sent.pop()
        await asyncio.sleep(0.3)  # a slow client
        return {"type": "http.disconnect"}

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        received.extend([await receive(), await receive()])

    await RequestFrame(waits)(scope_of([]), receive, swallow)
    assert [message["type"] for message in received] == ["http.request", "http.disconnect"]
