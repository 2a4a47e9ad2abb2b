"""Claim: crediting an order costs about the same however many there are.

Orders a second for all six models, dirty to committed, for a tenant with 10,000 orders and for one with 100,000, each
in a database of its own on one durable server. An order has about 8 touches within the lookback; a fifth of the
touches belong to no order. The cost of an order must not grow by more than 1.3 times. Runs of the small tenant lie
before, between and after those of the large one, so that a slower spell of the machine meets both.
"""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvloop

from bench.facts import Size, load_facts
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
from skeldir.attribution import credit_dirty_orders, mark_all_orders
from skeldir.db.pool import Database

TOUCHES_PER_ORDER = 10
DAYS = 92
LARGEST_GROWTH = 1.3


@dataclass(slots=True)
class Contender:
    """One tenant in a database of its own, and how long its runs took."""

    orders: int
    database: Database
    admin: Superuser
    watch: Stopwatch = field(default_factory=Stopwatch)
    allocations: int = 0

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
    """Credit every order of a tenant that has no credit yet."""
    tables = "attribution_allocations, dirty_orders, dirty_days"
    await contender.admin.execute(f"TRUNCATE {tables}")
    tenant_id = await contender.admin.fetchval("SELECT id FROM tenants")
    async with contender.database.tenant(tenant_id) as connection:
        await mark_all_orders(connection, tenant_id)
    await contender.admin.execute("VACUUM ANALYZE dirty_orders")
    await checkpoint(contender.admin)
    with console.status(f"Crediting {contender.orders:,} orders"), contender.watch.running():
        report = await credit_dirty_orders(contender.database)
    assert (report.orders, report.is_complete) == (contender.orders, True)
    contender.allocations = report.allocations


async def measure(options: Namespace) -> None:
    """Run the small and the large tenant in alternation, and print what came out."""
    with durable_place() as place:
        async with (
            open_contender(place, "small", options.small) as small,
            open_contender(place, "large", options.large) as large,
        ):
            for _ in range(options.repeat):
                for contender in (small, small, large):
                    await run_once(contender)
            for _ in range(2):
                await run_once(small)
            show_table(
                "Credit by six models, dirty to committed",
                ("orders", "runs", "median s", "range s", "orders/s", "allocations/s", "µs/order"),
                [describe(small), describe(large)],
            )
            growth = large.seconds_per_order / small.seconds_per_order
            show_ratio(
                f"Cost of an order, {large.orders:,} against {small.orders:,}",
                growth,
                f"≤ {LARGEST_GROWTH}",
                is_met=growth <= LARGEST_GROWTH,
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
