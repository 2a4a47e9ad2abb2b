"""Load at full speed: a number of clients in a separate process, each on its own persistent connection."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from statistics import quantiles

import uvloop

# A placeholder in a request and its statements where each request must differ; as long as its replacement.
MARK = "@@@@@@@@@@@@"

Ask = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request in bytes, a part of the expected answer, and how many clients send it at once."""

    name: str
    request: bytes
    answer: bytes
    clients: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The speed of one measurement, and the processor time per request in the process that served it."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float = 0.0
    p95_ms: float = 0.0

    def with_cpu(self, cpu_s: float) -> Figures:
        """Add the processor time of all requests together, in seconds."""
        return replace(self, cpu_ms=1_000 * cpu_s / self.requests)


async def keep_asking(askers: Sequence[Ask], seconds: float, first: int) -> Figures:
    """Let all clients ask at once for a given time, with a new number for each request, from `first` on."""
    latencies: list[float] = []
    numbers = count(first)
    began = time.perf_counter()

    async def go_on(ask: Ask) -> None:
        before = time.perf_counter()
        while before < began + seconds:
            await ask(next(numbers))
            now = time.perf_counter()
            latencies.append(now - before)
            before = now

    await asyncio.gather(*map(go_on, askers))
    lasted = time.perf_counter() - began
    of_100 = quantiles(latencies, n=100)
    return Figures(
        len(latencies),
        len(latencies) / lasted,
        1_000 * of_100[49],
        1_000 * of_100[98],
        p95_ms=1_000 * of_100[94],
    )


def ask_the_api(port: int, case: Case, seconds: float, first: int) -> Figures:
    """Send requests and read their answers; runs in a separate process."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_ask_the_api(port, case, seconds, first))


async def _ask_the_api(port: int, case: Case, seconds: float, first: int) -> Figures:
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(case.clients)]

    def asker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Ask:
        async def ask(number: int) -> None:
            writer.write(case.request.replace(MARK.encode(), b"%012x" % number))
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            if not (head + body).startswith(b"HTTP/1.1 200") and b" 304 " not in head[:16]:
                raise SystemExit(f"not answered: {(head + body)[:500]!r}")
            if case.answer not in head + body:
                raise SystemExit(f"unexpected answer: {(head + body)[:500]!r}")

        return ask

    try:
        return await keep_asking([asker(*connection) for connection in connections], seconds, first)
    finally:
        for _, writer in connections:
            writer.close()
