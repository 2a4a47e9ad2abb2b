"""Claim: pages are quick and small, also with a million orders, and people who look at them do not slow down ingest.

`--tenants` tenants have `--orders` orders over a year: the first one nearly all of them, each other one `--small`. A
member of the first and of a small one opens every page, by turns, over HTTP from `skeldir serve`, and so one order, one
import, one model, and the channels of the year with six models. The time of a page is from the request to the end of
its answer. Targets, for 95 of 100: 100 ms, channels of the year 150 ms; and 60 kB for the first page with its style
sheet and script, compressed.

With `--people`, events of one tenant arrive at `--events` a second, while nobody looks and then while that number
of its members each open a page every `--every` seconds, by turns; the service is `skeldir up`. Target: the p95 of an
answer to a request with events grows by less than 1.3 times.

The claims are of `--tenants 1000 --orders 1000000`, and of `--people 50 --events 500 --every 15`.
"""

from __future__ import annotations

import asyncio
import gzip
import multiprocessing
import re
import statistics
from argparse import Namespace
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from urllib.parse import quote
from uuid import UUID

import uvloop

from bench.bench_http import api
from bench.facts import Size, credit_and_sum, load_facts, read_sql
from bench.people import HOST, Visits, ask_for, look_around, sign_in
from bench.probing import Running, running_service, settle
from bench.scale.saying import say
from bench.scale.shops import VISITS, Shop, Span, write_visits
from bench.support import (
    Place,
    Superuser,
    checkpoint,
    console,
    durable_place,
    for_each,
    make_parser,
    make_secret,
    open_program,
    open_superuser,
    percentile,
    show_ratio,
    show_table,
)
from bench.traffic import Sent, send_traffic
from bench.wire import Answer, Wire, make_request
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest.files import fingerprint_file, import_file
from skeldir.matviews import CANONICAL_VIEWS, refresh_view
from skeldir.users import Role
from skeldir.web.answers import PageRoute
from skeldir.web.routes import routers

MOST_MS, MOST_YEAR_MS, MOST_KB, MOST_GROWTH = 100.0, 150.0, 60.0, 1.3
DAYS = 365
TOUCHES_AN_ORDER = 5
FIRST, YEAR = "/overview", "channels, a year"
HEALTH_PARTS = ("landings", "match", "sources", "refused", "webhooks", "work")
# What people look at while events arrive.
LOOKED_AT = ("/overview", "/channels", "/orders", "/spend", "/data-health", "/paths")
# One answers a provider, the other names a campaign of a file of spend.
_NAMELESS = ("/identity/callback", "/spend/campaign")
_WARMING = 3
_NUMBERS_A_TURN = 1_000_000
_LOADED = re.compile(r'<(?:link rel="stylesheet" href|script src)="(/static/[^"]+)"')


@dataclass(frozen=True, slots=True)
class Someone:
    """A member who looks: his tenant's name in the tables, the token of his session, and the pages by name."""

    name: str
    token: str
    pages: Mapping[str, str]


