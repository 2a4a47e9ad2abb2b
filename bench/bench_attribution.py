"""Claims: crediting an order is cheap, costs the same however many there are, and changing models costs a fraction.

All six models, from dirty orders to the sums that reports read, for a tenant with 10,000 orders and one with 100,000,
each in its own database on one durable server. An order has about 8 touches within the lookback; a fifth of the
touches belong to no order. The same run also rebuilds the same credit from the facts by one SQL statement, and
compares it; and it changes the lookback of one model, and of all six, which credits the same orders from their
stored journeys. Runs of the small tenant are before, between and after those of the large one, so that a slow phase
of the machine affects both.
"""

from __future__ import annotations

import asyncio
import resource
from argparse import Namespace
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvloop

from bench.facts import Size, load_facts, read_sql
from bench.support import (
    Place,
    Stopwatch,
    Superuser,
    checkpoint,
    console,
    durable_place,
    make_parser,
    open_program,
    open_superuser,
    show_ratio,
    show_table,
)
from skeldir.attribution import (
    RULE_MODELS,
    ModelParameters,
    active_versions,
    credit_dirty_orders,
    define_models,
    mark_all_orders,
    set_models,
)
from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days

TOUCHES_PER_ORDER = 10
DAYS = 92
LARGEST_GROWTH = 1.2
MOST_US_OF_ORDER = 100
MOST_BYTES_OF_ORDER = 450
LEAST_OF_REBUILD = 3.0
LEAST_OF_RESTATEMENT = 8.0
MODELS = ", ".join(RULE_MODELS)


@dataclass(slots=True)
class Contender:
    """One tenant in its own database, and how long its runs took."""

    orders: int
    database: Database
    admin: Superuser
    watch: Stopwatch = field(default_factory=Stopwatch)
    rebuilding: Stopwatch = field(default_factory=Stopwatch)
    restating_one: Stopwatch = field(default_factory=Stopwatch)
    restating_all: Stopwatch = field(default_factory=Stopwatch)
    allocations: int = 0
    bytes: int = 0

    @property
    def seconds_per_order(self) -> float:
        return self.watch.median / self.orders


@asynccontextmanager
async def open_contender(place: Place, name: str, orders: int) -> AsyncIterator[Contender]:
    """Load a database with one tenant."""
    own = place.add_database(name)
    async with open_superuser(own) as admin, open_program(own) as database:
        with console.status(f"Loading {orders:,} orders"):
            size = Size(tenants=1, orders=orders, touches=orders * TOUCHES_PER_ORDER, days=DAYS)
            await load_facts(database, admin, size)
        yield Contender(orders, database, admin)


async def run_once(contender: Contender) -> None:
    """Credit all orders of a tenant that has no credit yet, and roll its days up."""
    tables = "order_journeys, credit_journal, rollup_channel_day, rollup_allocation_day, rollup_revenue_day"
    await contender.admin.execute(f"TRUNCATE {tables}, restatements, dirty_orders, dirty_days")
    tenant_id = await contender.admin.fetchval("SELECT id FROM tenants")
    async with contender.database.tenant(tenant_id) as connection:
        await define_models(connection, tenant_id)
        await mark_all_orders(connection, tenant_id)
    await contender.admin.execute("VACUUM ANALYZE dirty_orders")
    await checkpoint(contender.admin)
    with console.status(f"Crediting {contender.orders:,} orders"), contender.watch.running():
        report = await credit_dirty_orders(contender.database)
        await roll_up_dirty_days(contender.database)
    assert (report.orders, report.is_complete) == (contender.orders, True)
    contender.allocations = report.allocations
    contender.bytes = await contender.admin.fetchval(
        "SELECT pg_total_relation_size('order_journeys') + pg_total_relation_size('credit_journal')"
    )


async def restate(contender: Contender, watch: Stopwatch, models: Sequence[str]) -> None:
    """Give models a shorter lookback, and credit all orders with them."""
    tenant_id = await contender.admin.fetchval("SELECT id FROM tenants")
    await checkpoint(contender.admin)
    with console.status("Changing the models"), watch.running():
        async with contender.database.tenant(tenant_id) as connection:
            active = {
                v.model: v.lookback.days for v in await active_versions(connection, tenant_id)
            }
            wanted = {model: ModelParameters(lookback_days=active[model] - 1) for model in models}
            await set_models(connection, tenant_id, wanted, changed_by="bench")
        report = await credit_dirty_orders(contender.database)
        await roll_up_dirty_days(contender.database)
    assert (report.orders, report.is_complete) == (contender.orders, True)


