"""`skeldir collect`: what other libraries send: the terms of keys, claimed orders, and a trial of each protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from skeldir.cli.console import err, out
from skeldir.cli.key_terms import OrderEventOption, OrdersOption, OriginOption, change_terms
from skeldir.cli.keys import KeyArgument, TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.clock import utc_now
from skeldir.collect import (
    MOST_CLAIMS,
    PROTOCOLS,
    Becomes,
    ClaimedOrder,
    Sample,
    list_claims,
    make_sample,
    read_protocol,
    try_request,
)
from skeldir.errors import InputInvalid
from skeldir.money import format_minor
from skeldir.tenants import (
    NO_TERMS,
    KeyTerms,
    change_terms_of_key,
    find_key,
    read_origins,
    read_terms,
)

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
        *("order", "what", "by", "claimed at"),
        *(Column(name, justify="right") for name in ("total", "revenue", "in the ledger")),
        "currency",
    )
    for one in orders:
        table.add_row(
            one.order_id,
            one.kind,
            one.protocol,
            f"{one.claimed_at:%Y-%m-%d %H:%M} UTC",
            _sum(one.total_cents, one.currency),
            _sum(one.revenue_cents, one.currency),
            _sum(one.captured_cents, one.currency) or "nothing",
            one.currency or "",
        )
    out.print(table)


@collect_app.command("check")
def check(
    address: Annotated[
        str, typer.Argument(help="The address of the service, such as https://stats.shop.example.")
    ],
    key: Annotated[str, typer.Option(help="The write key, or a key with the scope ingest.")],
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="segment, ga4, plausible, posthog, snowplow, matomo, umami or collector; can be repeated."
        ),
    ] = None,
    body: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="A body of your own instead of the sample, of one protocol.",
        ),
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option(help="The origin of the page that will send, to check that it may."),
    ] = None,
) -> None:
    """Send a sample of each protocol to the service, and say what it becomes. Nothing is recorded."""
    chosen = [read_protocol(one) for one in protocol or PROTOCOLS]
    if body is not None and len(chosen) != 1:
        raise InputInvalid(
            "A body is of one protocol.",
            cure="Name it with --protocol, for example --protocol segment.",
        )

    page = None if origin is None else next(iter(read_origins([origin])))

    async def work() -> list[tuple[str, Sample, Becomes]]:
        found: list[tuple[str, Sample, Becomes]] = []
        for one in chosen:
            sample = make_sample(one, key, utc_now())
            if body is not None:
                sample = replace(sample, body=body.read_bytes(), order_event=None)
            found.append((one, sample, await try_request(address, key, sample, page)))
        return found

    is_wrong = False
    for name, sample, becomes in asyncio.run(work()):
        out.print(f"{name}: {becomes.status}")
        for line in _lines_of(becomes, sample):
            out.print(f"  {line}", soft_wrap=True)
        is_wrong |= becomes.problem is not None
    if origin is None:
        err.print("Whether a page may send was not tried: state its --origin.")
    if is_wrong:
        raise typer.Exit(1)


def _lines_of(becomes: Becomes, sample: Sample) -> Iterator[str]:
    if becomes.problem is not None:
        yield f"{becomes.problem.get('code')}: {becomes.problem.get('detail')} {becomes.problem.get('cure')}"
    for one in becomes.messages:
        said = ", ".join(
            f"{name} {value}"
            for name, value in one.items()
            if name not in ("place", "becomes", "occurred_at") and value not in (None, [])
        )
        yield f"message {one['place']}: {str(one['becomes']).replace('_', ' ')} ({said})"
    for reason, count in becomes.dropped.items():
        yield f"{count} dropped: {reason}"
    if sample.order_event is not None and becomes.dropped:
        yield f"its order is one if the key names the event: --order-event '{sample.order_event}'"


def _sum(cents: int | None, currency: str | None) -> str:
    return "" if cents is None or currency is None else format_minor(cents, currency)
