"""`skeldir scale plan`: what there is now, and what ten times as much would need."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from math import isfinite
from typing import Annotated

import orjson
import typer
from rich.table import Table

from skeldir.cli.console import out
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.clock import utc_now
from skeldir.scale.planning import (
    COSTS,
    GROWTH_DAYS,
    ROOM,
    Growth,
    Machine,
    Needs,
    Stock,
    count_tenant,
    plan_for,
    read_relations,
    summarize,
)
from skeldir.tenants import TenantUnknown, list_tenants

_GIB = 2**30
_MIB = 2**20
_MOST_RELATIONS = 12
# A large tenant's index takes longer to read than other statements may.
_STATEMENT_MS = 600_000


def plan_next(
    memory_gib: Annotated[
        float, typer.Option(min=1, help="Memory of a server that you could have.")
    ] = 64,
    cores: Annotated[int, typer.Option(min=1, help="Its processor cores.")] = 16,
    disk_gib: Annotated[float, typer.Option(min=1, help="Its disk.")] = 1_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show what there is now, and how many servers ten times as much needs, with the costs that this is based on.

    It counts every tenant's touches and orders, which reads the indexes of these tables once, and writes nothing. With
    DATABASE_URL this needs a role that may act as skeldir_owner.
    """
    if not (isfinite(memory_gib) and isfinite(disk_gib)):
        raise typer.BadParameter("memory and disk are numbers of GiB.")
    machine = Machine(memory_gib, cores, disk_gib)

    async def work(runtime: Runtime) -> None:
        stock = await _count(runtime)
        needs = plan_for(stock, machine)
        if as_json:
            typer.echo(orjson.dumps(_document(stock, needs, machine)).decode())
            return
        _print_stock(stock)
        _print_needs(needs, machine)
        _print_costs()

    run_with_runtime(work)


async def _count(runtime: Runtime) -> Stock:
    now = utc_now()
    since = now - timedelta(days=GROWTH_DAYS)
    async with runtime.operator(must_see_all=True) as operator:
        relations = await read_relations(operator)
        tenants = [tenant.tenant_id for tenant in await list_tenants(operator)]
    counted = []
    async with runtime.database(pool_size=1, statement_timeout_ms=_STATEMENT_MS) as database:
        for tenant_id in tenants:
            # A tenant may be deleted before its turn.
            with suppress(TenantUnknown):
                async with database.tenant(tenant_id) as connection:
                    counted.append(await count_tenant(connection, tenant_id, since))
    return summarize(counted, relations, now)


def _document(stock: Stock, needs: Needs, machine: Machine) -> dict[str, object]:
    return {
        "now": asdict(stock),
        "machine": asdict(machine),
        "next": asdict(needs),
        "costs": {name: asdict(cost) for name, cost in COSTS.items()},
        "assumptions": {name: asdict(room) for name, room in ROOM.items()},
    }


def _print_stock(stock: Stock) -> None:
    out.rule("Now", align="left")
    growth = stock.growth
    out.print(
        f"{stock.tenants:,} tenants, {stock.touches:,} touches, {stock.orders:,} orders, {stock.entries:,} ledger "
        f"entries; the largest tenant has {stock.largest_share:.0%} of the touches or orders.",
        soft_wrap=True,
    )
    out.print(
        f"Recorded in {_describe_days(growth)}: {growth.touches:,} touches and {growth.entries:,} ledger entries.",
        soft_wrap=True,
    )
    table = Table("", "table MiB", "indexes MiB", "together MiB")
    for relation in stock.relations[:_MOST_RELATIONS]:
        sizes = (relation.table_bytes, relation.index_bytes, relation.total_bytes)
        table.add_row(
            relation.name.removeprefix("public."), *(f"{size / _MIB:,.1f}" for size in sizes)
        )
    table.add_row("all tables and views", "", "", f"{stock.total_bytes / _MIB:,.1f}")
    for column in table.columns[1:]:
        column.justify = "right"
    out.print(table)


def _describe_days(growth: Growth) -> str:
    if growth.days >= GROWTH_DAYS:
        return f"the last {GROWTH_DAYS} days"
    return f"{growth.days:.1f} days, as old as the data are (a day at least; an import counts as arriving)"


def _print_needs(needs: Needs, machine: Machine) -> None:
    out.rule(f"{needs.factor} times as much", align="left")
    out.print(
        f"{needs.tenants:,} tenants, {needs.touches:,} touches, {needs.orders:,} orders, "
        f"{needs.events_per_s:,.1f} events/s on average"
        + (f"; in {needs.months:,.0f} months at this pace." if needs.months is not None else "."),
        soft_wrap=True,
    )
    origin = "here" if needs.is_own else "as measured; here are too few"
    out.print(
        f"A touch takes {sum(needs.touch_bytes):,.0f} bytes and an order {sum(needs.order_bytes):,.0f} ({origin}).",
        soft_wrap=True,
    )
    out.print(
        f"All servers together: {needs.memory_bytes / _GIB:,.1f} GiB of memory, {needs.disk_bytes / _GIB:,.1f} GiB of "
        f"disk, {needs.cores:,.1f} cores at most.",
        soft_wrap=True,
    )
    kind = f"{machine.memory_gib:,g} GiB of memory, {machine.cores} cores and {machine.disk_gib:,g} GiB of disk"
    if needs.nodes == 1:
        out.print(f"One server with {kind} is enough.", soft_wrap=True)
    else:
        out.print(
            f"{needs.nodes} servers with {kind}, with Citus, and a coordinator; or one server with all of that. "
            f"The {needs.bound_by} decides.",
            soft_wrap=True,
        )
    if not needs.largest_fits:
        out.print(
            "The largest tenant alone needs more than one such server, and cannot be divided: take larger ones."
        )


def _print_costs() -> None:
    out.rule("Based on", align="left")
    for cost in COSTS.values():
        out.print(f"{cost.value:>8,g} {cost.unit:<5} {cost.what} ({cost.bench})", soft_wrap=True)
    for room in ROOM.values():
        out.print(f"{room.value:>8,g} {'':<5} {room.what} (assumed)", soft_wrap=True)
