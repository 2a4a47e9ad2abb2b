"""`skeldir privacy`: where something that looks like personal data stands, and forgetting what is too old."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Column, Table

from skeldir.cli.console import err, out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.ingest import forget_now, list_findings, scan_for_personal_data

privacy_app = typer.Typer(
    no_args_is_help=True,
    help="Find what looks like e-mail addresses, phone and card numbers, and IP addresses; forget what is too old.",
)


@privacy_app.command("scan")
def scan(tenant: TenantArgument) -> None:
    """Scan a tenant's rows now; a job does the same once a day."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            report = await scan_for_personal_data(database, tenant_id)
        out.print(
            f"Scanned {report.rows:,} rows: {report.places:,} places look personal, {report.new:,} of them new; "
            f"{report.cleared:,} found before are clean or gone."
        )

    run_with_runtime(work)


@privacy_app.command("findings")
def findings(
    tenant: TenantArgument,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="How many to show.")] = 1_000,
) -> None:
    """List the places that the last scans found: where, and like what; the values are not kept here."""

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
    """Delete now the touches and refused items of a tenant that are too old; a job does the same once a day.

    Nothing goes that `skeldir tenants retain` keeps: touches younger than it says, and refused items younger than that
    or than 90 days, whichever is less. Credit, ledger and sums stay: orders that await credit get it first.
    """

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database() as database:
            gone = await forget_now(database, tenant_id)
        rule = "for ever" if gone.touch_days is None else f"for {gone.touch_days:,} days"
        out.print(
            f"Deleted {gone.touches:,} touches and {gone.refused_items:,} refused items. "
            f"Touches are kept {rule}; `skeldir tenants retain` says and changes for how long.",
            soft_wrap=True,
        )

    run_with_runtime(work)
