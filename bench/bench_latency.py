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
import math
import multiprocessing
import re
import socket
import subprocess
import sys
from argparse import Namespace
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from uuid import UUID

import httpx2
import uvloop

from bench.facts import Size, load_facts
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
from bench.traffic import CHANNELS, Item, Sent, bearer, send_single_events, send_traffic
from skeldir.attribution import credit_dirty_orders, mark_all_orders
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import receive_conversions, receive_touches
from skeldir.ingest.kinds import SCAN_PERSONAL_DATA
from skeldir.matviews import CANONICAL_VIEWS, refresh_view
from skeldir.rollups import roll_up_dirty_days
from skeldir.settings import environment_on
from skeldir.tenants import load_profile

ASKED_S, ASKED_SPREAD_S = 1.0, 2.0
PROBE_EVERY_S = 0.5
LOOK_EVERY_S = 0.05
# An effect that is not visible by then counts as one that never is.
PATIENCE_S = 60.0
READY_WITHIN_S = 60.0
# Each probe's order has its own (day, currency) among these. All days are among the 35 that the views hold.
DAYS = 32
CURRENCIES = ("USD", "EUR", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CAD", "AUD")
FIRST_CHANNEL, LATER_CHANNEL = "email", "affiliates"


@dataclass(slots=True)
class Sums:
    """The rows of the sums of days, read every 50 ms for all waiting probes.

    A row is (day, currency, channel) of `rollup_channel_day`; with no channel, of `rollup_revenue_day`.
    """

    database: Database
    tenant_id: UUID
    waiting: dict[tuple[date, str, str], asyncio.Future[float]] = field(default_factory=dict)

    async def wait_for(self, day: date, currency: str, channel: str = "") -> float:
        """Return the moment at which the row was first seen; infinity if it was not seen for a minute."""
        seen = asyncio.get_running_loop().create_future()
        self.waiting[day, currency, channel] = seen
        try:
            return await asyncio.wait_for(seen, PATIENCE_S)
        except TimeoutError:
            return math.inf
        finally:
            del self.waiting[day, currency, channel]

    async def look(self) -> None:
        """Read the sums until cancelled."""
        turn = monotonic()
        while True:
            if days := sorted({day for day, _, _ in self.waiting}):
                await self._look_once(days)
            turn = max(turn + LOOK_EVERY_S, monotonic())
            await asyncio.sleep(turn - monotonic())

    async def _look_once(self, days: list[date]) -> None:
        async with self.database.tenant(self.tenant_id) as connection:
            rows = await connection.fetch(
                """SELECT revenue_date, currency, '' FROM rollup_revenue_day
                   WHERE tenant_id = $1 AND revenue_date = ANY($2::date[])
                   UNION SELECT revenue_date, currency, channel_code FROM rollup_channel_day
                   WHERE tenant_id = $1 AND revenue_date = ANY($2::date[])""",
                self.tenant_id,
                days,
            )
        now = monotonic()
        for row in rows:
            seen = self.waiting.get(tuple(row.values()))
            if seen is not None and not seen.done():
                seen.set_result(now)


@dataclass(slots=True)
class Effects:
    """Seconds from a request to its effect, in one list per effect."""

    revenue: list[float] = field(default_factory=list)
    credit: list[float] = field(default_factory=list)
    touch: list[float] = field(default_factory=list)
    refused: int = 0


async def probe(number: int, client: httpx2.AsyncClient, sums: Sums, effects: Effects) -> None:
    """Post a touch, its order, and a touch between them, and time the effects of the last two."""
    turns, place = divmod(number, DAYS)
    day, currency = utc_now().date() - timedelta(days=2 + place), CURRENCIES[turns]
    journey: Item = {"journey_key": f"probe-{number}"}
    order: Item = journey | {
        "idempotency_key": f"probe-{number}",
        "order_id": f"probe-{number}",
        "kind": "capture",
        "amount_cents": 5_000,
        "currency": currency,
        "occurred_at": at(day, 20),
    }

    def touch(channel: str, hour: int) -> Item:
        key = {"idempotency_key": f"probe-{number}-{channel}", "occurred_at": at(day, hour)}
        return journey | key | {"channel": channel}

    async def post(path: str, item: Item) -> float:
        sent = monotonic()
        answer = await client.post(path, json=[item])
        effects.refused += answer.status_code != 200
        return sent

    await post("/v1/touches", touch(FIRST_CHANNEL, 5))
    waits = (sums.wait_for(day, currency), sums.wait_for(day, currency, FIRST_CHANNEL))
    sent, *seen = await asyncio.gather(post("/v1/conversions", order), *waits)
    effects.revenue.append(seen[0] - sent)
    effects.credit.append(seen[1] - sent)
    wait = sums.wait_for(day, currency, LATER_CHANNEL)
    sent, later = await asyncio.gather(post("/v1/touches", touch(LATER_CHANNEL, 10)), wait)
    effects.touch.append(later - sent)


def at(day: date, hour: int) -> str:
    """Return a moment of a day, in the format of an item."""
    return datetime.combine(day, time(hour), tzinfo=UTC).isoformat()


async def probe_for(seconds: float, base: str, secret: str, sums: Sums) -> Effects:
    """Start a probe every half second, and return when all have ended."""
    effects = Effects()
    async with (
        httpx2.AsyncClient(base_url=base, headers=bearer(secret), timeout=30) as client,
        asyncio.TaskGroup() as all_tasks,
    ):
        looking = all_tasks.create_task(sums.look())
        async with asyncio.TaskGroup() as probes:
            began = monotonic()
            for number in range(int(seconds / PROBE_EVERY_S)):
                await asyncio.sleep(max(0.0, began + number * PROBE_EVERY_S - monotonic()))
                probes.create_task(probe(number, client, sums, effects))
        looking.cancel()
    return effects


@contextmanager
def service(place: Place, log: Path) -> Iterator[str]:
    """Run `skeldir up` on the place's database until the end of the block, logging to a file; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-c", "from skeldir.cli import main; main()", "up", "--port", str(port)]
    variables = environment_on(place.app_url) | {"SKELDIR_WORKER_METRICS_PORT": "0"}
    base = f"http://127.0.0.1:{port}"
    with (
        log.open("w") as out,
        subprocess.Popen(
            [sys.executable, *words], env=variables, stdout=out, stderr=out
        ) as process,
    ):
        try:
            _wait_until_ready(base, process)
            yield base
        finally:
            process.terminate()


def _wait_until_ready(base: str, process: subprocess.Popen[bytes]) -> None:
    end = monotonic() + READY_WITHIN_S
    while monotonic() < end and process.poll() is None:
        with suppress(httpx2.TransportError):
            if httpx2.get(f"{base}/health/ready").status_code == 200:
                return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
    raise SystemExit("The service did not become ready.")


async def load(place: Place, database: Database, options: Namespace) -> list[UUID]:
    """Load the history of other tenants, credited, rolled up and refreshed; return their ids."""

    async def credit(tenant_id: UUID) -> None:
        async with database.tenant(tenant_id) as connection:
            await mark_all_orders(connection, tenant_id)
        await credit_dirty_orders(database, tenant_id=tenant_id)
        await roll_up_dirty_days(database, tenant_id=tenant_id)

    if not options.history:
        return []
    async with open_superuser(place) as admin:
        size = Size(options.tenants, options.history, 10 * options.history, options.days)
        tenants = await load_facts(database, admin, size)
        await for_each(tenants, credit)
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


async def settle(place: Place) -> None:
    """Wait until the daily scan of every tenant, which a new service runs first, has ended."""
    async with open_superuser(place) as admin:
        is_done = False
        while not is_done:
            await asyncio.sleep(LOOK_EVERY_S * 10)
            is_done = await admin.fetchval(
                """SELECT NOT EXISTS (SELECT FROM tenants t WHERE NOT EXISTS (
                   SELECT FROM jobs j WHERE j.tenant_id = t.id AND j.state = 'done' AND j.kind = $1))""",
                SCAN_PERSONAL_DATA,
            )


async def measure(options: Namespace) -> None:
    """Run the service under traffic, probe it, and print the results."""
    spawning = multiprocessing.get_context("spawn")
    with durable_place() as place, ProcessPoolExecutor(1, spawning) as other_process:
        log = options.log or place.home / "service.log"
        async with prepared(place, options) as (sums, (secret, *secrets)):
            with service(place, log) as base, console.status("Sending and probing"):
                if not options.while_scanning:
                    await settle(place)
                send = send_single_events if options.spread else send_traffic
                whose = secrets if options.spread else secret
                port = int(base.rpartition(":")[2])
                arriving = asyncio.get_running_loop().run_in_executor(
                    other_process, send, port, whose, options.seconds, options.rate
                )
                effects = await probe_for(options.seconds, base, secret, sums)
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
