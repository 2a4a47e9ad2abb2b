"""All processes of the machine die at the same moment, again and again: what was acknowledged is there, once."""

from __future__ import annotations

import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bench.reckoning import count_to_do, list_dead_jobs, list_uncredited
from tests.support.acknowledged import (
    Sent,
    Traffic,
    make_senders,
    stored_keys,
    wait_for_acknowledged,
)
from tests.support.embedded import is_running, short_place
from tests.support.service import Service, running_service, wait_until

ROUNDS = 5


def processes_of_machine(service: Service, home: Path) -> list[psutil.Process]:
    """Return `up`, its descendants, and all processes of the server, which are in sessions of their own."""
    up = psutil.Process(service.process.pid)
    postmaster = psutil.Process(service.postmaster())
    found = {up, postmaster, *up.children(recursive=True), *postmaster.children(recursive=True)}
    return sorted(found, key=lambda process: process.pid)


def kill_machine(service: Service, home: Path) -> int:
    """Stop everything at the same moment, so that nothing can react, then kill it."""
    victims = processes_of_machine(service, home)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                victim.send_signal(number)
    service.process.wait(10)
    wait_until(lambda: not is_running(home), 10, "the server is gone")
    return len(victims)


def require_each_once(service: Service, senders: list[Sent]) -> None:
    for one in senders:
        stored = stored_keys(service.ask, one.tenant)
        assert len(stored) == len(set(stored))
        assert set(one.acknowledged) <= set(stored), sorted(set(one.acknowledged) - set(stored))
        assert set(stored) <= set(one.sent)


@pytest.mark.worker
@pytest.mark.slow
@pytest.mark.begins_early
def test_everything_acknowledged_outlives_the_death_of_all_processes() -> None:
    chance = random.Random()
    killed, pauses = 0, []
    senders: list[Sent] = []
    with short_place() as place:
        home = place / "home"
        for _ in range(ROUNDS):
            with running_service(home) as service:
                senders = senders or make_senders(service)
                require_each_once(service, senders)
                with Traffic(service, senders, None):
                    wait_for_acknowledged(senders, 20)
                    pauses.append(chance.uniform(0.0, 3.0))
                    time.sleep(pauses[-1])  # the moment is what is tried
                    killed += kill_machine(service, home)
        with running_service(home) as service:
            require_each_once(service, senders)
            wait_until(lambda: not any(count_to_do(service.ask).values()), 90, "no job, no mark")
            assert list_dead_jobs(service.ask) == []
            for one in senders:
                assert list_uncredited(service.ask, one.tenant) == []
            assert "Nothing differs." in service.skeldir("audit")
            assert service.stop() == 0
    counts = [(len(one.sent), len(one.acknowledged)) for one in senders]
    sys.stderr.write(f"\n{killed} processes killed after {pauses}; sent, acknowledged: {counts}\n")
