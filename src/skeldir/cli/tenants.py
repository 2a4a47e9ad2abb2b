"""`skeldir tenants`: who is hosted here."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Column, Table

from skeldir.attribution import define_models
from skeldir.cli.runtime import Runtime, out, run_with_runtime
from skeldir.db.ids import new_id
from skeldir.errors import InputInvalid
from skeldir.tenants import create_tenant, list_tenants

tenants_app = typer.Typer(no_args_is_help=True, help="Create and list tenants.")


@tenants_app.command("create")
def create(name: Annotated[str, typer.Argument(help="What people call it.")]) -> None:
    """Create a tenant, with the six models at 30 days of lookback, and print its id."""

    async def work(runtime: Runtime) -> None:
        async with runtime.operator() as operator:
            if any(tenant.name == name.strip() for tenant in await list_tenants(operator)):
                raise InputInvalid(
                    f"There is a tenant called {name.strip()!r} already.",
                    cure="Choose another name, or use that one: `skeldir tenants list` shows its id.",
                )
        tenant_id = new_id()
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            await create_tenant(connection, tenant_id, name)
            await define_models(connection, tenant_id)
        out.print(str(tenant_id))

    run_with_runtime(work)


@tenants_app.command("list")
def show() -> None:
    """List all tenants. With DATABASE_URL this needs a role that may act as skeldir_owner."""

    async def work(runtime: Runtime) -> None:
        async with runtime.operator() as connection:
            tenants = await list_tenants(connection)
        table = Table(Column("id", min_width=36), "name", "created")
        for tenant in tenants:
            table.add_row(
                str(tenant.tenant_id), tenant.name, f"{tenant.created_at:%Y-%m-%d %H:%M} UTC"
            )
        out.print(table)

    run_with_runtime(work)
