"""Claim: the effect of a touch or an order is in the sums that reports read within a second, 95 times of 100.

The complete service runs as `skeldir up` starts it, on a durable server, while 500 events/s of one tenant arrive from
another process: nine touches to one conversion, 10 to 50 of them in a request. With `--spread`, 150 requests/s of one
event each arrive, spread over 1,000 tenants with 35 days of sums: then two seconds are allowed, and no request may be
refused. Twice a second a probe posts an order whose (day, currency) no other order of its tenant has, and measures the
time until (a) the order is in `rollup_revenue_day` and (b) its credit in `rollup_channel_day`; then it
posts an earlier touch of the same journey, and measures the time until (c) that touch's channel has credit. The
sums are read every 50 ms as `app_user` with the tenant bound. The clock starts when the request is sent, so each
figure includes the request.

`--today` first loads that many orders of today, because a roll-up sums the revenue of the entire day again.
`--history` loads that many orders of `--tenants` other tenants over `--days` days, because a refresh compares all
rows of a view and so gets slower with them. The traffic begins after the daily scans for personal data, which a new
service runs first; with `--while-scanning`, at once.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import re
from argparse import Namespace
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import UUID

import uvloop

from bench.facts import Size, credit_and_sum, load_facts
from bench.probing import (
    CURRENCIES,
    DAYS,
    PROBE_EVERY_S,
    Effects,
    Sums,
    probe_for,
    running_service,
    settle,
)
from bench.support import (
    Place,
    checkpoint,
    console,
    durable_place,
    for_each,
    make_parser,
    make_secret,
    make_tenant,
    open_program,
    open_superuser,
    percentile,
    show_ratio,
    show_table,
)
from bench.traffic import CHANNELS, Item, Sent, send_single_events, send_traffic
from skeldir.attribution import credit_dirty_orders
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import receive_conversions, receive_touches
from skeldir.matviews import CANONICAL_VIEWS, refresh_view
from skeldir.rollups import roll_up_dirty_days
from skeldir.tenants import load_profile

ASKED_S, ASKED_SPREAD_S = 1.0, 2.0


async def load(place: Place, database: Database, options: Namespace) -> list[UUID]:
    """Load the history of other tenants, credited, rolled up and refreshed; return their ids."""
    if not options.history:
        return []
    async with open_superuser(place) as admin:
        size = Size(options.tenants, options.history, 10 * options.history, options.days)
        tenants = await load_facts(database, admin, size)
        await for_each(tenants, partial(credit_and_sum, database))
        for view in CANONICAL_VIEWS:
            await refresh_view(database, view.name, requested_at=utc_now())
    return tenants


async def load_today(database: Database, tenant_id: UUID, orders: int) -> None:
    """Give the tenant orders of today with four touches each, and credit them."""
    for start in range(0, orders, 1_000):
        touches: list[Item] = []
        conversions: list[Item] = []
        for number in range(start, min(start + 1_000, orders)):
            now = utc_now()
            order: Item = {"journey_key": f"early-{number}", "occurred_at": now.isoformat()}
            key = {"idempotency_key": f"early-{number}", "order_id": f"early-{number}"}
            money = {"kind": "capture", "amount_cents": 4_000, "currency": "USD"}
            conversions.append(order | key | money)
            touches += [
                order | {"idempotency_key": f"early-{number}-{channel}", "channel": channel}
                for channel in CHANNELS[:4]
            ]
        async with database.tenant(tenant_id) as connection:
            profile = await load_profile(connection, tenant_id)
            await receive_touches(connection, profile, touches, origin=f"early-{start}")
            await receive_conversions(connection, profile, conversions, origin=f"early-{start}")
    await credit_dirty_orders(database, tenant_id=tenant_id)
    await roll_up_dirty_days(database, tenant_id=tenant_id)


@asynccontextmanager
async def prepared(place: Place, options: Namespace) -> AsyncIterator[tuple[Sums, list[str]]]:
    """Load the initial data, and create the tenant; return its key, then one key of each other tenant."""
    async with open_program(place) as database:
        with console.status("Loading"):
            others = await load(place, database, options)
            tenant_id = await make_tenant(database, "bench")
            await load_today(database, tenant_id, options.today)
            async with open_superuser(place) as admin:
                await admin.execute("VACUUM ANALYZE")
                await checkpoint(admin)
            secrets = [await make_secret(database, tenant) for tenant in (tenant_id, *others)]
        yield Sums(database, tenant_id), secrets


async def measure(options: Namespace) -> None:
    """Run the service under traffic, probe it, and print the results."""
    spawning = multiprocessing.get_context("spawn")
    with durable_place() as place, ProcessPoolExecutor(1, spawning) as other_process:
        log = options.log or place.home / "service.log"
        async with prepared(place, options) as (sums, (secret, *secrets)):
            with running_service(place, log) as running, console.status("Sending and probing"):
                if not options.while_scanning:
                    await settle(place)
                for_seconds = (options.seconds, options.rate)
                if options.spread:
                    send = partial(send_single_events, running.port, secrets, *for_seconds)
                else:
                    send = partial(send_traffic, running.port, secret, *for_seconds)
                arriving = asyncio.get_running_loop().run_in_executor(other_process, send)
                effects = await probe_for(options.seconds, running.base, secret, sums)
                sent = await arriving
        show_traffic(sent, options.rate, effects.refused)
        show_jobs(log.read_text(encoding="utf-8"))
    show_effects(effects, ASKED_SPREAD_S if options.spread else ASKED_S)


def show_traffic(sent: Sent, rate: int, refused: int) -> None:
    """Print how much traffic was accepted."""
    console.print(
        f"{sent.accepted:,} events accepted in {sent.seconds:.1f} s: {sent.rate:,.0f} a second of {rate:,} intended. "
        f"{sum(sent.statuses.values()):,} requests, {sent.unanswered:.2%} not answered 200; "
        f"{refused} of the probes' requests.",
        highlight=False,
    )


def show_jobs(log: str) -> None:
    """Print the duration of the jobs, which explains most of the latency."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for kind, outcome, taken in re.findall(
        r'"jobs\.ended","detail":"(\S+) (\w+) attempt=\d+ seconds=([\d.]+)', log
    ):
        seconds[f"{kind} {outcome}"].append(float(taken))
    rows = [[kind, f"{len(taken):,}", *_figures(taken)] for kind, taken in sorted(seconds.items())]
    show_table("Jobs", ("", "runs", "p50 s", "p95 s", "max s"), rows)