async def load(database: Database, admin: Superuser, options: Namespace) -> tuple[UUID, UUID]:
    """Load the facts of all tenants, credited and summed; return the tenant with most orders, and a small one."""
    orders = options.small * options.tenants
    largest = options.orders - options.small * (options.tenants - 1)
    size = Size(
        options.tenants,
        orders,
        4 * options.orders,
        DAYS,
        orders_of_first=largest,
        touches_an_order=TOUCHES_AN_ORDER,
    )
    say(f"loading {options.orders:,} orders of {options.tenants:,} tenants")
    tenants = sorted(await load_facts(database, admin, size))
    large, small = tenants[0], tenants[len(tenants) // 2]
    await admin.execute("CREATE TABLE bench.page_tenants (tenant_id uuid)")
    await admin.executemany("INSERT INTO bench.page_tenants VALUES ($1)", [(large,), (small,)])
    await admin.execute(read_sql("page_spend.sql"))
    say("crediting and summing")
    await for_each(tenants, partial(credit_and_sum, database))
    say("refreshing the views")
    for view in CANONICAL_VIEWS:
        await refresh_view(database, view.name, requested_at=utc_now())
    await admin.execute("VACUUM ANALYZE")
    return large, small


def pages_without_parameters() -> list[str]:
    """Return the paths of all pages that need nothing to be named, without those that no link of a page leads to."""
    return sorted(
        route.path
        for router in routers
        for route in router.routes
        if isinstance(route, PageRoute)
        and "GET" in route.methods
        and "{" not in route.path
        and route.path not in _NAMELESS
        and not any(one.field_info.is_required() for one in route.dependant.query_params)
    )


async def let_in(
    place: Place, database: Database, admin: Superuser, name: str, tenant: UUID
) -> Someone:
    """Let a member of a tenant in, who has imported a file."""
    today = utc_now().date()
    file = place.home / f"{name}.csv"
    span = Span(today - timedelta(days=3), today)
    # No orders, so the file needs no currency of its own.
    write_visits(file, Shop(9_000, tenant, 1.0), span, 200, 70.0, 1_000)
    await import_file(database, tenant, file, VISITS, progress=lambda _done: None)
    order = await admin.fetchval(
        "SELECT order_id FROM revenue_ledger WHERE tenant_id = $1 ORDER BY occurred_at DESC LIMIT 1",
        tenant,
    )
    year = f"from={today - timedelta(days=DAYS)}&to={today - timedelta(days=1)}"
    pages = {path.removeprefix("/"): path for path in pages_without_parameters()} | {
        "one order": f"/orders/{quote(order, safe='')}",
        "one import": f"/imports/{fingerprint_file(file, VISITS)}",
        "one model": "/models/linear",
        **{f"data-health, {part}": f"/data-health?part={part}" for part in HEALTH_PARTS},
        YEAR: f"/channels?{year}",
    }
    token = await sign_in(database, admin, f"{name}@bench.example", tenant)
    return Someone(name, token, pages)


async def look(
    port: int, people: Sequence[Someone], repeat: int
) -> dict[tuple[str, str], tuple[Answer, list[float]]]:
    """Open each page of each person by turns; return the last answer and the seconds of each, by page and person."""
    wire = Wire(port)
    found: dict[tuple[str, str], tuple[Answer, list[float]]] = {}
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for turn in range(_WARMING + repeat):
        for someone in people:
            for name, path in someone.pages.items():
                began = monotonic()
                answer = await wire.ask(ask_for(path, someone.token))
                if turn >= _WARMING:
                    times[name, someone.name].append(monotonic() - began)
                found[name, someone.name] = (answer, times[name, someone.name])
    wire.close()
    return found


def show_pages(
    found: Mapping[tuple[str, str], tuple[Answer, list[float]]], people: Sequence[Someone]
) -> None:
    """Print the times of all pages, and whether they keep to the targets."""
    rows = []
    for name in people[0].pages:
        row = [name, str(found[name, people[0].name][0].status)]
        for someone in people:
            answer, seconds = found[name, someone.name]
            shown = (f"{1_000 * percentile(seconds, share):.1f}" for share in (50, 95))
            row += [f"{len(answer.body) / 1_000:.1f}", *shown]
        rows.append(row)
    columns = [what for someone in people for what in (f"{someone.name} kB", "p50 ms", "p95 ms")]
    show_table("Pages, compressed", ("", "status", *columns), rows)
    p95 = {pair: 1_000 * percentile(seconds, 95) for pair, (_, seconds) in found.items()}
    year = max(ms for (name, _), ms in p95.items() if name == YEAR)
    (slowest, whose), others = max(
        ((pair, ms) for pair, ms in p95.items() if pair[0] != YEAR), key=lambda one: one[1]
    )
    asked, is_met = f"≤ {MOST_MS:g}", others <= MOST_MS
    show_ratio(f"Slowest page ({slowest}, {whose}), p95 in ms", others, asked, is_met=is_met)
    asked, is_met = f"≤ {MOST_YEAR_MS:g}", year <= MOST_YEAR_MS
    show_ratio("Channels of a year with six models, p95 in ms", year, asked, is_met=is_met)
    failed = sorted({name for (name, _), (answer, _) in found.items() if answer.status >= 400})
    if failed:
        console.print(f"Not shown: {', '.join(failed)}", style="red")


async def show_first_page(port: int, someone: Someone) -> None:
    """Print the bytes that a browser loads for the first page."""
    wire = Wire(port)
    page = await wire.ask(ask_for(FIRST, someone.token))
    is_compressed = page.body.startswith(b"\x1f\x8b")
    html = (gzip.decompress(page.body) if is_compressed else page.body).decode()
    sizes = {FIRST: len(page.body)}
    for path in _LOADED.findall(html):
        headers = ("Accept-Encoding: gzip",)
        loaded = await wire.ask(make_request("GET", path, "", headers=headers, host=HOST))
        sizes[path.partition("-")[2]] = len(loaded.body)
    wire.close()
    show_table("The first page", ("", "bytes"), [[name, f"{n:,}"] for name, n in sizes.items()])
    kb = sum(sizes.values()) / 1_000
    show_ratio("The first page, kB", kb, f"≤ {MOST_KB:g}", is_met=kb <= MOST_KB)


async def measure_pages(
    place: Place, database: Database, admin: Superuser, tenants: tuple[UUID, UUID], repeat: int
) -> None:
    """Measure all pages of a member of the large tenant, and of one of the small."""
    people = [
        await let_in(place, database, admin, name, tenant)
        for name, tenant in zip(("large", "small"), tenants, strict=True)
    ]
    await checkpoint(admin)
    with api(place) as (port, _):
        say("looking at all pages")
        show_pages(await look(port, people, repeat), people)
        await show_first_page(port, people[0])


@dataclass(frozen=True, slots=True)
class Turn:
    """The events and the visits of one turn."""

    sent: Sent
    visits: Visits | None

    @property
    def p95(self) -> float:
        """Seconds of a request with events, from when it was due."""
        return percentile(self.sent.latencies, 95)


async def measure_people(
    place: Place, database: Database, admin: Superuser, tenant: UUID, options: Namespace
) -> None:
    """Let events arrive, without and with people who look, by turns; print the growth."""
    secret = await make_secret(database, tenant)
    tokens = [
        await sign_in(database, admin, f"person-{number}@bench.example", tenant, Role.VIEWER)
        for number in range(options.people)
    ]
    spawning = multiprocessing.get_context("spawn")
    alone: list[Turn] = []
    watched: list[Turn] = []
    with (
        ProcessPoolExecutor(2, spawning) as others,
        running_service(place, options.log or place.home / "service.log") as running,
    ):
        await settle(place)
        for number in range(1 + 2 * options.repeats):
            say(f"turn {number} of {2 * options.repeats}")
            # The first turn, with people, is not counted: it compiles templates and fills caches.
            seen = tokens if number % 2 == 0 else []
            first = number * _NUMBERS_A_TURN
            turn = await take_turn(running, others, secret, seen, options, first)
            if number > 0:
                (watched if seen else alone).append(turn)
    show_people(alone, watched)


async def take_turn(
    running: Running,
    others: ProcessPoolExecutor,
    secret: str,
    tokens: Sequence[str],
    options: Namespace,
    first: int,
) -> Turn:
    """Let events arrive for some seconds, while the people of these sessions look."""
    loop, seconds = asyncio.get_running_loop(), options.seconds
    sending = loop.run_in_executor(
        others, send_traffic, running.port, secret, seconds, options.events, first
    )
    visits = None
    if tokens:
        visits = await loop.run_in_executor(
            others, look_around, running.port, tokens, LOOKED_AT, seconds, options.every
        )
    return Turn(await sending, visits)


def show_people(alone: Sequence[Turn], watched: Sequence[Turn]) -> None:
    """Print the answers to events of both kinds of turns, and the growth."""
    rows = [
        [
            name,
            f"{statistics.fmean(turn.sent.rate for turn in turns):,.0f}",
            f"{max(turn.sent.unanswered for turn in turns):.2%}",
            *(
                f"{1_000 * statistics.median(percentile(t.sent.latencies, share) for t in turns):.1f}"
                for share in (50, 95)
            ),
        ]
        for name, turns in (("nobody looks", alone), ("people look", watched))
    ]
    show_table("Requests with events", ("", "events/s", "refused", "p50 ms", "p95 ms"), rows)
    latencies = [s for turn in watched if turn.visits for s in turn.visits.latencies]
    statuses: dict[int, int] = defaultdict(int)
    for turn in watched:
        for status, count in (turn.visits.statuses if turn.visits else {}).items():
            statuses[status] += count
    shown = ", ".join(f"p{n} {1_000 * percentile(latencies, n):.0f} ms" for n in (50, 95))
    console.print(f"Pages: {shown}; answers by status: {dict(statuses)}", highlight=False)
    growth = statistics.median(b.p95 / a.p95 for a, b in zip(alone, watched, strict=True))
    asked = f"< {MOST_GROWTH:g}"
    show_ratio("p95 with people, to without", growth, asked, is_met=growth < MOST_GROWTH)


async def measure(options: Namespace) -> None:
    """Load, then measure the pages, and ingest with people if there are any."""
    with durable_place() as place:
        async with open_superuser(place) as admin, open_program(place) as database:
            tenants = await load(database, admin, options)
            await measure_pages(place, database, admin, tenants, options.repeat)
            if options.people:
                await measure_people(place, database, admin, tenants[0], options)


def main() -> None:
    """Read the sizes and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--tenants", type=int, default=20)
    parser.add_argument("--orders", type=int, default=20_000, help="of all tenants")
    parser.add_argument("--small", type=int, default=20, help="orders of each but the first")
    parser.add_argument("--repeat", type=int, default=40, help="times that each page is opened")
    parser.add_argument("--people", type=int, default=0, help="who look while events arrive")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between their pages")
    parser.add_argument("--events", type=float, default=500.0, help="a second")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each turn with events")
    parser.add_argument("--repeats", type=int, default=2, help="turns of each kind")
    parser.add_argument("--log", type=Path, help="where the service's log is kept")
    options = parser.parse_args()
    if options.quick:
        options.tenants, options.orders, options.repeat = 3, 300, 3
        options.seconds, options.repeats = 4.0, 1
        options.people = options.people and 5
    if options.orders < options.small * options.tenants:
        parser.error("the first tenant must have at least as many orders as the others")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(options))


if __name__ == "__main__":
    main()
