"""Simulated days: on each, the oldest day of touches is forgotten, a new one arrives, and orders are refunded."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic

from bench.probing import Running
from bench.scale.ends import Setting
from bench.scale.loading import Plan, import_files, wait_until_credited, write_files
from bench.scale.saying import Book, say
from bench.scale.shops import REFUNDED_SHARE, REFUNDS, VISITS, Shop, Span, write_refunds
from bench.scale.sizes import (
    TOUCHES,
    IndexSize,
    TableSize,
    measure_indexes,
    measure_tables,
    mib,
    wait_for_vacuum,
)
from bench.support import show_table
from skeldir.attribution import retain_touches
from skeldir.ingest import forget_now

_REFUND_AFTER_DAYS = 10


# The touches that forget_touches finds to delete, with its own plan; nothing is deleted.
_FIND = """
    EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
    SELECT o.id FROM attribution_events o WHERE o.tenant_id = $1 AND o.occurred_at < $2 LIMIT 10000"""


@dataclass(frozen=True, slots=True)
class Finding:
    """How the largest tenant's oldest touches are found when none is old enough: by which index, in how many blocks."""

    index: str
    blocks: int
    ms: float


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on a simulated day, and how long each part took, in seconds."""

    forgotten: int
    forget_s: float
    touches: int
    import_s: float
    refunds: int
    credit_s: float
    dead_touches: int
    find: Finding


@dataclass(frozen=True, slots=True)
class Week:
    """The days, and sizes before and after: tables, and the indexes of the touches; `overdue` tables await vacuum."""

    days: list[Day]
    before: dict[str, TableSize]
    after: dict[str, TableSize]
    indexes_before: dict[str, IndexSize]
    indexes_after: dict[str, IndexSize]
    overdue: int

    def figures(self) -> dict[str, object]:
        """Return the figures for the book."""
        return {
            "days": [asdict(day) for day in self.days],
            "before": [asdict(table) for table in self.before.values()],
            "after": [asdict(table) for table in self.after.values()],
            "indexes_before": [asdict(index) for index in self.indexes_before.values()],
            "indexes_after": [asdict(index) for index in self.indexes_after.values()],
            "overdue": self.overdue,
        }


@dataclass(frozen=True, slots=True)
class Town:
    """All that the week needs: the running service, its shops, and where their files are."""

    setting: Setting
    running: Running
    folder: Path
    shops: list[Shop]
    plan: Plan
    days: int


async def live_a_week(town: Town, book: Book, vacuum_s: float) -> Week:
    """Simulate the week after the loaded days, while the service runs; then give autovacuum some seconds."""
    admin = town.setting.admin
    before, indexes_before = await measure_tables(admin), await measure_indexes(admin, [TOUCHES])
    days = []
    for number in range(town.days):
        day = await _live_a_day(town, number)
        days.append(day)
        book.note(f"simulated day {number + 1}", asdict(day))
        say(
            f"day {number + 1}: {day.forgotten:,} touches forgotten in {day.forget_s:.1f} s, {day.touches:,} new in "
            f"{day.import_s:.1f} s, {day.refunds:,} refunds, all credited in {day.credit_s:.1f} s; "
            f"{day.dead_touches:,} dead rows of touches; nothing older found in {day.find.blocks:,} blocks "
            f"by {day.find.index}"
        )
    say("waiting for autovacuum")
    overdue = await wait_for_vacuum(admin, vacuum_s)
    after, indexes_after = await measure_tables(admin), await measure_indexes(admin, [TOUCHES])
    return Week(days, before, after, indexes_before, indexes_after, overdue)


async def _live_a_day(town: Town, number: int) -> Day:
    plan, database, admin = town.plan, town.setting.database, town.setting.admin
    day = plan.span.end + timedelta(days=number)
    # Touches are kept for the days of the span: the horizon, which follows the real clock, moves by one day.
    kept_days = plan.span.days + town.days - number - 1
    began, forgotten = monotonic(), 0
    for shop in town.shops:
        async with database.tenant(shop.tenant_id) as connection:
            await retain_touches(connection, shop.tenant_id, kept_days)
        forgotten += (await forget_now(database, shop.tenant_id)).touches
    forget_s = monotonic() - began
    until = plan.touches + plan.touches * (number + 1) // plan.span.days
    visits = write_files(town.folder, town.shops, plan, Span(day, day + timedelta(days=1)), until)
    refunds = _write_refunds(town.folder, town.shops, plan, number)
    began = monotonic()
    touches, _ = await import_files(database, visits, VISITS)
    _, refunded = await import_files(database, refunds, REFUNDS)
    import_s = monotonic() - began
    credited = await wait_until_credited(town.setting.place, admin, town.running)
    dead = (await measure_tables(admin))[TOUCHES].dead
    oldest = plan.span.start + timedelta(days=number + 1)
    find = await _find(town, oldest)
    return Day(forgotten, forget_s, touches, import_s, refunded, credited.seconds, dead, find)


async def _find(town: Town, oldest: date) -> Finding:
    """Look for touches before the oldest day that is kept."""
    moment = datetime.combine(oldest, time(), tzinfo=UTC)
    largest = town.shops[0].tenant_id
    (explained,) = json.loads(await town.setting.admin.fetchval(_FIND, largest, moment))
    blocks = explained["Plan"]["Shared Hit Blocks"] + explained["Plan"]["Shared Read Blocks"]
    index = re.search(r"'Index Name': '(\w+)'", str(explained))
    return Finding(index[1] if index else "no index", blocks, explained["Execution Time"])


def _write_refunds(
    folder: Path, shops: list[Shop], plan: Plan, number: int
) -> list[tuple[Shop, Path]]:
    """Write the refunds of a day: a part of the orders of one day, ten days before."""
    day = plan.span.end + timedelta(days=number)
    share = (plan.span.days - _REFUND_AFTER_DAYS + number) / plan.span.days
    every = round(1 / REFUNDED_SHARE)
    files = []
    for shop in shops:
        first = shop.due_by(int(plan.touches * share))
        last = shop.due_by(int(plan.touches * (share + 1 / plan.span.days)))
        numbers = [n for n in range(first, last) if n % plan.ratio == plan.ratio - 1]
        if orders := numbers[::every]:
            path = folder / f"refunds-{shop.number}-{day}.csv"
            write_refunds(path, day, orders)
            files.append((shop, path))
    return files


def show_week(week: Week) -> None:
    """Print the week."""
    show_table(
        "Churn",
        (
            "day", "forgotten", "s", "new touches", "s", "refunds", "credited in s", "dead touches",
            "blocks to find the oldest",
        ),
        [
            [
                str(number + 1), f"{day.forgotten:,}", f"{day.forget_s:.1f}", f"{day.touches:,}",
                f"{day.import_s:.1f}", f"{day.refunds:,}", f"{day.credit_s:.1f}", f"{day.dead_touches:,}",
                f"{day.find.blocks:,}",
            ]
            for number, day in enumerate(week.days)
        ],
    )  # fmt: skip
    show_table(
        "Before and after",
        ("", "MiB before", "MiB after", "growth", "dead rows", "autovacuums"),
        [
            [
                name, mib(week.before[name].total), mib(after.total),
                f"{after.total / max(1, week.before[name].total):.2f}", f"{after.dead:,}",
                str(after.vacuums - week.before[name].vacuums),
            ]
            for name, after in week.after.items()
            if after.total > 2**20
        ]
        + [
            [
                f"  {name}", mib(week.indexes_before[name].bytes), mib(index.bytes),
                f"{index.bytes / max(1, week.indexes_before[name].bytes):.2f}", "", "",
            ]
            for name, index in week.indexes_after.items()
        ],
    )  # fmt: skip
