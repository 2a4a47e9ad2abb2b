"""How long the API's loop was blocked: a prober in a separate process requests `/health/live` every 10 ms.

The time that a probe waited because the machine gave no processor to a thread of the API (the loop's, or one that held
the interpreter's lock), or to the prober, is subtracted. The kernel counts both (`/proc/PID/task/TID/schedstat`,
nanoseconds run and waited); if it does not, nothing is subtracted. The time that the loop's own thread ran never is.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path

from bench.fuzz.answers import read_answers
from bench.fuzz.attempts import write_request

EVERY_S = 0.01
NOTED_S = 0.03
LIMIT_S = 0.1
_SPAWNING = multiprocessing.get_context("spawn")
_REQUEST = write_request("GET", "/health/live", [])


@dataclass(frozen=True, slots=True)
class Stall:
    """One late answer, in seconds: when it was requested, how late it arrived, and how much the machine explains.

    `ran_s` is the processor time that the API's main thread used between the two probes.
    """

    asked_at: float
    took_s: float
    waited_s: float
    ran_s: float

    @property
    def seconds(self) -> float:
        """Return the seconds that the machine does not explain."""
        return min(self.took_s, max(self.ran_s, self.took_s - self.waited_s))


@dataclass(slots=True)
class Watching:
    """The prober's results; filled in when it has stopped."""

    probes: int = 0
    unanswered: int = 0
    stalls: list[Stall] | None = None


@contextmanager
def watching(port: int, pid: int) -> Iterator[Watching]:
    """Probe the API of process `pid` until the end of the block."""
    seen = Watching()
    stop, (ours, theirs) = _SPAWNING.Event(), _SPAWNING.Pipe(duplex=False)
    prober = _SPAWNING.Process(target=_probe, args=(port, pid, stop, theirs), daemon=True)
    prober.start()
    ours.poll(10)
    ours.recv()
    try:
        yield seen
    finally:
        stop.set()
        if ours.poll(30):
            seen.probes, seen.unanswered, seen.stalls = ours.recv()
        prober.join(5)
        prober.kill()


def _probe(
    port: int, pid: int, stop: Event, results: multiprocessing.connection.Connection
) -> None:
    results.send("ready")
    stalls: list[Stall] = []
    probes = unanswered = 0
    connection: socket.socket | None = None
    turn = time.perf_counter()
    while not stop.is_set():
        turn = max(turn + EVERY_S, time.perf_counter())
        time.sleep(max(0.0, turn - time.perf_counter()))
        ran, waited, own = *processor_of(pid), processor_of(os.getpid())[1]
        asked_at = time.perf_counter()
        is_answered = False
        with suppress(OSError):
            connection = connection or socket.create_connection(("127.0.0.1", port), 30)
            connection.sendall(_REQUEST)
            is_answered = _read_answer(connection).startswith(b"HTTP/1.1 200")
        took_s = time.perf_counter() - asked_at
        probes += 1
        if not is_answered:
            unanswered += 1
            connection = None
        if took_s >= NOTED_S:
            ran_then, waited_then = processor_of(pid)
            late = waited_then - waited + processor_of(os.getpid())[1] - own
            stalls.append(Stall(asked_at, took_s, late, ran_then - ran))
    results.send((probes, unanswered, stalls))


def _read_answer(connection: socket.socket) -> bytes:
    """Return one answer; the server may send its head and its body separately."""
    received = b""
    while not read_answers(received, ("GET",)):
        part = connection.recv(4_096)
        if not part:
            return b""
        received += part
    return received


def processor_of(pid: int) -> tuple[float, float]:
    """Return the seconds for which a process's main thread had a processor, and all its threads waited for one."""
    ran = waited = 0
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(OSError):  # a thread has ended
            times = (task / "schedstat").read_text(encoding="ascii").split()
            waited += int(times[1])
            if task.name == str(pid):
                ran = int(times[0])
    return ran / 1e9, waited / 1e9


def waited_for(pid: int) -> float:
    """Return the seconds for which a process's main thread has waited for a processor."""
    with suppress(OSError):
        times = Path(f"/proc/{pid}/task/{pid}/schedstat").read_text(encoding="ascii").split()
        return int(times[1]) / 1e9
    return 0.0