async def rebuild(contender: Contender) -> None:
    """Compute the sums by one statement, and compare them."""
    await contender.admin.execute("DROP TABLE IF EXISTS bench.rebuilt")
    await checkpoint(contender.admin)
    with console.status("Rebuilding by SQL"), contender.rebuilding.running():
        await contender.admin.execute(read_sql("rebuild_credit.sql"))
    rows = await contender.admin.fetch(
        f"""SELECT p.model, p.currency, p.channel_code, p.cents::bigint AS rebuilt, r.cents::bigint AS credited
            FROM (SELECT m.model, b.currency, b.channel_code, sum(m.cents) AS cents
                  FROM bench.rebuilt b,
                       LATERAL unnest(string_to_array('{MODELS}', ', '), ARRAY[{MODELS}]) AS m (model, cents)
                  GROUP BY 1, 2, 3) p
            LEFT JOIN (SELECT split_part(d.model_version, '@', 1) AS model, d.currency, d.channel_code,
                              sum(d.credited_cents) AS cents
                       FROM rollup_channel_day d GROUP BY 1, 2, 3) r USING (model, currency, channel_code)"""
    )
    assert rows
    for row in rows:
        assert abs(row["rebuilt"] - (row["credited"] or 0)) <= contender.orders, row


async def measure(options: Namespace) -> None:
    """Run the small and the large tenant in alternation, and print the results."""
    with durable_place() as place:
        async with (
            open_contender(place, "small", options.small) as small,
            open_contender(place, "large", options.large) as large,
        ):
            for _ in range(options.repeat):
                for contender in (small, small, large):
                    await run_once(contender)
                await rebuild(large)
                for model in RULE_MODELS:
                    await restate(large, large.restating_one, [model])
                await restate(large, large.restating_all, RULE_MODELS)
            for _ in range(2):
                await run_once(small)
            show_table(
                "Credit by six models, dirty to visible in the sums",
                ("orders", "runs", "median s", "range s", "orders/s", "allocations/s", "µs/order"),
                [describe(small), describe(large)],
            )
            show_verdicts(small, large)


def show_verdicts(small: Contender, large: Contender) -> None:
    """Print each claim and its measurement."""
    micros = large.seconds_per_order * 1e6
    growth = large.seconds_per_order / small.seconds_per_order
    rebuilt = large.rebuilding.median / large.watch.median
    restated = large.watch.median / large.restating_one.median
    stored = large.bytes / large.orders
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    show_ratio(
        f"Cost of an order, {large.orders:,} against {small.orders:,}",
        growth,
        f"≤ {LARGEST_GROWTH}",
        is_met=growth <= LARGEST_GROWTH,
    )
    show_ratio(
        "One SQL statement from the facts, compared with that",
        rebuilt,
        f"≥ {LEAST_OF_REBUILD}",
        is_met=rebuilt >= LEAST_OF_REBUILD,
    )
    show_ratio(
        "Crediting from touches, compared with crediting one changed model",
        restated,
        f"≥ {LEAST_OF_RESTATEMENT}",
        is_met=restated >= LEAST_OF_RESTATEMENT,
    )
    console.print(
        f"{micros:,.0f} µs per order (target ≤ {MOST_US_OF_ORDER}), {stored:,.0f} bytes per order with its journal and "
        f"indexes (target ≤ {MOST_BYTES_OF_ORDER}), at most {peak:,.0f} MiB in this process, "
        f"{large.restating_one.median / large.orders * 1e6:,.1f} µs per order to change one model, "
        f"{large.restating_all.median / large.orders * 1e6:,.1f} to change all six."
    )


def describe(contender: Contender) -> list[str]:
    """Return a row of figures."""
    watch = contender.watch
    return [
        f"{contender.orders:,}",
        f"{len(watch.seconds)}",
        f"{watch.median:.2f}",
        watch.spread,
        f"{contender.orders / watch.median:,.0f}",
        f"{contender.allocations / watch.median:,.0f}",
        f"{contender.seconds_per_order * 1e6:,.0f}",
    ]


def main() -> None:
    """Read the sizes and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--small", type=int, default=10_000, metavar="ORDERS")
    parser.add_argument("--large", type=int, default=100_000, metavar="ORDERS")
    parser.add_argument("--repeat", type=int, default=2, help="runs of the large tenant")
    options = parser.parse_args()
    if options.quick:
        options.small, options.large, options.repeat = 200, 2_000, 1
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(options))


if __name__ == "__main__":
    main()
