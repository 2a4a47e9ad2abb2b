"""Probing a running service: the time from a request until its effect is in the sums that reports read."""

from __future__ import annotations

import asyncio
import math
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from uuid import UUID

import httpx2

from bench.support import Place, open_superuser
from bench.traffic import Item, bearer
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest.kinds import SCAN_PERSONAL_DATA
from skeldir.settings import environment_on

PROBE_EVERY_S = 0.5
LOOK_EVERY_S = 0.05
# An effect that is not visible by then counts as one that never is.
PATIENCE_S = 60.0
READY_WITHIN_S = 300.0
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


async def probe_for(
    seconds: float, base: str, secret: str, sums: Sums, *, first: int = 0
) -> Effects:
    """Start a probe every half second, and return when all have ended.

    Probes are numbered from `first`: a tenant that is probed again needs other numbers.
    """
    effects = Effects()
    async with (
        httpx2.AsyncClient(base_url=base, headers=bearer(secret), timeout=30) as client,
        asyncio.TaskGroup() as all_tasks,
    ):
        looking = all_tasks.create_task(sums.look())
        async with asyncio.TaskGroup() as probes:
            began = monotonic()
            for turn in range(int(seconds / PROBE_EVERY_S)):
                await asyncio.sleep(max(0.0, began + turn * PROBE_EVERY_S - monotonic()))
                probes.create_task(probe(first + turn, client, sums, effects))
        looking.cancel()
    return effects


@dataclass(frozen=True, slots=True)
class Running:
    """A running `skeldir up`: its port, and the id of its supervisor."""

    port: int
    pid: int

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running_service(place: Place, log: Path) -> Iterator[Running]:
    """Run `skeldir up` on the place's database until the end of the block; its log is added to a file."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-c", "from skeldir.cli import main; main()", "up", "--port", str(port)]
    variables = environment_on(place.app_url) | {"SKELDIR_WORKER_METRICS_PORT": "0"}
    with (
        log.open("a") as out,
        subprocess.Popen(
            [sys.executable, *words], env=variables, stdout=out, stderr=out
        ) as process,
    ):
        try:
            running = Running(port, process.pid)
            _wait_until_ready(running.base, process)
            yield running
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
