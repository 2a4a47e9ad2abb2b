"""A blocked loop is detected, with its cause and the place in the program."""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY

from skeldir.observability.stalls import STALL_S, watching_the_loop

TRIES = 20


def counted(cause: str, part: str = "count") -> float:
    value = REGISTRY.get_sample_value(f"skeldir_http_loop_stall_seconds_{part}", {"cause": cause})
    assert value is not None, "the series begins with 0"
    return value


def compute_for_long() -> None:
    end = time.thread_time() + 4 * STALL_S
    while time.thread_time() < end:
        pass


def wait_for_long() -> None:
    time.sleep(4 * STALL_S)  # a call that blocks the loop


@pytest.mark.parametrize("stall", [compute_for_long, wait_for_long])
async def test_a_call_that_blocks_the_loop_is_counted_and_named(
    caplog: pytest.LogCaptureFixture, stall: Callable[[], None]
) -> None:
    """On an overloaded machine the cause may be uncertain, so there is more than one try."""
    for _ in range(TRIES):
        caplog.clear()
        before = counted("program"), counted("program", "sum")
        with watching_the_loop(), caplog.at_level(logging.INFO, "skeldir.observability.stalls"):
            await asyncio.sleep(0.05)
            caplog.clear()
            stall()
            await asyncio.sleep(0.05)
        if counted("program") > before[0] and caplog.records:
            break
    assert counted("program") > before[0]
    assert counted("program", "sum") - before[1] >= STALL_S
    logged = vars(caplog.records[0])
    assert logged["msg"] == "http.loop_stalled"
    assert logged["seconds"] >= STALL_S
    assert logged["cause"] == "program"
    assert stall.__name__ in logged["where"]
    assert "observability/test_stalls.py:" in logged["where"]
    assert caplog.records[0].levelno == logging.WARNING


async def test_a_busy_loop_that_is_not_blocked_is_not_a_stall() -> None:
    before = counted("program")
    with watching_the_loop():
        for _ in range(50):
            end = time.thread_time() + STALL_S / 10
            while time.thread_time() < end:
                pass
            await asyncio.sleep(0)
    assert counted("program") == before


async def test_nothing_is_left_after_watching() -> None:
    threads = threading.active_count()
    with watching_the_loop():
        assert threading.active_count() == threads + 1
    assert threading.active_count() == threads
    before = counted("program") + counted("machine")
    wait_for_long()
    await asyncio.sleep(0.05)  # time in which a watcher would have looked
    assert counted("program") + counted("machine") == before


HELD = """
import asyncio, sys
from skeldir.observability.metrics import LOOP_STALL_SECONDS
from skeldir.observability.stalls import watching_the_loop

async def main():
    with watching_the_loop():
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.sleep(0.1)
    for family in LOOP_STALL_SECONDS.collect():
        for sample in family.samples:
            if sample.name.endswith("_sum"):
                print(sample.labels["cause"], sample.value)

asyncio.run(main())
"""


def test_a_process_that_the_machine_stopped_did_not_stall_by_itself() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HELD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGSTOP)
        time.sleep(1)  # the time for which it is stopped
        process.send_signal(signal.SIGCONT)
        logged, _ = process.communicate("\n", timeout=30)
    sums = {cause: float(value) for cause, value in map(str.split, logged.splitlines())}
    assert sums["machine"] > 0.8
    assert sums["program"] < 0.2
