"""A query for many callers runs once, and all get its result, even if some leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import psycopg
import pytest

from skeldir.http.probes import Probe
from tests.conftest import Clone
from tests.support.api import asking


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(
            "INSERT INTO heartbeats (process_id, role) VALUES (gen_random_uuid(), 'worker')"
        )
    async with asking(clone.app_url) as (_, client):
        yield client


@pytest.mark.parametrize("path", ["/health/ready", "/health/worker", "/metrics"])
async def test_twenty_monitors_at_once_are_all_answered(
    client: httpx2.AsyncClient, path: str
) -> None:
    async def watch() -> list[int]:
        return [(await client.get(path)).status_code for _ in range(10)]

    answers = await asyncio.gather(*(watch() for _ in range(20)))
    assert [status for statuses in answers for status in statuses] == [200] * 200


class Question:
    """A query whose result the test releases; it counts its runs."""

    def __init__(self) -> None:
        self.times = 0
        self.may_answer = asyncio.Event()

    async def ask(self) -> int:
        self.times += 1
        number = self.times
        await self.may_answer.wait()
        return number


async def begin(probe: Probe[int], watchers: int) -> list[asyncio.Task[int | None]]:
    """Start callers, and return when they all wait."""
    waiting = [asyncio.create_task(probe.answer()) for _ in range(watchers)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return waiting


async def test_concurrent_callers_share_a_result_and_later_ones_get_a_new_one() -> None:
    question = Question()
    probe = Probe(question.ask)
    waiting = await begin(probe, 5)
    question.may_answer.set()
    assert await asyncio.gather(*waiting) == [1] * 5
    assert await probe.answer() == 2


async def test_the_next_query_does_not_replace_an_awaited_result() -> None:
    """The first caller with a result asks again before the others have read theirs."""
    question = Question()
    question.may_answer.set()
    probe = Probe(question.ask)

    async def ask_on() -> list[int | None]:
        return [await probe.answer() for _ in range(10)]

    answers = await asyncio.gather(*(ask_on() for _ in range(20)))
    assert None not in {answer for each in answers for answer in each}
    assert question.times < 200


async def test_a_caller_that_leaves_does_not_cancel_the_query() -> None:
    question = Question()
    probe = Probe(question.ask)
    leaving, *staying = await begin(probe, 3)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    question.may_answer.set()
    assert await asyncio.gather(*staying) == [1, 1]


async def test_after_the_close_all_waiting_callers_get_no_result() -> None:
    question = Question()
    probe = Probe(question.ask)
    waiting = await begin(probe, 3)
    await probe.close()
    assert await asyncio.gather(*waiting) == [None] * 3
    assert await probe.answer() is None
    assert question.times == 1
