"""What all responses share, from 200 to 503: correlation id, the shape of a problem, when to try again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest
from fastapi import FastAPI

from skeldir.db.pool import Database
from skeldir.http.limits import KeyLimits, RateLimited
from skeldir.observability.context import current_correlation_id
from tests.conftest import Clone
from tests.support.api import PROBLEM_FIELDS, asking, bearer
from tests.support.make import make_conversion, make_touch

ID = "X-Correlation-ID"
TOUCHES = "/v1/touches"
REALTIME = "/v1/revenue/realtime"

# The security headers of every response.
SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}
A_UUID = "1d822c06-4c2d-41e4-876c-823f691a1ac3"


class Edge:
    """The application, called with a key of all scopes."""

    def __init__(
        self, app: FastAPI, client: httpx2.AsyncClient, clone: Clone, key: dict[str, str]
    ) -> None:
        self.app = app
        self.client = client
        self.clone = clone
        self.key = key

    async def ask(
        self, method: str, path: str, headers: dict[str, str], content: bytes = b""
    ) -> httpx2.Response:
        return await self.client.request(
            method, path, headers=self.key | headers, content=content or None
        )


@pytest.fixture
async def edge(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Edge]:
    monkeypatch.setenv("SKELDIR_POOL_SIZE", "1")
    monkeypatch.setenv("SKELDIR_POOL_TIMEOUT_S", "0.2")
    monkeypatch.setenv("SKELDIR_RECEIVE_TIMEOUT_S", "0.2")
    key = await bearer(db, tenant, "ingest", "read")
    async with asking(clone.app_url) as (app, client):
        yield Edge(app, client, clone, key)


Asking = Callable[[Edge, dict[str, str]], Awaitable[httpx2.Response]]


async def get_200(edge: Edge, headers: dict[str, str]) -> httpx2.Response:
    return await edge.ask("GET", REALTIME, headers)


async def get_304(edge: Edge, headers: dict[str, str]) -> httpx2.Response:
    return await edge.ask("GET", REALTIME, headers | {"If-None-Match": "*"})


async def send_400(edge: Edge, headers: dict[str, str]) -> httpx2.Response:
    return await edge.ask("POST", TOUCHES, headers, b"not json")


async def send_401(edge: Edge, headers: dict[str, str]) -> httpx2.Response:
    return await edge.ask("POST", TOUCHES, headers | {"Authorization": "Bearer skd_no"}, b"[]")


async def get_404(edge: Edge, headers: dict[str, str]) -> httpx2.Response:
    return await edge.ask("GET", "/nowhere", headers)


async def send_405(edge: Edge, headers: dict[str, str]) -> httpx2.Response:
    return await edge.ask("DELETE", TOUCHES, headers)


async def send_408(edge: Edge, headers: dict[str, str]) -> httpx2.Response:
    async def slow() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.sleep(60)  # a response that takes longer than the limit

    return await edge.client.post(TOUCHES, headers=edge.key | headers, content=slow())


async def send_413(edge: Edge, headers: dict[str, str]) -> httpx2.Response:
    return await edge.ask("POST", TOUCHES, headers, b"[" + b",".join([b"{}"] * 10_001) + b"]")


async def send_415(edge: Edge, headers: dict[str, str]) -> httpx2.Response:
    return await edge.ask("POST", TOUCHES, headers | {"Content-Encoding": "br"}, b"[]")


async def get_422(edge: Edge, headers: dict[str, str]) -> httpx2.Response:
    return await edge.ask("GET", REALTIME + "?no_such=1", headers)


async def get_429(edge: Edge, headers: dict[str, str]) -> httpx2.Response:
    edge.app.state.limits = KeyLimits(1)
    for _ in range(2):
        await edge.ask("GET", REALTIME, {})
    return await edge.ask("GET", REALTIME, headers)


async def send_500(edge: Edge, headers: dict[str, str]) -> httpx2.Response:
    with psycopg.connect(edge.clone.superuser_url) as admin:
        admin.execute("ALTER TABLE attribution_events RENAME TO elsewhere")
    return await edge.client.post(TOUCHES, json=[make_touch()], headers=edge.key | headers)


async def get_503(edge: Edge, headers: dict[str, str]) -> httpx2.Response:
    database: Database = edge.app.state.database
    async with database.statement():
        return await edge.ask("GET", REALTIME, headers)


ASKINGS = {
    200: get_200, 304: get_304, 400: send_400, 401: send_401, 404: get_404, 405: send_405,
    408: send_408, 413: send_413, 415: send_415, 422: get_422, 429: get_429, 500: send_500, 503: get_503,
}  # fmt: skip
every_status = pytest.mark.parametrize("status", list(ASKINGS))


@every_status
async def test_every_answer_carries_the_correlation_id_that_was_sent(
    edge: Edge, status: int
) -> None:
    sent = str(uuid4())
    answer = await ASKINGS[status](edge, {ID: sent})
    assert answer.status_code == status, answer.text
    assert answer.headers.get_list(ID) == [sent]
    assert SAFE.items() <= dict(answer.headers.multi_items()).items()
    assert len(answer.headers.get_list("content-security-policy")) == 1
    if status < 400:
        return
    fields = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(fields) == PROBLEM_FIELDS
    assert (fields["status"], fields["correlation_id"]) == (status, sent)
    assert all(fields[field] for field in PROBLEM_FIELDS)
    assert fields["code"] == fields["code"].lower().replace(" ", "_")
    assert fields["cure"].endswith(".")
    assert (int(answer.headers.get("retry-after", 0)) >= 1) == (status in (429, 503))


@every_status
async def test_every_answer_to_a_request_without_an_id_carries_a_new_one(
    edge: Edge, status: int
) -> None:
    first, second = [(await ASKINGS[404](edge, {})).headers[ID] for _ in range(2)]
    assert first != second
    answer = await ASKINGS[status](edge, {})
    assert answer.status_code == status, answer.text
    made = answer.headers[ID]
    assert str(UUID(made)) == made
    if status >= 400:
        assert answer.json()["correlation_id"] == made


@pytest.mark.parametrize(
    "sent",
    ["", "17", "x" * 36, f"{{{A_UUID}}}", A_UUID.replace("-", ""), f"urn:uuid:{A_UUID}", "é" * 18],
)
async def test_an_id_that_is_not_a_uuid_in_its_usual_form_is_replaced(
    edge: Edge, sent: str
) -> None:
    answer = await edge.client.get("/health", headers=[(ID.encode(), sent.encode("latin-1"))])
    (made,) = answer.headers.get_list(ID)
    assert made.replace("-", "") not in sent.replace("-", "")
    assert str(UUID(made)) == made


async def test_a_uuid_in_capitals_is_the_same_uuid(edge: Edge) -> None:
    sent = str(uuid4())
    assert (await edge.client.get("/health", headers={ID: sent.upper()})).headers[ID] == sent


async def test_a_correlation_id_is_passed_to_the_job_and_the_log(
    edge: Edge, tenant: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    sent = uuid4()
    logged: list[UUID | None] = []

    def note(record: logging.LogRecord) -> bool:
        if record.getMessage() == "http.answered":
            logged.append(current_correlation_id())
        return True

    caplog.handler.addFilter(note)
    with caplog.at_level(logging.INFO, logger="skeldir.http.middleware"):
        answer = await edge.client.post(
            "/v1/conversions", json=[make_conversion()], headers=edge.key | {ID: str(sent)}
        )
    assert answer.status_code == 200
    assert logged == [sent]
    (record,) = [each for each in caplog.records if each.getMessage() == "http.answered"]
    assert vars(record).items() >= {
        "method": "POST", "route": "/v1/conversions", "status": "200",
    }.items()  # fmt: skip
    with psycopg.connect(edge.clone.superuser_url) as admin:
        jobs = admin.execute("SELECT tenant_id, correlation_id FROM jobs").fetchall()
    assert jobs == [(tenant, sent)]
    assert current_correlation_id() is None


async def test_two_requests_at_once_keep_their_own_ids(edge: Edge) -> None:
    ids = [str(uuid4()) for _ in range(20)]
    answers = await asyncio.gather(*(edge.client.get("/nowhere", headers={ID: i}) for i in ids))
    assert [answer.headers[ID] for answer in answers] == ids
    assert [answer.json()["correlation_id"] for answer in answers] == ids


async def test_a_key_of_one_scope_does_not_have_the_other(
    edge: Edge, db: Database, tenant: UUID
) -> None:
    reader, writer = await bearer(db, tenant, "read"), await bearer(db, tenant, "ingest")
    refused = [await edge.client.post(TOUCHES, json=[make_touch()], headers=reader)]
    reading = (REALTIME, "/v1/revenue/daily", "/v1/dead-events", "/v1/jobs")
    refused += [await edge.client.get(path, headers=writer) for path in reading]
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
        assert set(answer.json()) == PROBLEM_FIELDS
        assert str(tenant) not in answer.text
    assert (await edge.client.get(REALTIME, headers=reader)).status_code == 200
    answer = await edge.client.post(TOUCHES, json=[make_touch()], headers=writer)
    assert answer.json()["accepted"] == 1


async def test_a_key_over_its_limit_does_not_affect_another(
    edge: Edge, db: Database, tenant: UUID
) -> None:
    other = await bearer(db, tenant, "read")
    edge.app.state.limits = KeyLimits(1)
    asked = [await edge.ask("GET", REALTIME, {}) for _ in range(4)]
    assert [answer.status_code for answer in asked] == [200, 200, 429, 429]
    assert asked[-1].json()["code"] == "rate_limited"
    assert (await edge.client.get(REALTIME, headers=other)).status_code == 200


async def test_a_client_that_waits_as_long_as_stated_is_admitted(edge: Edge) -> None:
    refused = await get_429(edge, {})
    await asyncio.sleep(int(refused.headers["retry-after"]))  # what the test is about
    assert (await edge.ask("GET", REALTIME, {})).status_code == 200


def test_a_bucket_holds_two_seconds_worth_and_fills_steadily() -> None:
    counted, key = KeyLimits(5), uuid4()

    def burst(now_s: float) -> int:
        for taken in range(100):
            try:
                counted.take(key, now_s)
            except RateLimited as refusal:
                assert refusal.retry_after_s == 1  # noqa: PT017 - each refusal states it
                return taken
        raise AssertionError("nothing was ever refused")

    assert [burst(0.0), burst(0.1), burst(1.0), burst(1_000.0)] == [10, 0, 5, 10]


def test_a_key_that_keeps_asking_is_remembered_however_many_others_come_and_go() -> None:
    counted, loud = KeyLimits(1, most=100), uuid4()
    counted.take(loud, 0.0)
    counted.take(loud, 0.0)
    for _ in range(1_000):
        counted.take(uuid4(), 0.0)
        with pytest.raises(RateLimited):
            counted.take(loud, 0.0)
    newcomer = uuid4()
    counted.take(newcomer, 0.0)
    counted.take(newcomer, 0.0)
    with pytest.raises(RateLimited):
        counted.take(newcomer, 0.0)
