"""`skeldir hosts`: a tenant's own hosts and its payment hosts, which are no referrers."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from skeldir.cli.console import out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.restating import describe_moves
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.ingest import add_hosts, list_hosts, remove_host, suggest_hosts

hosts_app = typer.Typer(
    no_args_is_help=True,
    help="Say which hosts are the tenant's own or its payment's: no referrers.",
)


@hosts_app.command("add")
def add(
    tenant: TenantArgument,
    hosts: Annotated[list[str], typer.Argument(help="Hosts; each stands for its sub-domains too.")],
    payment: Annotated[
        bool, typer.Option("--payment", help="Where buyers are sent to pay.")
    ] = False,
) -> None:
    """Add hosts; they apply to touches that are recorded from now on. Count earlier ones that they would move."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            async with database.tenant(tenant_id) as connection:
                new = await add_hosts(connection, tenant_id, hosts, "payment" if payment else "own")
            out.print(f"Added: {', '.join(new)}." if new else "The tenant has them already.")
            out.print(await describe_moves(database, tenant_id), soft_wrap=True)

    run_with_runtime(work)


@hosts_app.command("list")
def show(tenant: TenantArgument) -> None:
    """List the tenant's hosts."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            hosts = await list_hosts(connection, tenant_id)
        table = Table("host", "kind")
        for host, kind in hosts.items():
            table.add_row(host, kind)
        out.print(table)

    run_with_runtime(work)


@hosts_app.command("remove")
def remove(
    tenant: TenantArgument, host: Annotated[str, typer.Argument(help="As `hosts list` shows it.")]
) -> None:
    """Remove a host; touches that are recorded from now on may have it as a referrer."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            async with database.tenant(tenant_id) as connection:
                was_there = await remove_host(connection, tenant_id, host)
            out.print(f"{host} has been removed." if was_there else f"{host} was not in the list.")
            out.print(await describe_moves(database, tenant_id), soft_wrap=True)

    run_with_runtime(work)


@hosts_app.command("suggest")
def suggest(tenant: TenantArgument) -> None:
    """List referrers that visitors come back from in the middle of a visit: probably own or payment hosts."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            found = await suggest_hosts(connection, tenant_id)
        table = Table("host", "touches", "within 30 minutes of another")
        for one in found.hosts:
            table.add_row(one.host, f"{one.touches:,}", f"{one.midway:,}")
        out.print(table)
        if not found.is_complete:
            out.print(
                f"Found from {found.touches_read:,} touches, those of some of the visitors: the"
                " counts are of these. A host that few visitors meet may not be listed.",
                soft_wrap=True,
            )
        out.print("`skeldir hosts add TENANT HOST`, with --payment for a payment page.")

    run_with_runtime(work)
