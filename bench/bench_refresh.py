"""Claim: the cost of a refresh depends on what changed, not on the length of the history.

All five views are measured with 1,000,000 touches and 100,000 orders of 100 tenants, after one day of one tenant
changes: a few touches, orders and a refund are sent through the program's own path and are credited, and then the next
steps of the program are timed: roll up the dirty days, refresh the five views. They are compared with five views with
the same content defined directly over touches and ledger (the six models with exact largest remainder in SQL, unique
indexes, the same kind of owner), also refreshed CONCURRENTLY. The run checks that the contents are equal, row by row
for all tenants. Target: at least 20 times less. Then the same change is timed again with ten times the history (as many
orders a day, rollups by the program's own roll-up). Target: at most 1.5 times the time.

With `--share` the complete service runs on 1,000 tenants with 35 days, and a day of a tenant changes every second. This
measures, for each view, the share of the time between the starts of two refreshes that the first one takes. Target: at
most a tenth.

The canonical views hold the newest days of each tenant (docs/decisions/0002). The first history has the same length,
so that the contents can be compared; `--window` gives the views another length, in this database only.
"""

from __future__ import annotations

import asyncio
import re
from argparse import Namespace
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from time import monotonic
from uuid import UUID, uuid4

import uvloop

from bench.facts import Size, credit_and_sum, load_facts, read_sql
from bench.probing import running_service
from bench.support import (
    Place,
    Stopwatch,
    Superuser,
    checkpoint,
    console,
    durable_place,
    for_each,
    make_parser,
    open_program,
    open_superuser,
    show_ratio,
    show_table,
)
from skeldir.attribution import credit_dirty_orders
from skeldir.attribution.models.halving import halved
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import receive_conversions, receive_touches
from skeldir.matviews import CANONICAL_VIEWS, refresh_view
from skeldir.rollups import roll_up_dirty_days
from skeldir.tenants import load_profile

LEAST_GAIN = 20.0
LARGEST_GROWTH = 1.5
LARGEST_SHARE = 0.1
HISTORY = 10
CHANGES_EVERY_S = 1.0
# By then each view has been refreshed twice, even if a refresh takes half a minute.
PATIENCE_S = 1_500.0


