"""`skeldir keys`: the API keys of a tenant."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Column, Table

from skeldir.cli.console import err, out
from skeldir.cli.durations import read_duration
from skeldir.cli.key_terms import OrderEventOption, OrdersOption, OriginOption, change_terms
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.clock import utc_now
from skeldir.tenants import (
    NO_TERMS,
    ApiKey,
    IssuedKey,
    find_key,
    issue_key,
    list_keys,
    revoke_key,
    rotate_key,
)

keys_app = typer.Typer(
    no_args_is_help=True, help="Create, rotate, revoke and list a tenant's API keys."
)

TENANT_HELP = (
    "The tenant's id, its name (on the embedded server, or as the migrating role), "
    "or the prefix of one of its keys."
)
KEY_HELP = "The key's id or prefix (skd_xxxxxxxx), from `skeldir keys list`."
TenantArgument = Annotated[str, typer.Argument(help=TENANT_HELP)]
KeyArgument = Annotated[str, typer.Argument(help=KEY_HELP)]


@keys_app.command("create")
def create(
    tenant: TenantArgument,
    scope: Annotated[
        list[str],
        typer.Option(
            help="ingest, read or manage, can be repeated; or collect, for a write key that stands in pages."
        ),
    ],
    name: Annotated[
        str, typer.Option(help="A name, such as that of the program that will use it.")
    ] = "unnamed",
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Expire after this number of days.")
    ] = None,
    origin: OriginOption = None,
    orders: OrdersOption = None,
    order_event: OrderEventOption = None,
) -> None:
    """Create a key and print it. It cannot be shown again: only a digest is stored."""
    terms = change_terms(NO_TERMS, origin, orders, order_event)

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        expires_at = None if days is None else utc_now() + timedelta(days=days)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            _show_once(
                await issue_key(
                    connection,
                    tenant_id,
                    name=name,
                    scopes=scope,
                    expires_at=expires_at,
                    terms=terms,
                )
            )

    run_with_runtime(work)


@keys_app.command("rotate")
def rotate(
    tenant: TenantArgument,
    key: KeyArgument,
    overlap: Annotated[
        str,
        typer.Option(
            help="How long the old key keeps working: 90s, 30m, 24h, 7d; 0 ends it at once."
        ),
    ] = "24h",
    days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=36_500,
            help="Expire the new key after this number of days. Default: when the old one would have.",
        ),
    ] = None,
) -> None:
    """Create and print a key with the same name and scopes; the old one expires after the overlap."""
    span = read_duration(overlap)

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            rotation = await rotate_key(
                connection,
                tenant_id,
                await find_key(connection, tenant_id, key),
                overlap=span,
                expires_at=None if days is None else utc_now() + timedelta(days=days),
            )
        until = f"{rotation.old_ends_at:%Y-%m-%d %H:%M:%S} UTC"
        err.print(
            f"{rotation.old_prefix} {f'works until {until}' if span else f'was revoked at {until}'}."
        )
        err.print(f"{rotation.new.prefix} takes its place{_until(rotation.new)}.")
        _show_once(rotation.new)

    run_with_runtime(work)


@keys_app.command("revoke")
def revoke(tenant: TenantArgument, key: KeyArgument) -> None:
    """Revoke a key, now and for good."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            key_id = await find_key(connection, tenant_id, key)
            revoked_at = await revoke_key(connection, tenant_id, key_id)
        out.print(f"Revoked at {revoked_at:%Y-%m-%d %H:%M:%S} UTC.")

    run_with_runtime(work)


@keys_app.command("list")
def show(tenant: TenantArgument) -> None:
    """List a tenant's keys with their prefixes, which identify them."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            keys = await list_keys(connection, tenant_id)
        table = Table(
            Column("id", no_wrap=True),
            Column("prefix", no_wrap=True),
            *("name", "scopes", "state", "last use"),
        )
        for key in keys:
            last_use = (
                "never" if key.last_used_at is None else f"{key.last_used_at:%Y-%m-%d %H:%M} UTC"
            )
            table.add_row(
                str(key.key_id), key.prefix, key.name, " ".join(key.scopes), _state(key), last_use
            )
        out.print(table)

    run_with_runtime(work)


def _state(key: ApiKey) -> str:
    """Describe whether a key is in force and until when, and its replacement."""
    state = "in force"
    if key.revoked_at is not None:
        state = f"revoked {key.revoked_at:%Y-%m-%d %H:%M} UTC"
    elif key.expires_at is not None:
        state = f"{'expired' if key.expires_at <= utc_now() else 'expires'} {key.expires_at:%Y-%m-%d %H:%M} UTC"
    return state if key.replaced_by is None else f"{state}, replaced by {key.replaced_by}"


def _until(key: IssuedKey) -> str:
    return "" if key.expires_at is None else f" and expires at {key.expires_at:%Y-%m-%d %H:%M} UTC"


def _show_once(key: IssuedKey) -> None:
    err.print(
        f"Key {key.key_id}, prefix {key.prefix}; the secret below is shown only now:",
        soft_wrap=True,
    )
    out.print(key.secret, soft_wrap=True)