def show_effects(effects: Effects, asked_s: float) -> None:
    """Print how long each effect took to become visible."""
    named = (
        ("order, in rollup_revenue_day", effects.revenue),
        ("order, its credit in rollup_channel_day", effects.credit),
        ("touch, its credit in rollup_channel_day", effects.touch),
    )
    rows = [[name, f"{len(seconds):,}", *_figures(seconds)] for name, seconds in named]
    show_table("From the request to its effect", ("", "probes", "p50 s", "p95 s", "max s"), rows)
    slowest = max(percentile(seconds, 95) for _, seconds in named)
    show_ratio("Slowest p95, seconds", slowest, f"≤ {asked_s:g}", is_met=slowest <= asked_s)


def _figures(seconds: Sequence[float]) -> list[str]:
    return [f"{figure:.2f}" for figure in (percentile(seconds, share) for share in (50, 95, 100))]


def main() -> None:
    """Read the sizes and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long events arrive")
    parser.add_argument("--rate", type=int, help="events a second; 500, or 150 with --spread")
    parser.add_argument(
        "--spread", action="store_true", help="single events of 1,000 tenants with 35 days of sums"
    )
    parser.add_argument(
        "--today", type=int, default=0, metavar="ORDERS", help="orders loaded first"
    )
    parser.add_argument("--history", type=int, default=0, metavar="ORDERS", help="of all tenants")
    parser.add_argument(
        "--tenants", type=int, help="that have a history; 100, or 1,000 with --spread"
    )
    parser.add_argument("--days", type=int, help="of their history; 92, or 35 with --spread")
    parser.add_argument(
        "--while-scanning", action="store_true", help="begin before the daily scans have ended"
    )
    parser.add_argument("--log", type=Path, help="where the service's log is kept")
    options = parser.parse_args()
    if options.quick:
        options.seconds = 5.0
    rate, tenants, days = (150, 1_000, 35) if options.spread else (500, 100, 92)
    options.rate = options.rate or rate
    options.tenants, options.days = options.tenants or tenants, options.days or days
    if options.spread:
        options.history = options.history or 100 * options.tenants
    if options.seconds > DAYS * len(CURRENCIES) * PROBE_EVERY_S:
        parser.error("there are not enough (day, currency) pairs for the probes")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(options))


if __name__ == "__main__":
    main()
