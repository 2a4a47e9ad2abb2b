"""Loading in rounds: in each, every shop's next visits are imported, and then credited by the service's workers."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, process_time

from bench.memory import processor_seconds
from bench.probing import Running
from bench.scale.saying import say
from bench.scale.shops import VISITS, Shop, Span, write_visits
from bench.scale.sizes import TOUCHES, measure_indexes, measure_written
from bench.support import Place, Superuser, checkpoint
from skeldir.db.pool import Database
from skeldir.ingest.files import FileMapping, import_file

_LONGEST_CREDIT_S = 3_600.0
_WAITING = """
    SELECT (SELECT count(*) FROM dirty_orders), (SELECT count(*) FROM dirty_days),
           (SELECT count(*) FROM dirty_journeys)"""
_CREDITED = "SELECT count(*) FROM order_journeys"


@dataclass(frozen=True, slots=True)
class Round:
    """The figures of a round.

    `wal` is bytes of WAL per touch; `index_reads` are blocks of each index of the touches that were read into shared
    buffers, per touch;
    `cpu_s` is the processor time of the importing process and of the server together.
    """

    touches: int
    orders: int
    seconds: float
    wal: float
    index_reads: dict[str, float]
    checkpoints: int
    touch_index_bytes: int
    cpu_s: float

    @property
    def index_read(self) -> float:
        """Index blocks read per touch."""
        return sum(self.index_reads.values())

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.touches / self.seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is loaded: touches, one order in `ratio` of them, over the days of `span`."""

    touches: int
    ratio: int
    span: Span
    rounds: int

    def a_day(self, shop: Shop) -> float:
        return shop.share * self.touches / self.span.days


def write_round(
    folder: Path, shops: list[Shop], plan: Plan, number: int
) -> list[tuple[Shop, Path]]:
    """Write the files of a round, counted from 0: of each shop that has visits in it."""
    span, until = plan.span.parts(plan.rounds)[number], plan.touches * (number + 1) // plan.rounds
    return write_files(folder, shops, plan, span, until)


def write_files(
    folder: Path, shops: list[Shop], plan: Plan, span: Span, until: int
) -> list[tuple[Shop, Path]]:
    """Write each shop's visits of some days, until all shops together have `until` touches."""
    files = []
    for shop in shops:
        path = folder / f"visits-{shop.number}-{span.start}.csv"
        if write_visits(path, shop, span, shop.due_by(until), plan.a_day(shop), plan.ratio):
            files.append((shop, path))
        else:
            path.unlink()
    return files


async def import_files(
    database: Database, files: list[tuple[Shop, Path]], mapping: FileMapping
) -> tuple[int, int]:
    """Import files one after another, as the command does; return the accepted touches and conversions."""
    touches = conversions = 0
    for shop, path in files:
        report = await import_file(
            database, shop.tenant_id, path, mapping, progress=lambda _done: None
        )
        if report.rejected_by_code:
            raise SystemExit(f"{path.name}: rows were rejected: {dict(report.rejected_by_code)}")
        touches += report.done.touches_accepted
        conversions += report.done.conversions_accepted
        path.unlink()
    return touches, conversions


def postmaster(place: Place) -> int:
    """Return the id of the server's first process."""
    return int((place.home / "postgres" / "postmaster.pid").read_text().split()[0])


async def load_round(
    place: Place, database: Database, admin: Superuser, files: list[tuple[Shop, Path]]
) -> Round:
    """Import the files of a round, and return its figures."""

    def used() -> float:
        return process_time() + sum(processor_seconds(None, postmaster(place)).values())

    await checkpoint(admin)
    indexes, written = await measure_indexes(admin, [TOUCHES]), await measure_written(admin)
    used_before, began = used(), monotonic()
    touches, orders = await import_files(database, files, VISITS)
    seconds, cpu_s = monotonic() - began, used() - used_before
    await asyncio.sleep(1)  # until the server's processes have reported their statistics
    after, written = (
        await measure_indexes(admin, [TOUCHES]),
        (await measure_written(admin)).since(written),
    )
    reads = {name: (after[name].read - index.read) / touches for name, index in indexes.items()}
    return Round(
        touches,
        orders,
        seconds,
        written.wal / touches,
        reads,
        written.checkpoints,
        sum(index.bytes for index in after.values()),
        cpu_s,
    )


@dataclass(frozen=True, slots=True)
class Credited:
    """Orders that the workers of a running service credited, how long that took until no sum was waiting, and the
    processor time of the workers and the server meanwhile."""

    orders: int
    seconds: float
    cpu_s: float


async def wait_until_credited(place: Place, admin: Superuser, running: Running) -> Credited:
    """Wait until the running service has no order, journey or day left to work off."""

    def used() -> float:
        parts = processor_seconds(running.pid, postmaster(place))
        return sum(s for name, s in parts.items() if name.startswith(("worker", "postgres")))

    began_at = used()
    before, began = int(await admin.fetchval(_CREDITED)), monotonic()
    told = began
    while any(waiting := tuple((await admin.fetchrow(_WAITING)) or ())):
        if monotonic() > began + _LONGEST_CREDIT_S:
            raise SystemExit(f"still waiting (orders, days, journeys): {waiting}")
        if monotonic() > told + 15:
            told = monotonic()
            say(f"waiting for credit: {waiting[0]:,} orders, {waiting[1]:,} days")
        await asyncio.sleep(0.2)
    seconds = monotonic() - began
    cpu_s = used() - began_at
    return Credited(int(await admin.fetchval(_CREDITED)) - before, seconds, cpu_s)


def as_row(number: int, done: Round, credited: Credited | None) -> list[str]:
    """Return a round as a row of a table."""
    return [
        str(number + 1),
        f"{done.touches:,}",
        f"{done.rate:,.0f}",
        f"{1e6 * done.cpu_s / done.touches:,.0f}",
        f"{credited.orders / credited.seconds:,.0f}" if credited else "",
        f"{1e6 * credited.cpu_s / max(1, credited.orders):,.0f}" if credited else "",
        f"{done.wal:,.0f}",
        f"{done.index_read:.3f}",
        str(done.checkpoints),
        f"{done.touch_index_bytes / 2**20:,.0f}",
    ]


COLUMNS = (
    "round", "touches", "rows/s", "CPU µs a row", "orders/s", "CPU µs an order", "WAL bytes a row",
    "index blocks read a row", "checkpoints", "touch indexes MiB",
)  # fmt: skip


def as_figures(done: Round, credited: Credited | None) -> dict[str, object]:
    """Return a round for the book."""
    more = {
        "rate": done.rate,
        "index_read": done.index_read,
        "credited": credited and asdict(credited),
    }
    return asdict(done) | more
