"""Claim: a fit of ten million touches holds up nobody: p95 of ingestion grows by less than 1.5 times, within 1 GiB.

The complete service runs as `skeldir up` starts it, on a durable server, while 500 events/s of one tenant arrive from
another process, 10 to 50 of them in a request. Another tenant has the touches. Its fit is asked for by the API and
made by a worker: first from all facts, which also keeps the journeys, then once more from these. The p95 of the
requests is that of the time from when each was due; the growth is that against the time without a fit before.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from uuid import UUID

import httpx2
import psutil
import uvloop

from bench.fitted_database import DAYS, Loaded, load_journeys
from bench.probing import Running, running_service, settle
from bench.support import (
    Place,
    console,
    durable_place,
    make_parser,
    make_secret,
    make_tenant,
    open_program,
    percentile,
    show_ratio,
    show_table,
)
from bench.touches import make_touches
from bench.traffic import Sent, bearer, send_traffic
from skeldir.clock import utc_now

JOURNEYS = 2_330_000
"""Of 10 million touches."""

RATE = 500
MOST_GROWTH = 1.5
MOST_MIB = 1_024
SECONDS_AT_A_TIME = 5
_UNDER_WAY = ("waiting", "running")
_FITS = ("first fit, from all facts", "next fit, from kept journeys")


@dataclass(slots=True)
class Fitting:
    """A fit that is asked for by the API: how long it took, and the largest memory of a worker, in bytes."""

    seconds: float = 0.0
    memory: int = 0

    def run(self, running: Running, loaded: Loaded, secret: str, seed: int) -> None:
        """Have a worker make a fit of order 1, and look at the workers' memory ten times a second."""
        asked = {
            "model": "markov",
            "first_day": f"{loaded.first_day}",
            "last_day": f"{loaded.last_day}",
            "chain_order": 1,
            "seed": seed,
        }
        workers = [
            process
            for process in psutil.Process(running.pid).children(recursive=True)
            if "worker" in process.cmdline()
        ]
        assert workers, "the service has no worker"
        began = monotonic()
        with httpx2.Client(base_url=running.base, headers=bearer(secret), timeout=60) as client:
            answer = client.post("/v1/fits", json=asked)
            answer.raise_for_status()
            while (state := client.get(answer.headers["location"]).json())["state"] in _UNDER_WAY:
                for _ in range(10):
                    most = max(worker.memory_info().rss for worker in workers)
                    self.memory = max(self.memory, most)
                    sleep(0.1)
        assert state["state"] == "done", state
        self.seconds = monotonic() - began


@dataclass(frozen=True, slots=True)
class Traffic:
    """Sends events from another process, each time with new numbers."""

    process: ProcessPoolExecutor
    port: int
    secret: str

    def send(self, seconds: float, first: int) -> Sent:
        """Send for some seconds."""
        return self.process.submit(
            send_traffic, self.port, self.secret, seconds, RATE, first
        ).result()

    def send_beside(self, work: Callable[[], None], first: int) -> list[Sent]:
        """Send until the work has been done, some seconds at a time."""
        thread = threading.Thread(target=work)
        thread.start()
        sent = []
        while thread.is_alive():
            sent.append(self.send(SECONDS_AT_A_TIME, first + len(sent) * 1_000_000))
        thread.join()
        return sent


def p95_of(sent: list[Sent]) -> float:
    """Return the 95th of 100 latencies, in milliseconds."""
    return 1_000 * percentile([second for one in sent for second in one.latencies], 95)


async def make_tenants(place: Place) -> tuple[UUID, str, str]:
    """Make the tenant with the touches, and the one whose events arrive; return a key of fits and one of events."""
    async with open_program(place) as database:
        fitted = await make_tenant(database, "fitted")
        beside = await make_tenant(database, "beside")
        of_fits = await make_secret(database, fitted, "manage", "read")
        return fitted, of_fits, await make_secret(database, beside)


def measure(options: Namespace) -> None:
    """Load, send, fit, and print the results."""
    journeys = 5_000 if options.quick else options.journeys
    seconds = 5 if options.quick else options.seconds
    spawning = multiprocessing.get_context("spawn")
    with durable_place() as place, ProcessPoolExecutor(1, spawning) as other_process:
        log = Path(options.log) if options.log else place.home / "service.log"
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            tenant_id, of_fits, of_events = runner.run(make_tenants(place))
        with running_service(place, log) as running:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(settle(place))
            # After the daily scan for personal data, which would read all touches beside the fit.
            raw = make_touches(journeys)
            first_day = date.fromordinal(utc_now().toordinal() - DAYS - 1)
            loaded = load_journeys(place, raw, first_day, tenant_id)
            traffic = Traffic(other_process, running.port, of_events)
            with console.status("Sending and fitting"):
                traffic.send(SECONDS_AT_A_TIME, 0)
                alone = [traffic.send(seconds, 10_000_000)]
                beside = {}
                for number, name in enumerate(_FITS):
                    fitting = Fitting()
                    work = partial(fitting.run, running, loaded, of_fits, number)
                    sent = traffic.send_beside(work, 100_000_000 * (1 + number))
                    beside[name] = fitting, sent
    show(len(raw.journeys), alone, beside)


def show(touches: int, alone: list[Sent], beside: dict[str, tuple[Fitting, list[Sent]]]) -> None:
    """Print what was found."""
    before = p95_of(alone)
    rows = [("without a fit", "", "", f"{alone[0].rate:,.0f}", f"{before:,.1f}", "")]
    growth, memory = 0.0, 0
    for name, (fitting, sent) in beside.items():
        p95 = p95_of(sent)
        growth, memory = max(growth, p95 / before), max(memory, fitting.memory)
        rate = sum(one.accepted for one in sent) / sum(one.seconds for one in sent)
        mib = f"{fitting.memory / 2**20:,.0f}"
        rows.append(
            (
                name,
                f"{fitting.seconds:,.1f}",
                mib,
                f"{rate:,.0f}",
                f"{p95:,.1f}",
                f"{p95 / before:.2f}",
            )
        )
    columns = ("", "fit s", "worker MiB", "events/s", "requests p95 ms", "growth")
    show_table(f"A fit of {touches:,} touches beside ingestion", columns, rows)
    show_ratio("Growth of p95", growth, f"< {MOST_GROWTH}", is_met=growth < MOST_GROWTH)
    mib_of_all = memory / 2**20
    show_ratio("Memory, MiB", mib_of_all, f"< {MOST_MIB}", is_met=mib_of_all < MOST_MIB)


def main() -> None:
    """Read the options and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--journeys", type=int, default=JOURNEYS)
    parser.add_argument("--seconds", type=float, default=60, help="of traffic without a fit")
    parser.add_argument("--log", help="a file for what the service logs")
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
