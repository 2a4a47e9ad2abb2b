"""Waking is quick, thrifty and harmless."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from pydantic import SecretStr

from skeldir.attribution.kinds import CREDIT
from skeldir.matviews.kinds import REFRESH
from skeldir.observability.metrics import WAKES_FAILED
from skeldir.settings import Settings
from skeldir.wakeups.mailbox import Mailbox
from skeldir.wakeups.waker import WAKE_EXPIRES_S, Waker
from tests.conftest import Clone

QUEUES = ["attribution", "maintenance", "ingest"]


@pytest.fixture
def mailbox(clone: Clone) -> Iterator[Mailbox]:
    with closing(Mailbox(clone.app_url)) as opened:
        yield opened


def take_tasks(mailbox: Mailbox) -> list[tuple[str, str]]:
    """Return (queue, task) of what comes within three seconds, and then until nothing has come for one."""
    found = []
    end = time.monotonic() + 3
    while (left := end - time.monotonic()) > 0:
        taken = mailbox.receive(QUEUES)
        if taken is None:
            # The notification of a message that is taken already ends a wait as well.
            mailbox.wait(left)
            continue
        headers = json.loads(taken[1])["headers"]
        assert headers["expires"] is not None
        found.append((taken[0], headers["task"]))
        end = time.monotonic() + 1
    return found


def wakes_failed() -> float:
    return sum(
        sample.value
        for metric in WAKES_FAILED.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    )


def test_the_workers_of_each_kind_are_woken_through_its_queue(
    clone: Clone, mailbox: Mailbox
) -> None:
    with closing(Waker(Settings(), clone.app_url)) as waker:
        waker.wake(frozenset({CREDIT, REFRESH}))
        assert sorted(take_tasks(mailbox)) == [("attribution", CREDIT), ("maintenance", REFRESH)]
    assert WAKE_EXPIRES_S == 60


def test_many_wakes_in_a_moment_become_few_messages(clone: Clone, mailbox: Mailbox) -> None:
    with closing(Waker(Settings(), clone.app_url)) as waker:
        for _ in range(1_000):
            waker.wake(frozenset({CREDIT}))
        assert 1 <= len(take_tasks(mailbox)) <= 5


def test_closing_sends_what_is_pending_and_then_wakes_nobody(
    clone: Clone, mailbox: Mailbox
) -> None:
    waker = Waker(Settings(), clone.app_url)
    waker.wake(frozenset({CREDIT}))
    waker.close()
    waker.wake(frozenset({REFRESH}))
    assert take_tasks(mailbox) == [("attribution", CREDIT)]
    waker.close()


@pytest.mark.parametrize(
    "broker",
    ["redis://127.0.0.1:1/0", "amqp://127.0.0.1:1//", "sqla+postgresql://app_user@127.0.0.1:1/x"],
)
def test_a_broker_that_is_away_costs_neither_time_nor_an_error(broker: str) -> None:
    failed = wakes_failed()
    settings = Settings(celery_broker_url=SecretStr(broker), celery_result_backend=None)
    waker = Waker(settings, "postgresql://app_user@127.0.0.1:1/x")
    began = time.monotonic()
    for _ in range(100):
        waker.wake(frozenset({CREDIT}))
    assert time.monotonic() - began < 0.5
    end = time.monotonic() + 5
    while wakes_failed() == failed:
        assert time.monotonic() < end
        time.sleep(0.02)
    began = time.monotonic()
    waker.close()
    assert time.monotonic() - began < 2
