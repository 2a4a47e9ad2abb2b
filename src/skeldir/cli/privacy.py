"""`skeldir privacy`: finding what looks personal, deleting what is old, and erasing what leads to a person."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from uuid import UUID

import orjson
import typer
from rich.table import Column, Table

from skeldir.attribution import describe_command
from skeldir.cli.console import err, out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.errors import InputInvalid
from skeldir.inbox import (
    ErasureReceipt,
    answer_request,
    erase_journey,
    erase_order,
    export_orders,
    find_journey,
    find_order,
    list_erasures,
    list_requests,
    preview_erasure,
)
from skeldir.ingest import forget_now, list_findings, scan_for_personal_data

privacy_app = typer.Typer(
    no_args_is_help=True,
    help="Find what looks like personal data; delete what is old; erase what leads to a person.",
)


@privacy_app.command("scan")
def scan(tenant: TenantArgument) -> None:
    """Scan a tenant's rows for personal data now; a job does the same daily."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            report = await scan_for_personal_data(database, tenant_id)
        out.print(
            f"Scanned {report.rows:,} rows: {report.places:,} places look personal, {report.new:,} of them new; "
            f"{report.cleared:,} found before are no longer there."
        )

    run_with_runtime(work)


@privacy_app.command("findings")
def findings(
    tenant: TenantArgument,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="The most rows to show.")] = 1_000,
) -> None:
    """List the places that the scans found, and what they look like; the values are not stored."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            found = await list_findings(connection, tenant_id, most=most)
        table = Table("relation", "column", Column("row", min_width=36), "path", "shape", "found")
        for finding in found:
            table.add_row(
                finding.relation,
                finding.column_name,
                str(finding.row_id),
                finding.path,
                finding.shape,
                f"{finding.found_at:%Y-%m-%d %H:%M} UTC",
            )
        out.print(table)
        if len(found) == most:
            err.print("There may be more: see --most.")

    run_with_runtime(work)


@privacy_app.command("forget")
def forget(tenant: TenantArgument) -> None:
    """Delete the old touches, rejected items and claimed orders of a tenant now; a job does the same daily.

    `skeldir tenants retain` sets for how many days touches are kept; rejected items are kept as long, but at most for
    90 days, and claimed orders for 90 days. Credit, ledger and sums stay: orders that await credit get it first.
    """

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database() as database:
            gone = await forget_now(database, tenant_id)
        rule = "for ever" if gone.touch_days is None else f"for {gone.touch_days:,} days"
        out.print(
            f"Deleted {gone.touches:,} touches, {gone.dead_events:,} rejected items and "
            f"{gone.claims:,} claimed orders. "
            f"Touches are kept {rule}; `skeldir tenants retain` shows and changes for how long.",
            soft_wrap=True,
        )

    run_with_runtime(work)


OrderOption = Annotated[
    str | None, typer.Option("--order", help="The order's id, as in the ledger.")
]


@privacy_app.command("erase")
def erase(
    tenant: TenantArgument,
    reason: Annotated[
        str, typer.Option(help="Why; the receipt shows it, so name no person. Needed to erase.")
    ] = "",
    order: OrderOption = None,
    journey: Annotated[
        str | None, typer.Option(help="The journey's token, as the shop sends it.")
    ] = None,
    is_preview: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be erased.")
    ] = False,
) -> None:
    """Erase what leads from an order or a journey to a person, and print the receipt.

    The journey's touches are deleted, with those of all orders of the same journey; deliveries are reduced to their
    type and money. Amounts and credit stay. This cannot be undone.
    """
    if (order is None) == (journey is None):
        raise InputInvalid(
            "Either an order or a journey can be erased.", cure="Give --order or --journey."
        )

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database() as database:
            if is_preview:
                find = find_journey if order is None else find_order
                target = await find(database, tenant_id, order or journey or "")
                counts = await preview_erasure(database, tenant_id, target)
                out.print(f"This would be erased: {_write_counts(counts)}.", soft_wrap=True)
                err.print("Nothing was changed. Orders counts all that the journeys led to.")
                return
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                requested_by = await describe_command(connection)
            if order is not None:
                receipt = await erase_order(
                    database, tenant_id, order, reason=reason, requested_by=requested_by
                )
            else:
                receipt = await erase_journey(
                    database, tenant_id, journey or "", reason=reason, requested_by=requested_by
                )
        _show_receipt(receipt)

    run_with_runtime(work)


@privacy_app.command("erasures")
def erasures(
    tenant: TenantArgument,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="The most to show.")] = 100,
) -> None:
    """Print the receipts of what was erased, the newest first."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            for receipt in await list_erasures(connection, tenant_id, most=most):
                _show_receipt(receipt)

    run_with_runtime(work)


@privacy_app.command("requests")
def requests(
    tenant: TenantArgument,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="The most to show.")] = 100,
) -> None:
    """List the privacy requests that shops passed on: what they ask, and until when they must be answered."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            found = await list_requests(connection, tenant_id, most=most)
        table = Table(
            Column("request", min_width=36), "kind", "orders", "received", "due", "answered"
        )
        for one in found:
            answered = "no" if one.answered_at is None else f"{one.answered_at:%Y-%m-%d}"
            table.add_row(
                str(one.id),
                one.kind,
                f"{one.orders:,}",
                f"{one.received_at:%Y-%m-%d}",
                f"{one.due_at:%Y-%m-%d}",
                answered,
            )
        out.print(table)

    run_with_runtime(work)


@privacy_app.command("export")
def export(
    tenant: TenantArgument,
    request: Annotated[
        UUID | None, typer.Option(help="A request, from `skeldir privacy requests`.")
    ] = None,
    order: OrderOption = None,
    file: Annotated[
        Path | None, typer.Option(help="The file to write instead of printing.")
    ] = None,
) -> None:
    """Print as JSON what is held of the orders of a request, or of one order. The request is then answered."""
    if (order is None) == (request is None):
        raise InputInvalid(
            "Either a request or an order can be exported.", cure="Give --request or --order."
        )

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            if request is not None:
                held = await answer_request(connection, tenant_id, request)
            else:
                held = await export_orders(connection, tenant_id, [order or ""])
            text = orjson.dumps(held, option=orjson.OPT_INDENT_2).decode()
            # Within the transaction: a request whose file could not be written is not answered.
            if file is not None:
                file.write_text(text + "\n", encoding="utf-8")
        if file is None:
            typer.echo(text)

    run_with_runtime(work)


def _write_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(counts.items())
    )


def _show_receipt(receipt: ErasureReceipt) -> None:
    out.print(
        f"Erasure {receipt.id} ({receipt.target_kind}) at {receipt.erased_at:%Y-%m-%d %H:%M:%S} UTC\n"
        f"  requested by {receipt.requested_by}: {receipt.reason}\n"
        f"  {_write_counts(receipt.counts)}\n"
        f"  target SHA-256 {receipt.target_digest}\n"
        f"  receipt SHA-256 {receipt.digest}",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
