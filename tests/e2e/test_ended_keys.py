"""A key that ends while many clients use it, at two API processes: when its last request is accepted."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple
from uuid import UUID

import httpx2
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.http.test_unknown_keys import revoke_all
from tests.support.api import bearer
from tests.support.listeners import listeners_of
from tests.support.service import SKELDIR, free_port, wait_until

CLIENTS = 32
# A key that has ended is unknown, and is not looked up for every request.
REFUSALS = (401, 429)


@contextmanager
def two_processes(clone: Clone) -> Iterator[list[str]]:
    """Serve a clone by two API processes; yield their addresses."""
    environment = os.environ | {"DATABASE_URL": clone.app_url, "SKELDIR_LOG_LEVEL": "warning"}
    with ExitStack() as stack:
        bases = []
        for _ in range(2):
            port = free_port()
            process = subprocess.Popen([*SKELDIR, "serve", "--port", str(port)], env=environment)
            stack.callback(process.wait)
            stack.callback(process.kill)
            bases.append(f"http://127.0.0.1:{port}")
        for base in bases:
            wait_until(lambda base=base: is_healthy(base), 60, "it answers")
        wait_until(lambda: len(listeners_of(clone)) == 2, 30, "both listen")
        yield bases


def is_healthy(base: str) -> bool:
    try:
        return httpx2.get(base + "/health").status_code == 200
    except httpx2.TransportError:
        return False


class Answer(NamedTuple):
    """When a request was sent and answered, by the monotonic clock, and its status."""

    sent_at_s: float
    answered_at_s: float
    status: int


@dataclass
class Crowd:
    """Clients that send one request after another with the same key, and the responses."""

    bases: list[str]
    headers: dict[str, str]
    answers: list[Answer] = field(default_factory=list)
    is_over: bool = False

    async def send(self, size: int) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(size):
                group.create_task(self._send(self.bases[number % 2]))

    async def _send(self, base: str) -> None:
        async with httpx2.AsyncClient(base_url=base, timeout=30, headers=self.headers) as client:
            while not self.is_over:
                sent_at_s = monotonic()
                answer = await client.get("/v1/jobs")
                self.answers.append(Answer(sent_at_s, monotonic(), answer.status_code))

    async def wait_for(self, *statuses: int, how_many: int) -> None:
        """Wait for `how_many` more responses with one of `statuses`."""
        seen = len(self.answers)
        for _ in range(3_000):
            if sum(answer.status in statuses for answer in self.answers[seen:]) >= how_many:
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"not {how_many} answers with {statuses}")


async def count_accepted(base: str) -> dict[str, float]:
    """Return how many keys a process remembered, and how many it looked up."""
    async with httpx2.AsyncClient(timeout=30) as client:
        text = (await client.get(base + "/metrics")).text
    return {
        sample.labels["source"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "skeldir_http_keys_accepted_total"
    }


def silence(clone: Clone, how: str, stopped: list[int]) -> None:
    """Keep the notification from both processes: end or stop the sessions that listen; or do nothing."""
    listeners = listeners_of(clone)
    assert len(listeners) == 2
    if how == "blocked":
        for pid in listeners:
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)
    elif how == "terminated":
        with psycopg.connect(clone.superuser_url) as admin:
            for pid in listeners:
                admin.execute("SELECT pg_terminate_backend(%s::integer, 5000)", (pid,))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["heard", "blocked", "terminated"])
async def test_no_request_of_32_clients_is_accepted_later_than_a_second_after_the_revocation(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID, how: str
) -> None:
    stopped: list[int] = []
    with two_processes(clone) as bases:
        ending = Crowd(bases, await bearer(db, tenant, "read"))
        lasting = Crowd(bases, await bearer(db, other_tenant, "read"))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(ending.send(CLIENTS))
                group.create_task(lasting.send(2))
                await ending.wait_for(200, how_many=10 * CLIENTS)
                accepted = [await count_accepted(base) for base in bases]
                await asyncio.to_thread(silence, clone, how, stopped)
                async with db.tenant(tenant) as connection:
                    await revoke_all(connection, tenant)
                revoked_at_s = monotonic()
                await ending.wait_for(*REFUSALS, how_many=5 * CLIENTS)
                left_s = revoked_at_s + 1 - monotonic()
                await asyncio.sleep(max(0, left_s))  # the time in which it may still be accepted
                await ending.wait_for(*REFUSALS, how_many=2 * CLIENTS)
                await lasting.wait_for(200, how_many=10)
                ending.is_over = lasting.is_over = True
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
    assert {200, 401} <= {answer.status for answer in ending.answers} <= {200, *REFUSALS}
    assert {answer.status for answer in lasting.answers} == {200}
    for of_process in accepted:
        assert of_process["memory"] > of_process["database"]
    late = [answer for answer in ending.answers if answer.sent_at_s >= revoked_at_s + 1]
    assert len(late) >= CLIENTS
    assert not [answer for answer in late if answer.status == 200]
