"""Claim: comparing the channel report, and reporting an earlier moment, cost little, however long the history is.

Tenants have 60 days of sums of 12 channels and 6 models, each with its changes in the journal; one has ten times as
many days. The report of the last 30 days is read as `app_user`, in the transaction of a request: alone, compared with
the 30 days before, as known a week and a month ago, and compared with what was known a week ago. Targets: with a
comparison at most 60 ms for 95 of 100 (at `--tenants 1000`), an earlier moment at most 3 times that, and with ten times
the history at most 1.2 times the time. With `--writing`, the cost of the journal's index by day is measured: the time
that credit takes to be added with it, and without it.
"""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import uvloop

from bench.facts import read_sql
from bench.support import (
    Stopwatch,
    Superuser,
    checkpoint,
    console,
    durable_place,
    make_parser,
    make_tenant,
    open_program,
    open_superuser,
    percentile,
    show_ratio,
    show_table,
)
from skeldir.attribution.known_pages import read_channel_page
from skeldir.attribution.schemas import ChannelsQuery
from skeldir.db.pool import Database
from skeldir.rollups import add_credit

MOST_MS = 60.0
LARGEST_FACTOR = 3.0
LARGEST_GROWTH = 1.2
DAYS = 60
HISTORY = 10
KEYS_OF_RUN = 2_000


async def load(database: Database, admin: Superuser, tenants: int) -> tuple[UUID, UUID]:
    """Make tenants with sums; return one with the ordinary history, and the one with the long one."""
    await admin.execute(
        "CREATE SCHEMA bench; CREATE TABLE bench.report_tenants (tenant_id uuid, days integer)"
    )
    made = [await make_tenant(database, f"tenant {number}") for number in range(tenants)]
    for number, tenant in enumerate(made):
        days = DAYS * HISTORY if number == 0 else DAYS
        await admin.execute("INSERT INTO bench.report_tenants VALUES ($1, $2)", tenant, days)
    await admin.execute("UPDATE tenants SET created_at = now() - interval '3 years'")
    await admin.execute("UPDATE model_changes SET changed_at = now() - interval '3 years'")
    await admin.execute(read_sql("report_history.sql"))
    await admin.execute("VACUUM ANALYZE")
    return made[tenants // 2], made[0]


def ways() -> dict[str, dict[str, Any]]:
    """Return the reports to measure, by name."""
    now, today = datetime.now(UTC), datetime.now(UTC).date()
    days: dict[str, Any] = {"from": today - timedelta(days=30), "to": today}
    week, month = now - timedelta(days=7), now - timedelta(days=29)
    return {
        "alone": days,
        "compared": days | {"compare": "previous"},
        "known a week ago": days | {"known_at": week},
        "known a month ago": days | {"known_at": month},
        "compared with a week ago": days | {"compare": "known_at", "compare_known_at": week},
    }


async def read(database: Database, tenant: UUID, query: ChannelsQuery) -> int:
    """Read the report in a transaction of its own; return how many rows it has."""
    async with database.tenant(tenant, is_read_only=True) as connection:
        return len((await read_channel_page(connection, tenant, query)).data)


async def compare(database: Database, short: UUID, long: UUID, repeat: int) -> None:
    """Read each report of both tenants by turns, and print the times."""
    queries = {name: ChannelsQuery.model_validate(filters) for name, filters in ways().items()}
    times: dict[tuple[str, UUID], Stopwatch] = defaultdict(Stopwatch)
    for number in range(repeat + 5):
        for name, query in queries.items():
            for tenant in (short, long):
                watch = times[name, tenant] if number >= 5 else Stopwatch()
                with watch.running():
                    assert await read(database, tenant, query) == 12
    rows = [
        [
            name,
            *(
                f"{1000 * value:.1f}"
                for tenant in (short, long)
                for value in (
                    times[name, tenant].median,
                    percentile(times[name, tenant].seconds, 95),
                )
            ),
        ]
        for name in queries
    ]
    columns = ("", "median ms", "p95 ms", f"{HISTORY} times history", "p95 ms")
    show_table("The channel report of 30 days", columns, rows)
    compared = times["compared", short]
    p95_ms = 1000 * percentile(compared.seconds, 95)
    show_ratio("With comparison, p95 in ms", p95_ms, f"≤ {MOST_MS:g}", is_met=p95_ms <= MOST_MS)
    factor = max(times[name, short].median for name in queries if "known" in name) / compared.median
    asked, is_met = f"≤ {LARGEST_FACTOR:g}", factor <= LARGEST_FACTOR
    show_ratio("An earlier moment, to a comparison", factor, asked, is_met=is_met)
    growth = max(times[name, long].median / times[name, short].median for name in queries)
    asked, is_met = f"≤ {LARGEST_GROWTH:g}", growth <= LARGEST_GROWTH
    show_ratio(f"{HISTORY} times the history, to once", growth, asked, is_met=is_met)


async def measure_writing(database: Database, admin: Superuser, tenant: UUID, repeat: int) -> None:
    """Add credit of a credit run's size by turns, with the journal's index by day and without it."""
    definition = await admin.fetchval("SELECT pg_get_indexdef('credit_journal_days'::regclass)")
    days = [datetime.now(UTC).date() - timedelta(days=number) for number in range(DAYS)]
    times: dict[bool, Stopwatch] = defaultdict(Stopwatch)
    for number in range(2 * repeat):
        has_index = number % 2 == 0
        await admin.execute(
            definition.replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS")
            if has_index
            else "DROP INDEX credit_journal_days"
        )
        await checkpoint(admin)
        with times[has_index].running():
            for turn in range(10):
                await add_some(database, tenant, days, 1_000_000 + 10 * number + turn)
    ratio = times[True].median / times[False].median
    show_ratio("Adding credit with the index, to without it", ratio, "≤ 1.2", is_met=ratio <= 1.2)


async def add_some(database: Database, tenant: UUID, days: list[date], turn: int) -> None:
    """Add credit to as many sums as a run of a thousand orders may change."""
    keys = [
        (day, f"{model}@1", f"channel_{channel}", "USD")
        for day in days
        for model in ("linear", "last_touch", "time_decay")
        for channel in range(1, 13)
    ]
    async with database.tenant(tenant) as connection:
        some = dict.fromkeys(keys[:KEYS_OF_RUN], (10**12, 100, 1))
        await add_credit(connection, tenant, turn, some)


async def measure(options: Namespace) -> None:
    """Load, and measure reading, or writing."""
    with durable_place() as place:
        async with open_superuser(place) as admin, open_program(place) as database:
            with console.status(f"Loading the sums of {options.tenants:,} tenants"):
                short, long = await load(database, admin, options.tenants)
            await checkpoint(admin)
            if options.writing:
                await measure_writing(database, admin, short, options.repeat // 10 or 1)
            else:
                await compare(database, short, long, options.repeat)


def main() -> None:
    """Read the sizes and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--tenants", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=40, help="readings of each report")
    parser.add_argument("--writing", action="store_true", help="measure what the index costs")
    options = parser.parse_args()
    if options.quick:
        options.tenants, options.repeat = 2, 5
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(options))


if __name__ == "__main__":
    main()
