"""Question: what does a second API process on the same machine gain?

One touch by 64 clients of one tenant, sent by another process over persistent connections, to `skeldir serve` with one
process and with two, in turn, on one durable server. Each has a pool of 8 connections a process. The output shows
requests/s, latencies, the processor time of a request in all processes of the API, and their memory.

Clients, API and PostgreSQL share the processors of this machine: the gain is what they leave.
"""

from __future__ import annotations

import asyncio
import os
from argparse import Namespace
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from statistics import median

import httpx2
import psutil
import uvloop

from bench.asking import Case, Figures, ask_the_api
from bench.bench_http import MANY, SPAWNING, api, cpu_of, make_cases, middle
from bench.support import (
    console,
    durable_place,
    make_parser,
    make_secret,
    make_tenant,
    open_program,
    show_table,
)

COUNTS = (1, 2)
WARM_UP = 200


class Running:
    """An API that was started with `count` processes."""

    def __init__(self, count: int, port: int, first: psutil.Process) -> None:
        self.count = count
        self.port = port
        self.first = first
        self.measured: list[Figures] = []

    def processes(self) -> list[psutil.Process]:
        """Return all its processes: the supervisor, the members and their helpers."""
        return [self.first, *self.first.children(recursive=True)]

    def cpu_s(self) -> float:
        return sum(cpu_of(process) for process in self.processes())

    def memory_mb(self) -> float:
        """Return the memory of all processes; what they share is divided among them."""
        return sum(process.memory_full_info().pss for process in self.processes()) / 2**20


async def measure(options: Namespace) -> None:
    """Measure both in turn, and print them side by side."""
    with (
        durable_place() as place,
        ProcessPoolExecutor(1, SPAWNING) as client,
        ExitStack() as stack,
    ):
        async with open_program(place) as database:
            tenant_id = await make_tenant(database, "bench")
            secret = await make_secret(database, tenant_id, "ingest", "read")
        case: Case = make_cases(secret, "")[0]
        both = [Running(count, *stack.enter_context(api(place, count))) for count in COUNTS]
        for one in both:
            warm_up(one.port, secret)
        first = 1
        for seconds in (0.5, *[options.seconds] * options.repeats):
            for one in both:
                used = one.cpu_s()
                asked = await asyncio.get_running_loop().run_in_executor(
                    client, ask_the_api, one.port, case, seconds, first
                )
                one.measured.append(asked.with_cpu(one.cpu_s() - used))
                first += 10**6
        show(both, options)


def warm_up(port: int, secret: str) -> None:
    """Let each process see the key, over many connections."""
    for _ in range(WARM_UP):
        httpx2.get(
            f"http://127.0.0.1:{port}/v1/revenue/realtime",
            headers={"Authorization": f"Bearer {secret}"},
        ).raise_for_status()


def show(both: list[Running], options: Namespace) -> None:
    """Print the medians, and the ratio of each round."""
    rows = []
    for one in both:
        figures = middle(one.measured[1:])
        rows.append(
            (
                str(one.count),
                f"{figures.per_second:,.0f}",
                f"{figures.p50_ms:,.1f}",
                f"{figures.p99_ms:,.0f}",
                f"{figures.cpu_ms:,.2f}",
                f"{one.memory_mb():,.0f}",
            )
        )
    show_table(
        f"one touch by {MANY} clients, medians of {options.repeats} x {options.seconds:g} s, "
        f"{os.cpu_count()} processors",
        ("processes", "HTTP/s", "p50 ms", "p99 ms", "CPU ms", "MB"),
        rows,
    )
    ratios = [
        two.per_second / one.per_second
        for one, two in zip(both[0].measured[1:], both[1].measured[1:], strict=True)
    ]
    console.print(
        f"Two processes answer {median(ratios):.2f} times the requests of one "
        f"({min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} rounds)."
    )


def main() -> None:
    """Read the sizes and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run")
    parser.add_argument("--repeats", type=int, default=5, help="rounds, each with both")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.repeats = 0.3, 1
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(options))


if __name__ == "__main__":
    main()
