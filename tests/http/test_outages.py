"""A database that is stopped, frozen, full or slow: each is a problem in bounded time, and recovery is automatic."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from time import monotonic

import httpx2
import psycopg
import pytest
from fastapi import FastAPI

from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.api import (
    PROBLEM_FIELDS,
    OwnServer,
    asking,
    bearer,
    key_of_new_tenant,
    own_server,
)
from tests.support.embedded import short_place
from tests.support.make import make_tenant, make_touch

RECOVERY_S = 5.0


@pytest.fixture(scope="module")
def own() -> Iterator[OwnServer]:
    with short_place() as place, own_server(place / "own") as server:
        yield server


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKELDIR_STATEMENT_TIMEOUT_MS", "300")
    monkeypatch.setenv("SKELDIR_POOL_TIMEOUT_S", "0.5")
    monkeypatch.setenv("SKELDIR_POOL_SIZE", "2")


Asked = tuple[FastAPI, httpx2.AsyncClient, dict[str, str]]


@pytest.fixture
async def on_own(hasty: None, own: OwnServer) -> AsyncIterator[Asked]:
    headers = await key_of_new_tenant(own.url)
    async with asking(own.url) as (app, client):
        yield app, client, headers


@pytest.fixture
async def on_clone(hasty: None, clone: Clone, db: Database) -> AsyncIterator[Asked]:
    headers = await bearer(db, await make_tenant(db, "A"))
    async with asking(clone.app_url) as (app, client):
        yield app, client, headers


async def post(client: httpx2.AsyncClient, headers: dict[str, str]) -> httpx2.Response:
    return await client.post("/v1/touches", json=[make_touch()], headers=headers)


async def is_a_problem(answer: httpx2.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert set(answer.json()) == PROBLEM_FIELDS
    assert int(answer.headers["retry-after"]) >= 1


async def wait_for_200(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    """Send requests until they succeed again, for RECOVERY_S seconds at most."""
    end = monotonic() + RECOVERY_S
    while (
        seen := (
            (await post(client, headers)).status_code,
            (await client.get("/health/ready")).status_code,
        )
    ) != (200, 200):
        assert monotonic() < end, f"it did not recover: {seen}"
        await asyncio.sleep(0.1)


async def not_ready(client: httpx2.AsyncClient) -> dict[str, str]:
    began = monotonic()
    answer = await client.get("/health/ready")
    assert monotonic() - began < 3
    assert answer.status_code == 503
    assert (await client.get("/health/live")).status_code == 200
    checks: dict[str, str] = answer.json()["checks"]
    return checks


async def test_a_killed_database_is_a_problem_until_it_is_back(
    on_own: Asked, own: OwnServer
) -> None:
    _, client, headers = on_own
    assert (await post(client, headers)).status_code == 200
    own.kill()
    began = monotonic()
    answers = await asyncio.gather(*(post(client, headers) for _ in range(5)))
    assert monotonic() - began < 3
    for answer in answers:
        await is_a_problem(answer, "database_unreachable")
        assert "/" not in answer.json()["detail"]
    assert "not answer" in (await not_ready(client))["database"]
    scraped = await client.get("/metrics")
    assert (scraped.status_code, "skeldir_database_up 0.0" in scraped.text) == (200, True)
    own.start()
    await wait_for_200(client, headers)
    assert "skeldir_database_up 1.0" in (await client.get("/metrics")).text


@pytest.mark.slow
async def test_a_frozen_database_is_a_problem_until_it_continues(
    on_own: Asked, own: OwnServer
) -> None:
    _, client, headers = on_own
    assert (await post(client, headers)).status_code == 200
    with own.frozen():
        began = monotonic()
        answers = await asyncio.gather(*(post(client, headers) for _ in range(5)))
        assert monotonic() - began < 4
        assert {answer.status_code for answer in answers} == {503}
        assert "database_unreachable" in {answer.json()["code"] for answer in answers}
        assert "not answer" in (await not_ready(client))["database"]
        began = monotonic()
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.get("/health/worker")).status_code == 503
        assert monotonic() - began < 5
    await wait_for_200(client, headers)


@pytest.mark.slow
async def test_a_database_that_freezes_within_a_transaction_is_abandoned_at_once(
    on_own: Asked, own: OwnServer
) -> None:
    app, client, headers = on_own
    database: Database = app.state.database
    began = monotonic()
    with pytest.raises(Exception, match="no longer answers"):  # noqa: PT012 - the freeze must end with the wait
        async with database.unbound() as connection:
            with own.frozen():
                await connection.execute("SELECT 1")
    assert monotonic() - began < 3
    await wait_for_200(client, headers)


async def test_a_full_pool_is_a_problem_until_a_connection_is_free(on_clone: Asked) -> None:
    app, client, headers = on_clone
    database: Database = app.state.database
    async with database.statement(), database.statement():
        began = monotonic()
        await is_a_problem(await post(client, headers), "database_busy")
        assert monotonic() - began < 1.5
        await not_ready(client)
    await wait_for_200(client, headers)


async def test_a_slow_query_is_a_problem_and_leaves_nothing(on_clone: Asked, clone: Clone) -> None:
    _, client, headers = on_clone
    with psycopg.connect(clone.superuser_url) as other:
        other.execute("LOCK TABLE attribution_events IN ACCESS EXCLUSIVE MODE")
        began = monotonic()
        await is_a_problem(await post(client, headers), "query_too_slow")
        assert monotonic() - began < 1.5
    with psycopg.connect(clone.superuser_url) as other:
        assert other.execute("SELECT count(*) FROM attribution_events").fetchone() == (0,)
    await wait_for_200(client, headers)
