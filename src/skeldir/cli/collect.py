"""`skeldir collect`: what other libraries send: the terms of keys, claimed orders, and a trial of each protocol."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Column, Table

from skeldir.cli.console import out
from skeldir.cli.key_terms import OrderEventOption, OrdersOption, OriginOption, change_terms
from skeldir.cli.keys import KeyArgument, TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.collect import MOST_CLAIMS, ClaimedOrder, list_claims
from skeldir.money import format_minor
from skeldir.tenants import NO_TERMS, KeyTerms, change_terms_of_key, find_key, read_terms

collect_app = typer.Typer(
    no_args_is_help=True, help="What sites send in the formats of other analytics."
)


@collect_app.command("terms")
def terms(
    tenant: TenantArgument,
    key: KeyArgument,
    origin: OriginOption = None,
    orders: OrdersOption = None,
    order_event: OrderEventOption = None,
) -> None:
    """Show what a key may collect, or change it: what an option names takes the place of what was there.

    A change holds for every process as soon as it is committed.
    """

    async def work(runtime: Runtime) -> KeyTerms:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            key_id = await find_key(connection, tenant_id, key)
            known = (await read_terms(connection, tenant_id)).get(key_id, NO_TERMS)
            changed = change_terms(known, origin, orders, order_event)
            if changed != known:
                await change_terms_of_key(connection, tenant_id, key_id, changed)
            return changed

    _show_terms(run_with_runtime(work))


def _show_terms(known: KeyTerms) -> None:
    out.print(f"origins: {', '.join(sorted(known.origins)) or 'none: servers only'}")
    out.print(f"orders of pages: {'booked' if known.books_orders else 'claimed'}")
    for event in known.order_events:
        out.print(f"order event: {event}")


@collect_app.command("claimed")
def claimed(
    tenant: TenantArgument,
    most: Annotated[
        int, typer.Option(min=1, max=MOST_CLAIMS, help="How many to list, the newest first.")
    ] = 50,
) -> None:
    """List the orders that pages claimed with write keys, beside what the ledger has of them."""

    async def work(runtime: Runtime) -> list[ClaimedOrder]:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            return await list_claims(connection, tenant_id, most=most)

    orders = run_with_runtime(work)
    table = Table(
        *("order", "by", "claimed at"),
        *(Column(name, justify="right") for name in ("total", "revenue", "in the ledger")),
        "currency",
    )
    for one in orders:
        table.add_row(
            one.order_id,
            one.protocol,
            f"{one.claimed_at:%Y-%m-%d %H:%M} UTC",
            _sum(one.total_cents, one.currency),
            _sum(one.revenue_cents, one.currency),
            _sum(one.captured_cents, one.currency) or "nothing",
            one.currency or "",
        )
    out.print(table)


def _sum(cents: int | None, currency: str | None) -> str:
    return "" if cents is None or currency is None else format_minor(cents, currency)
