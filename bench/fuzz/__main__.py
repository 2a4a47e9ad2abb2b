"""Claim: no request makes the API fail, send an undeclared status, be slow, stall, or show data that it must not.

One API process (`skeldir serve`, on a durable server, with two tenants and keys of every sort) gets 20,000 requests,
16 at a time: schemathesis generates half of them from docs/openapi.json, this package the others, many of them over raw
sockets because no client library would send them. Every answer is judged: its status is declared, an error is a
problem, it takes at most 2 s, and it shows no key and no data of another tenant. A separate prober requests
`/health/live` every 10 ms; no answer may be late by more than 100 ms that the machine does not explain. The same seed
and number of requests make the same requests; `--only INDEX` sends one of them again, alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx2
import psutil

from bench.fuzz.attempts import Attempt
from bench.fuzz.contract import Contract
from bench.fuzz.generated import generate_cases
from bench.fuzz.judging import judge
from bench.fuzz.making import Maker
from bench.fuzz.reporting import (
    Result,
    make_result,
    show_counts,
    show_slowest,
    show_stalls,
    show_verdicts,
)
from bench.fuzz.sending import send
from bench.fuzz.staging import api, fill, make_stage, settle, worker_heartbeat
from bench.fuzz.stalls import waited_for, watching
from bench.support import Place, console, durable_place, open_program, open_superuser
from skeldir.errors import SkeldirError

AT_A_TIME = 16
DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
_WAIT_S = 30.0
_SETTLE_S = 300.0
_METRIC = re.compile(r"^skeldir_http_loop_stall\S*.*$", re.MULTILINE)


@dataclass(slots=True)
class Running:
    """The stage, and the attempts on it by index."""

    maker: Maker
    contract: Contract
    port: int
    api: psutil.Process
    log: Path
    place: Place

    async def try_one(self, index: int, attempt: Attempt) -> Result:
        """Send an attempt and judge its outcome."""
        waited_s = waited_for(self.api.pid)
        outcome = await send(self.port, attempt, limit_s=_WAIT_S)
        outcome.waited_s = min(outcome.seconds, waited_for(self.api.pid) - waited_s)
        faults = judge(attempt, outcome, self.contract, self.maker.stage)
        return make_result(index, attempt, outcome, faults, self.contract)


@asynccontextmanager
async def open_running(options: argparse.Namespace) -> AsyncIterator[Running]:
    """Prepare the stage, and start the API on it."""
    description: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    began = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = generate_cases(description, options.requests // 2, options.seed)
    console.print(f"{len(cases):,} cases generated in {perf_counter() - began:.0f} s")
    with durable_place() as place:
        async with open_program(place) as database:
            tenants, holders = await fill(database)
        with api(place) as (port, process, log):
            async with worker_heartbeat(place), open_superuser(place) as admin:
                stage = await make_stage(admin, port, tenants, holders)
                maker = Maker(options.seed, stage, cases)
                yield Running(maker, Contract(description), port, process, log, place)


async def run_all(running: Running, indexes: range) -> tuple[list[Result], int]:
    """Make the attempts, AT_A_TIME at once; return their results and the API's largest resident size in bytes."""
    results: list[Result] = []
    waiting: asyncio.Queue[tuple[int, Attempt] | None] = asyncio.Queue(2 * AT_A_TIME)
    largest = 0

    async def go_on() -> None:
        nonlocal largest
        while (next_one := await waiting.get()) is not None:
            results.append(await running.try_one(*next_one))
            if len(results) % 100 == 0:
                largest = max(largest, running.api.memory_info().rss)
            if len(results) % 1_000 == 0:
                console.print(f"{len(results):,} of {len(indexes):,}", highlight=False)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_A_TIME):
            group.create_task(go_on())
        async for index, attempt in running.maker.make(indexes):
            await waiting.put((index, attempt))
        for _ in range(AT_A_TIME):
            await waiting.put(None)
    return results, largest


async def settle_after(running: Running) -> str | None:
    """Credit, roll up and refresh the accepted facts; return what went wrong."""
    began = perf_counter()
    try:
        async with open_program(running.place) as database, asyncio.timeout(_SETTLE_S):
            await settle(database)
    except TimeoutError:
        return f"not done after {_SETTLE_S:g} s"
    except SkeldirError as error:
        return f"{error.code}: {error.detail}"
    console.print(
        f"Everything was credited, rolled up and refreshed in {perf_counter() - began:.0f} s"
    )
    return None


async def fuzz(options: argparse.Namespace) -> bool:
    """Run, report, and return whether all verdicts hold."""
    async with open_running(options) as running:
        size = running.api.memory_info().rss
        began = perf_counter()
        with watching(running.port, running.api.pid) as seen:
            results, largest = await run_all(running, range(options.first, options.requests))
        seconds = perf_counter() - began
        metrics = (await httpx2.AsyncClient().get(f"http://127.0.0.1:{running.port}/metrics")).text
        after = running.api.memory_info().rss
        results.sort(key=lambda result: result.index)
        show_counts(results)
        show_slowest(results)
        show_stalls(seen, results)
        console.print(
            f"\nseed {options.seed}, {seconds:.0f} s, {len(results) / seconds:.0f} attempts/s; the API's memory: "
            f"{size >> 20} MiB before, {largest >> 20} at most, {after >> 20} after"
        )
        for line in _METRIC.findall(metrics)[:20]:
            console.print(f"  {line}", markup=False, highlight=False)
        show_log(running.log)
        trouble = None if options.no_settling else await settle_after(running)
        more = {
            "every probe is answered": f"{seen.unanswered} are not" if seen.unanswered else None,
            "accepted facts can be credited, rolled up and refreshed": trouble,
        }
        return show_verdicts(results, seen, more)


def show_log(log: Path) -> None:
    """Print the warnings and errors of the API's log, each kind once, with its traceback."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry: dict[str, Any] = json.loads(line)
        except ValueError:
            entry = {"event": line[:200]}
        trace = str(entry.get("exception", entry.get("traceback", "")))
        kinds.setdefault(f"{entry.get('event')} {trace[-300:]}", []).append(entry)
    for entries in sorted(kinds.values(), key=len, reverse=True)[:20]:
        text = json.dumps(entries[0])
        console.print(
            f"log, {len(entries):,} times: {text[:200]} … {text[-1_500:] if len(text) > 200 else ''}",
            markup=False,
        )


async def repeat(options: argparse.Namespace) -> bool:
    """Send one attempt again, alone, and show everything about it."""
    async with open_running(options) as running:
        with watching(running.port, running.api.pid) as seen:
            await asyncio.sleep(0.5)
            attempt = running.maker.attempt(options.only)
            result = await running.try_one(options.only, attempt)
            await asyncio.sleep(0.5)
        console.print(attempt.shown(1_500), markup=False, highlight=False)
        for answer in result.outcome.answers:
            console.print(
                f"{answer.status} {answer.headers}\n{answer.body[:2_000]!r}", markup=False
            )
        show_slowest([result])
        show_stalls(seen, [result])
        show_log(running.log)
        return show_verdicts([result], seen, {})


def main() -> None:
    """Read the sizes, run, and exit with 1 if a verdict does not hold."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=20_260_601)
    parser.add_argument("--first", type=int, default=0, help="start at this index")
    parser.add_argument("--only", type=int, help="send only the attempt with this index")
    parser.add_argument(
        "--no-settling", action="store_true", help="do not credit the accepted facts"
    )
    options = parser.parse_args()
    holds = asyncio.run(fuzz(options) if options.only is None else repeat(options))
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
