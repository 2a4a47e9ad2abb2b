"""`skeldir privacy`: finding what looks like personal data, and deleting old touches and rejected items."""

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
    help="Find what looks like personal data; delete old touches and rejected items.",
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
    """Delete the old touches and rejected items of a tenant now; a job does the same daily.

    `skeldir tenants retain` sets for how many days touches are kept; rejected items are kept as long, but at most for
    90 days. Credit, ledger and sums stay: orders that await credit get it first.
    """

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database() as database:
            gone = await forget_now(database, tenant_id)
        rule = "for ever" if gone.touch_days is None else f"for {gone.touch_days:,} days"
        out.print(
            f"Deleted {gone.touches:,} touches and {gone.dead_events:,} rejected items. "
            f"Touches are kept {rule}; `skeldir tenants retain` shows and changes for how long.",
            soft_wrap=True,
        )

    run_with_runtime(work)