@dataclass(slots=True)
class Bench:
    """A loaded database, as the program and as a superuser."""

    database: Database
    admin: Superuser
    days: int
    tenants: list[UUID]

    @property
    def tenant_id(self) -> UUID:
        """The tenant whose day changes."""
        return self.tenants[len(self.tenants) // 2]


@dataclass(slots=True)
class Timing:
    """Seconds of all steps and of each step."""

    total: Stopwatch = field(default_factory=Stopwatch)
    parts: dict[str, Stopwatch] = field(default_factory=lambda: defaultdict(Stopwatch))


async def set_window(admin: Superuser, days: int | None) -> int:
    """Give the views another number of days, if one is given; return how many they hold."""
    definition = await admin.fetchval("SELECT pg_get_viewdef('public.open_periods')")
    if days is not None:
        definition = re.sub(r"- \d+", f"- {days - 1}", definition)
        await admin.execute(f"CREATE OR REPLACE VIEW public.open_periods AS {definition}")
    return 1 + int(re.findall(r"- (\d+)", definition)[0])


@asynccontextmanager
async def open_bench(place: Place) -> AsyncIterator[Bench]:
    """Connect to a loaded database."""
    async with open_superuser(place) as admin, open_program(place) as database:
        tenants = await admin.fetch("SELECT id FROM tenants ORDER BY id")
        days = await admin.fetchval("SELECT days FROM bench.sizes")
        yield Bench(database, admin, days, [row["id"] for row in tenants])


async def load(place: Place, options: Namespace) -> None:
    """Load facts that fill the window, credit them, roll them up and fill the views."""
    async with open_superuser(place) as admin, open_program(place) as database:
        days = await set_window(admin, options.window)
        size = Size(options.tenants, options.orders, options.touches, days)
        with console.status(f"Loading {size.touches:,} touches and {size.orders:,} orders"):
            tenants = await load_facts(database, admin, size)
            if options.spend:
                await admin.execute(read_sql("spend.sql"))
        with console.status("Crediting, rolling up and refreshing for the first time"):
            await for_each(tenants, partial(credit_and_sum, database))
            await refresh_all(database, Timing())
            await admin.execute("VACUUM ANALYZE")


async def refresh_all(database: Database, timing: Timing) -> None:
    """Do what the program does after a change: roll up the dirty days, refresh the five views."""
    with timing.total.running():
        with timing.parts["roll-up"].running():
            await roll_up_dirty_days(database)
        for view in CANONICAL_VIEWS:
            with timing.parts[view.name].running():
                result = await refresh_view(database, view.name, requested_at=utc_now())
            assert result.outcome == "success", result


async def refresh_direct(database: Database, timing: Timing) -> None:
    """Refresh the views over the facts, each in its own transaction."""
    with timing.total.running():
        for view in CANONICAL_VIEWS:
            statement = view.refresh_statement.replace("public.", "direct.")
            with timing.parts[view.name].running():
                async with database.unbound() as connection:
                    await connection.execute(statement)


async def change_one_day(bench: Bench, tenant_id: UUID) -> None:
    """Record three journeys with their orders, and a refund, all on one day of one tenant, and credit them."""
    day = utc_now().date() - timedelta(days=1 + bench.days // 2)
    mark = uuid4().hex
    touches: list[dict[str, object]] = []
    conversions: list[dict[str, object]] = []
    for n in range(3):
        order: dict[str, object] = {
            "order_id": f"{mark}-{n}",
            "journey_key": f"{mark}-{n}",
            "currency": "USD",
        }
        for channel, hour in (("email", 1), ("direct", 5), ("paid_search", 9)):
            key = {"idempotency_key": f"{mark}-{n}-{hour}", "occurred_at": at(day, hour)}
            touches.append(key | {"journey_key": order["journey_key"], "channel": channel})
        capture = {"idempotency_key": f"capture-{mark}-{n}", "kind": "capture"}
        conversions.append(
            order | capture | {"amount_cents": 4_999 + n, "occurred_at": at(day, 12)}
        )
    refund = {"idempotency_key": f"refund-{mark}", "kind": "refund", "amount_cents": 1_000}
    conversions.append(conversions[0] | refund | {"occurred_at": at(day, 20)})
    async with bench.database.tenant(tenant_id) as connection:
        profile = await load_profile(connection, tenant_id)
        await receive_touches(connection, profile, touches, origin=mark)
        await receive_conversions(connection, profile, conversions, origin=mark)
    report = await credit_dirty_orders(bench.database, tenant_id=tenant_id)
    assert report.orders == 3


def at(day: date, hour: int) -> str:
    """Return a moment of a day, in the format of an item."""
    return datetime.combine(day, time(hour), tzinfo=UTC).isoformat()


async def time_changes(bench: Bench, timing: Timing, times: int) -> None:
    """Change the day and time the following refresh, several times."""
    for _ in range(times):
        await change_one_day(bench, bench.tenant_id)
        await checkpoint(bench.admin)
        await refresh_all(bench.database, timing)


async def create_direct_views(admin: Superuser) -> None:
    """Create and fill the views over the facts, with the powers of one half that time decay needs."""
    columns = "place integer, digit bigint, power numeric, PRIMARY KEY (place, digit)"
    await admin.execute(f"CREATE TABLE bench.powers ({columns})")
    powers = [
        (place, digit, halved(digit, 1024**place) >> 56)
        for place in (1, 2, 3)
        for digit in range(1024)
    ]
    await admin.copy_records_to_table("powers", schema_name="bench", records=powers)
    await admin.execute(read_sql("direct_views.sql"))
    await admin.execute("VACUUM ANALYZE")


async def count_differences(admin: Superuser, view: str) -> tuple[int, int]:
    """Return how many rows a view has, and how many rows only it or only the direct view has."""
    rows = await admin.fetchval(f"SELECT count(*) FROM public.{view}")
    ours, theirs = f"TABLE public.{view}", f"TABLE direct.{view}"
    differences = await admin.fetchval(
        f"SELECT count(*) FROM (({ours} EXCEPT {theirs}) UNION ALL ({theirs} EXCEPT {ours})) x"
    )
    return rows, differences


async def compare(bench: Bench, repeats: int) -> None:
    """Time both kinds of views after changes, compare their contents, and print the ratio."""
    ours, direct = Timing(), Timing()
    with console.status("Creating the views over the facts"):
        await create_direct_views(bench.admin)
    with console.status("Refreshing both kinds after a change"):
        await time_changes(bench, ours, repeats)
        await refresh_direct(bench.database, direct)
        counts = {v.name: await count_differences(bench.admin, v.name) for v in CANONICAL_VIEWS}
        await time_changes(bench, ours, repeats)
    rows = [
        [
            name,
            f"{rows:,}",
            f"{differences:,}",
            f"{ours.parts[name].median:.3f}",
            f"{direct.parts[name].median:.3f}",
        ]
        for name, (rows, differences) in counts.items()
    ]
    rows.insert(0, ["roll-up", "", "", f"{ours.parts['roll-up'].median:.3f}", ""])
    rows.append(["all", "", "", f"{ours.total.median:.3f}", f"{direct.total.median:.3f}"])
    columns = ("", "rows", "that differ", "skeldir s", "over facts s")
    show_table(f"One day of one tenant changed, {bench.days} days of history", columns, rows)
    assert all(differences == 0 for _, differences in counts.values()), "the contents differ"
    gain = direct.total.median / ours.total.median
    asked, is_met = f"≥ {LEAST_GAIN:g}", gain >= LEAST_GAIN
    show_ratio("Views over the facts against skeldir's", gain, asked, is_met=is_met)
    await bench.admin.execute("DROP SCHEMA direct CASCADE")


async def lengthen(place: Place, bench: Bench) -> None:
    """Load nine times the history before the existing one, and roll it up."""
    with console.status("Loading older history"):
        await bench.admin.execute(read_sql("history.sql"))
        async with open_superuser(place) as other:
            await asyncio.gather(
                bench.admin.execute(read_sql("history_touches.sql")),
                other.execute(read_sql("history_credit.sql")),
            )
    with console.status("Rolling up older history"):

        async def roll_up(tenant_id: UUID) -> None:
            await roll_up_dirty_days(bench.database, tenant_id=tenant_id)

        await for_each(bench.tenants, roll_up)
        await refresh_all(bench.database, Timing())
        await bench.admin.execute("VACUUM ANALYZE")


async def contrast(short: Bench, long: Bench, repeats: int) -> None:
    """Time the same changes with the short and the long history, in alternation, and print the growth."""
    before, after = Timing(), Timing()
    with console.status("Refreshing after a change"):
        for _ in range(2 * repeats):
            await time_changes(short, before, 1)
            await time_changes(long, after, 1)
    rows = [
        [name, f"{watch.median:.3f}", f"{after.parts[name].median:.3f}"]
        for name, watch in before.parts.items()
    ]
    rows.append(["all", f"{before.total.median:.3f}", f"{after.total.median:.3f}"])
    columns = ("", f"{short.days:,} days s", f"{HISTORY * short.days:,} days s")
    show_table("One day of one tenant changed", columns, rows)
    growth = after.total.median / before.total.median
    asked, is_met = f"≤ {LARGEST_GROWTH:g}", growth <= LARGEST_GROWTH
    show_ratio(f"With {HISTORY} times the history", growth, asked, is_met=is_met)


async def change_and_watch(bench: Bench) -> dict[str, tuple[float, float]]:
    """Change days of one tenant after another until each view's refresh has started twice.

    Return for each view how long its refresh took, and the time until the next one started, in seconds.
    """
    began = utc_now()
    for number in range(int(PATIENCE_S / CHANGES_EVERY_S)):
        turn = monotonic()
        await change_one_day(bench, bench.tenants[number % len(bench.tenants)])
        rows = await bench.admin.fetch(
            """SELECT DISTINCT ON (view_name) view_name, finished_at - started_at AS took,
                      lead(started_at) OVER (PARTITION BY view_name ORDER BY started_at) - started_at AS again
               FROM matview_refreshes WHERE outcome = 'success' AND started_at > $1
               ORDER BY view_name, started_at""",
            began,
        )
        if sum(row["again"] is not None for row in rows) == len(CANONICAL_VIEWS):
            return {
                row["view_name"]: (row["took"].total_seconds(), row["again"].total_seconds())
                for row in rows
            }
        await asyncio.sleep(max(0.0, turn + CHANGES_EVERY_S - monotonic()))
    raise SystemExit("Not every view was refreshed twice.")


async def measure_share(options: Namespace) -> None:
    """Load, run the service under changes, and print the share of the time that its refreshes take."""
    with durable_place() as place:
        await load(place, options)
        async with open_bench(place) as bench:
            with (
                running_service(place, place.home / "service.log"),
                console.status("Changing days"),
            ):
                views = await change_and_watch(bench)
    rows = [
        [name, f"{took:.2f}", f"{again:.0f}", f"{took / again:.3f}"]
        for name, (took, again) in views.items()
    ]
    columns = ("", "takes s", "next start after s", "share")
    show_table(f"Refreshes at {options.tenants:,} tenants", columns, rows)
    share = sum(took / again for took, again in views.values())
    asked, is_met = f"≤ {LARGEST_SHARE:g}", share <= LARGEST_SHARE
    show_ratio("Share of the time spent refreshing", share, asked, is_met=is_met)


async def measure(options: Namespace) -> None:
    """Load, compare with views over the facts, then compare with a copy whose history is longer."""
    with durable_place() as place:
        await load(place, options)
        async with open_bench(place) as short:
            await compare(short, options.repeat)
        longer = place.copy_database("longer")
        async with open_bench(place) as short, open_bench(longer) as long:
            await lengthen(longer, long)
            await contrast(short, long, options.repeat)


def main() -> None:
    """Read the sizes and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--tenants", type=int, help="100, or 1,000 with --share")
    parser.add_argument("--orders", type=int, default=100_000, help="over all tenants")
    parser.add_argument("--touches", type=int, default=1_000_000, help="over all tenants")
    parser.add_argument("--window", type=int, metavar="DAYS", help="days in the views")
    parser.add_argument("--spend", action="store_true", help="also load spend on the paid channels")
    parser.add_argument("--repeat", type=int, default=3, help="changes before and after")
    parser.add_argument(
        "--share",
        action="store_true",
        help="measure the share of the time instead, in about ten minutes",
    )
    options = parser.parse_args()
    options.tenants = options.tenants or (1_000 if options.share else 100)
    if options.quick:
        options.tenants, options.orders, options.touches, options.repeat = 4, 4_000, 40_000, 1
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure_share(options) if options.share else measure(options))


if __name__ == "__main__":
    main()
