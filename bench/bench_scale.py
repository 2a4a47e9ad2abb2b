"""Claim: what a touch, an order and a report cost does not grow with what is already there.

On a scratch server of its own, with the settings that the program ships with, `--tenants` shops of very different sizes
(Zipf's law) load `--touches` visits in `--rounds` rounds, in time order: each shop's file of the round is imported by
the program's own import, one after another, and then the service's workers credit the orders (one visit in
`--touches / --orders`). After the first and the last round the service is measured with all its processes: the channel
report of the largest, the median and the smallest shop by HTTP; the time from a request to its effect in the sums,
while single events of all shops arrive; memory; processors at rest; refreshes; and the size of a touch and of an order.
Then `--churn` days are simulated: on each, the oldest day is forgotten, a new one arrives, and orders are refunded,
while autovacuum runs as it is set. Target: rows/s of the first round at most 1.2 times those of the last.

The long form is `--touches 10_000_000 --tenants 1000 --rounds 10`: a round is a million touches. Progress goes to
stderr. `--book FILE` keeps the figures of each part as soon as they are known. The data is in TMPDIR and takes about
one kilobyte a touch.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from time import monotonic

import uvloop

from bench.probing import running_service, settle
from bench.scale.churn import Town, live_a_week, show_week
from bench.scale.daily import measure_daily, show_daily
from bench.scale.ends import End, Setting, as_summary, measure_end, most_seconds, show_end
from bench.scale.loading import (
    COLUMNS,
    Plan,
    Round,
    as_figures,
    as_row,
    load_round,
    wait_until_credited,
    write_round,
)
from bench.scale.saying import Book, say
from bench.scale.shops import Shop, Span, shares
from bench.scale.sizes import OF_DAYS, OF_ORDERS, TOUCHES, measure_tables, show_sizes
from bench.support import (
    Place,
    Superuser,
    durable_place,
    make_parser,
    make_secret,
    make_tenant,
    open_program,
    open_superuser,
    show_ratio,
    show_table,
)
from skeldir.clock import utc_now

ASKED = 1.2


@asynccontextmanager
async def prepared(
    place: Place, options: Namespace, book: Book
) -> AsyncIterator[tuple[Setting, list[Shop]]]:
    """Create the shops with a key each, and let a service do its first daily jobs, while there is nothing to do."""
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawning) as other_process:
        async with open_program(place) as database, open_superuser(place) as admin:
            for pair in options.set:
                await change_setting(admin, *pair.split("=", 1))
            say(f"creating {options.tenants:,} tenants")
            shops, secrets = [], []
            for number, share in enumerate(shares(options.tenants, options.skew)):
                tenant_id = await make_tenant(database, f"shop {number}")
                shops.append(Shop(number, tenant_id, share))
                secrets.append(await make_secret(database, tenant_id, "ingest", "read"))
            setting = Setting(
                place, database, admin, shops, secrets, other_process, options.seconds, options.rate
            )
            if options.import_only:
                yield setting, shops
                return
            say("the first daily jobs of a new service")
            with running_service(place, log_of(place, options)):
                began = monotonic()
                await settle(place)
                seconds = monotonic() - began
            say(f"{seconds:.1f} s for all tenants")
            book.note("first daily jobs", {"tenants": len(shops), "seconds": seconds})
            yield setting, shops


async def change_setting(admin: Superuser, name: str, value: str) -> None:
    """Set a setting of the scratch server, to see what it changes; one that needs a restart has no effect."""
    say(f"setting {name} to {value}")
    quoted = await admin.fetchval(
        "SELECT format('ALTER SYSTEM SET %I = %L', $1::text, $2::text)", name, value
    )
    await admin.execute(quoted)
    await admin.execute("SELECT pg_reload_conf()")


def log_of(place: Place, options: Namespace) -> Path:
    """Return the path of the service's log."""
    path: Path = options.log or place.home / "service.log"
    return path


async def load(
    setting: Setting, shops: list[Shop], plan: Plan, book: Book, log: Path, *, is_bare: bool
) -> None:
    """Load all rounds, with the figures of both ends unless `is_bare`; print each part as soon as it is known."""
    folder = setting.place.home / "files"
    folder.mkdir()
    rounds: list[Round] = []
    rows: list[list[str]] = []
    ends: list[End] = []
    for number in range(plan.rounds):
        files = write_round(folder, shops, plan, number)
        say(f"round {number + 1} of {plan.rounds}: importing {len(files):,} files")
        rounds.append(await load_round(setting.place, setting.database, setting.admin, files))
        if is_bare:
            rows.append(as_row(number, rounds[-1], None))
            book.note(f"round {number + 1}", as_figures(rounds[-1], None))
            say(f"{rounds[-1].rate:,.0f} rows/s")
            continue
        say(f"{rounds[-1].rate:,.0f} rows/s; crediting {rounds[-1].orders:,} orders")
        with running_service(setting.place, log) as running:
            credited = await wait_until_credited(setting.place, setting.admin, running)
            rows.append(as_row(number, rounds[-1], credited))
            book.note(f"round {number + 1}", as_figures(rounds[-1], credited))
            if number in (0, plan.rounds - 1):
                name = "first" if number == 0 else "last"
                ends.append(await measure_end(setting, running, len(ends), plan))
                book.note(f"{name} end", ends[-1].figures())
                show_end(f"At the {name} end, {sum(r.touches for r in rounds):,} touches", ends[-1])
        if number in (0, plan.rounds - 1):
            await note_sizes(setting, rounds, plan, book)
    show_table(f"{len(shops):,} tenants, {plan.rounds} rounds", COLUMNS, rows)
    ratio = rounds[0].rate / rounds[-1].rate
    show_ratio("rows/s, first round against last", ratio, f"≤ {ASKED}", is_met=ratio <= ASKED)
    if not is_bare:
        show_table("", ("", "first end", "last end", "times"), as_summary(*ends))


