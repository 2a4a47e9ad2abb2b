"""`skeldir tenants`: creating, listing and deleting tenants, and how long their touches are kept."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Column, Table

from skeldir.attribution import define_models, describe_command, retain_touches
from skeldir.cli.console import out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.days import UTC_NAME, UTC_RULES, read_rules
from skeldir.db import new_id
from skeldir.errors import InputInvalid
from skeldir.rollups import put_time_zone
from skeldir.tenants import (
    Retention,
    create_tenant,
    fold_name,
    list_tenants,
    load_retention,
    read_name,
)

tenants_app = typer.Typer(
    no_args_is_help=True,
    help="Create, list and delete tenants, and set how long their touches are kept.",
)


@tenants_app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="The name of the tenant.")],
    time_zone: Annotated[
        str,
        typer.Option(
            help="The zone by whose days it reports: an IANA name, such as Europe/Berlin."
        ),
    ] = UTC_NAME,
) -> None:
    """Create a tenant with the six models at 30 days of lookback; print its id, which commands take as TENANT.

    The name is checked for uniqueness only by a role that may act as skeldir_owner. Names that
    differ only in white space are the same name. A name cannot look like an id, or begin with skd_.
    """

    async def work(runtime: Runtime) -> None:
        called, rules = read_name(name), read_rules(time_zone)
        async with runtime.operator() as operator:
            if any(fold_name(tenant.name) == called for tenant in await list_tenants(operator)):
                raise InputInvalid(
                    f"There is a tenant called {called!r} already.",
                    cure="Choose another name, or use that one: `skeldir tenants list` shows its id.",
                )
        tenant_id = new_id()
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            await create_tenant(connection, tenant_id, called)
            if rules != UTC_RULES:
                changed_by = await describe_command(connection)
                await put_time_zone(connection, tenant_id, rules, changed_by=changed_by)
            await define_models(connection, tenant_id, changed_by="tenant created")
        out.print(str(tenant_id))

    run_with_runtime(work)


@tenants_app.command("list")
def show() -> None:
    """List all tenants. With DATABASE_URL this needs a role that may act as skeldir_owner."""

    async def work(runtime: Runtime) -> None:
        async with runtime.operator(must_see_all=True) as connection:
            tenants = await list_tenants(connection)
        table = Table(Column("id", min_width=36), "name", "created")
        for tenant in tenants:
            table.add_row(
                str(tenant.tenant_id), tenant.name, f"{tenant.created_at:%Y-%m-%d %H:%M} UTC"
            )
        out.print(table)

    run_with_runtime(work)


@tenants_app.command("retain")
def retain(
    tenant: TenantArgument,
    days: Annotated[
        str | None,
        typer.Argument(help="Whole days, or `forever`. Without it, the rule is only shown."),
    ] = None,
) -> None:
    """Set for how many days the touches of a tenant are kept; a job deletes older ones daily.

    Credit and all sums stay as they are. A longer retention does not bring back deleted touches.
    """
    wanted = None if days is None else _read_days(days)

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            if wanted is not None:
                await retain_touches(connection, tenant_id, wanted.touch_days)
            out.print(_describe(await load_retention(connection, tenant_id)))

    run_with_runtime(work)


def _read_days(text: str) -> Retention:
    if text == "forever":
        return Retention()
    if text.isascii() and text.isdigit() and len(text) <= 6:
        return Retention(int(text))
    raise InputInvalid(f"{text!r} is not a number of days.", cure="Give whole days, or `forever`.")


def _describe(retention: Retention) -> str:
    rule = "for ever" if retention.touch_days is None else f"for {retention.touch_days:,} days"
    if retention.touches_forgotten_before is None:
        return f"Touches are kept {rule}; none has been deleted."
    return f"Touches are kept {rule}; those before {retention.touches_forgotten_before:%Y-%m-%d} are deleted."
