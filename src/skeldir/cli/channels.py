"""`skeldir channels`: the common taxonomy, and a tenant's own."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from skeldir.cli.console import out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.restating import restate
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.ingest import COMMON_CHANNELS, add_channels, list_channels, list_unknown_click_ids

channels_app = typer.Typer(
    no_args_is_help=True, help="List and add channels, and restate those of recorded touches."
)
channels_app.command("restate")(restate)


@channels_app.command("list")
def show(tenant: TenantArgument) -> None:
    """List the channels a touch of the tenant may have."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            own = await list_channels(connection, tenant_id)
        table = Table("code", "label", "whose")
        for code, label in COMMON_CHANNELS.items():
            table.add_row(code, label, "common")
        for code, label in own.items():
            table.add_row(code, label, "own")
        out.print(table)

    run_with_runtime(work)


@channels_app.command("add")
def add(
    tenant: TenantArgument,
    code: Annotated[str, typer.Argument(help="Lower-case letters, digits and underscores.")],
    label: Annotated[str, typer.Argument(help="The name that people read.")],
) -> None:
    """Add a channel of the tenant's own."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            await add_channels(connection, tenant_id, {code: label})
        out.print(f"{code} has been added.")

    run_with_runtime(work)


@channels_app.command("click-ids")
def show_click_ids(tenant: TenantArgument) -> None:
    """List the kinds of click ids on the tenant's touches that no rule knows, with counts."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            found = await list_unknown_click_ids(connection, tenant_id)
        table = Table("kind", "touches", "last")
        for one in found:
            table.add_row(one.kind, f"{one.touches:,}", one.last_at.isoformat())
        out.print(table)

    run_with_runtime(work)
