"""Claim: next to a tenant with 20 times the traffic of all others, the p95 of the others grows by less than 1.3 times.

The complete service runs as `skeldir up` starts it, on a durable server. `--tenants` quiet tenants send `--rate` single
events a second together, from another process. After a turn that is not counted, `--repeats` times in turn, they are
alone for `--seconds`, and then a hot tenant sends `--times` as many events as all of them together, 10 to 50 in a
request, from a third process. Measured are the quiet tenants' requests, from when each was due to its answer, and for
one of them the time from a request to its effect in the sums (see bench_latency). Each figure is the median over the
repeats of that repeat's p95, and the growth is the median of the repeats' own ratios: both of its turns follow each
other, so that load of other programs, which comes and goes, distorts fewer of them. The senders use the same processor
cores as the service.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvloop

from bench.probing import (
    CURRENCIES,
    DAYS,
    PROBE_EVERY_S,
    Effects,
    Running,
    Sums,
    probe_for,
    running_service,
    settle,
)
from bench.scale.saying import Book, say
from bench.support import (
    Place,
    durable_place,
    make_parser,
    make_secret,
    make_tenant,
    open_program,
    percentile,
    show_ratio,
    show_table,
)
from bench.traffic import Sent, send_single_events, send_traffic

ASKED = 1.3
_NUMBERS_A_TURN = 1_000_000


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: the quiet tenants' requests, the probed one's effects, and the hot tenant's traffic, if any."""

    quiet: Sent
    effects: Effects
    hot: Sent | None

    def p95s(self) -> dict[str, float]:
        """Return the p95 of each measurement, in seconds."""
        measured = {
            "answer to a quiet tenant's event": self.quiet.latencies,
            "order of a quiet tenant, in rollup_revenue_day": self.effects.revenue,
            "order of a quiet tenant, its credit in rollup_channel_day": self.effects.credit,
            "touch of a quiet tenant, its credit in rollup_channel_day": self.effects.touch,
        }
        return {name: percentile(seconds, 95) for name, seconds in measured.items()}


@dataclass(frozen=True, slots=True)
class Stage:
    """The service, the tenants, and two processes that send."""

    running: Running
    sums: Sums
    quiet: list[str]
    hot: str
    senders: ProcessPoolExecutor
    options: Namespace

    async def play(self, number: int, *, with_hot: bool) -> Turn:
        """Let the quiet tenants send, with or without the hot one, and probe the first of the quiet ones."""
        seconds, rate = self.options.seconds, self.options.rate
        first = number * _NUMBERS_A_TURN
        port, probes = self.running.port, int(seconds / PROBE_EVERY_S)
        sending = [self._send(send_single_events, port, self.quiet, seconds, rate, first)]
        if with_hot:
            hot_rate = rate * self.options.times
            sending.append(self._send(send_traffic, port, self.hot, seconds, hot_rate, first))
        effects = await probe_for(
            seconds, self.running.base, self.quiet[0], self.sums, first=number * probes
        )
        quiet, *hot = await asyncio.gather(*sending)
        return Turn(quiet, effects, hot[0] if hot else None)

    def _send(self, send: Callable[..., Sent], *arguments: object) -> asyncio.Future[Sent]:
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self.senders, partial(send, *arguments))


@asynccontextmanager
async def staged(place: Place, options: Namespace) -> AsyncIterator[Stage]:
    """Create the tenants and run the service."""
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, spawning) as senders:
        async with open_program(place) as database:
            tenants = [
                await make_tenant(database, f"quiet {number}") for number in range(options.tenants)
            ]
            hot = await make_tenant(database, "hot")
            quiet = [await make_secret(database, tenant) for tenant in tenants]
            secret = await make_secret(database, hot)
            with running_service(place, options.log or place.home / "service.log") as running:
                await settle(place)
                yield Stage(running, Sums(database, tenants[0]), quiet, secret, senders, options)


async def measure(options: Namespace) -> None:
    """Measure alone and together in turn, and print the medians side by side."""
    book = Book(options.book)
    alone: list[Turn] = []
    together: list[Turn] = []
    with durable_place() as place:
        async with staged(place, options) as stage:
            say("warming up")
            await stage.play(0, with_hot=True)
            for repeat in range(options.repeats):
                for with_hot, turns in ((False, alone), (True, together)):
                    number = 1 + 2 * repeat + with_hot
                    turns.append(await stage.play(number, with_hot=with_hot))
                    book.note(f"turn {number}", turns[-1].p95s())
                    say(f"{'with the hot tenant' if with_hot else 'alone'}: {_listed(turns[-1])}")
    show(alone, together)


def show(alone: list[Turn], together: list[Turn]) -> None:
    """Print the medians over the repeats, and the verdict."""
    rows, worst = [], 0.0
    for name in alone[0].p95s():
        befores = [turn.p95s()[name] for turn in alone]
        afters = [turn.p95s()[name] for turn in together]
        growth = statistics.median(b / a for a, b in zip(befores, afters, strict=True))
        worst = max(worst, growth)
        medians = (statistics.median(befores), statistics.median(afters))
        rows.append([name, *(f"{1_000 * seconds:.1f}" for seconds in medians), f"{growth:.2f}"])
    show_table(
        f"p95 in milliseconds, median of {len(alone)}",
        ("", "alone", "with the hot tenant", "growth"),
        rows,
    )
    everybody = {
        "quiet tenants, alone": [turn.quiet for turn in alone],
        "quiet tenants, with the hot one": [turn.quiet for turn in together],
        "hot tenant": [turn.hot for turn in together if turn.hot],
    }
    show_table(
        "Traffic",
        ("", "events/s accepted", "requests not answered 200"),
        [
            [
                name,
                f"{statistics.mean(sent.rate for sent in sents):,.1f}",
                f"{statistics.mean(sent.unanswered for sent in sents):.2%}",
            ]
            for name, sents in everybody.items()
        ],
    )
    show_ratio("Slowest growth of a p95", worst, f"< {ASKED}", is_met=worst < ASKED)


def _listed(turn: Turn) -> str:
    return ", ".join(f"{1_000 * seconds:.0f} ms" for seconds in turn.p95s().values())


def main() -> None:
    """Read the rates and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--tenants", type=int, default=20, help="quiet tenants")
    parser.add_argument("--rate", type=float, default=10.0, help="events/s of all quiet tenants")
    parser.add_argument("--times", type=float, default=20.0, help="as many of the hot tenant")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each turn")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--log", type=Path, help="where the service's log is kept")
    parser.add_argument("--book", type=Path, help="a file for the figures, a line of JSON a turn")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.repeats = 5.0, 1
    if (1 + 2 * options.repeats) * options.seconds > DAYS * len(CURRENCIES) * PROBE_EVERY_S:
        parser.error("there are not enough (day, currency) pairs for the probes")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(options))


if __name__ == "__main__":
    main()