async def note_sizes(setting: Setting, rounds: list[Round], plan: Plan, book: Book) -> None:
    """Print and keep the sizes after these rounds. The statistics are renewed first, since row counts are estimates."""
    await setting.admin.execute("ANALYZE")
    tables = await measure_tables(setting.admin)
    touches = int(await setting.admin.fetchval("SELECT count(*) FROM attribution_events"))
    orders = int(await setting.admin.fetchval("SELECT count(*) FROM order_journeys"))
    tenant_days = len(setting.shops) * plan.span.days * len(rounds) // plan.rounds
    title = f"Sizes after {len(rounds)} rounds: {touches:,} touches"
    show_sizes(title, tables, touches, orders, tenant_days)
    book.note(
        f"sizes after round {len(rounds)}",
        {
            "touches": touches,
            "orders": orders,
            "bytes_a_touch": tables[TOUCHES].total / touches,
            "bytes_an_order": sum(tables[name].total for name in OF_ORDERS) / max(1, orders),
            "bytes_a_tenant_day": sum(tables[name].total for name in OF_DAYS) / tenant_days,
            "tables": {name: (t.heap, t.indexes, t.live) for name, t in tables.items()},
        },
    )


async def measure(options: Namespace) -> None:
    """Load, measure both ends, and simulate the week."""
    book = Book(options.book)
    end = utc_now().date() - timedelta(days=options.churn)
    span = Span(end - timedelta(days=options.days), end)
    plan = Plan(options.touches, options.touches // options.orders, span, options.rounds)
    with durable_place() as place:
        async with prepared(place, options, book) as (setting, shops):
            log, is_bare = log_of(place, options), options.import_only
            await load(setting, shops, plan, book, log, is_bare=is_bare)
            if is_bare:
                return
            say("the daily jobs of some tenants")
            daily = await measure_daily(setting)
            book.note("daily jobs", [asdict(one) for one in daily])
            show_daily(daily)
            if not options.churn:
                return
            say(f"{options.churn} days of churn, while the service runs")
            with running_service(place, log) as running:
                town = Town(setting, running, place.home / "files", shops, plan, options.churn)
                week = await live_a_week(town, book, options.vacuum_s)
            book.note("churn", week.figures())
            show_week(week)


def check(parser: ArgumentParser, options: Namespace) -> None:
    """Refuse sizes that cannot be measured."""
    if options.touches < 2 * options.orders or options.orders < 1:
        parser.error("there must be at least two touches to an order")
    if options.rounds < 2 or options.days < options.rounds or options.days < 30:
        parser.error("at least two rounds, at least 30 days, and a day for each round")
    if options.seconds > most_seconds():
        parser.error(f"at most {most_seconds():g} seconds: there are no more days and currencies")


def main() -> None:
    """Read the sizes and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--touches", type=int, default=300_000)
    parser.add_argument("--orders", type=int, help="a tenth of the touches, if not given")
    parser.add_argument("--tenants", type=int, default=100)
    parser.add_argument("--skew", type=float, default=1.0, help="exponent of Zipf's law")
    parser.add_argument("--days", type=int, default=90, help="that are loaded")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30.0, help="of probes at each end")
    parser.add_argument("--rate", type=float, default=50.0, help="events/s while probing")
    parser.add_argument(
        "--vacuum-s", type=float, default=180.0, help="how long autovacuum may take after the week"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a server setting to try"
    )
    parser.add_argument(
        "--import-only", action="store_true", help="only what an import costs as the indexes grow"
    )
    parser.add_argument("--churn", type=int, default=7, help="simulated days; 0: none")
    parser.add_argument("--log", type=Path, help="where the service's log is kept")
    parser.add_argument("--book", type=Path, help="a file for the figures, a line of JSON a part")
    options = parser.parse_args()
    if options.quick:
        options.touches, options.tenants, options.rounds = 10_000, 20, 2
        options.seconds, options.vacuum_s = 5.0, 5.0
    options.orders = options.orders or options.touches // 10
    check(parser, options)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(options))


if __name__ == "__main__":
    main()
