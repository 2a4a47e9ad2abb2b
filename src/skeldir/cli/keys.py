"""`skeldir keys`: what lets a program in."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Column, Table

from skeldir.cli.runtime import Runtime, err, out, run_with_runtime
from skeldir.clock import utc_now
from skeldir.tenants import IssuedKey, issue_key, list_keys, revoke_key, rotate_key

keys_app = typer.Typer(
    no_args_is_help=True, help="Create, rotate, revoke and list a tenant's API keys."
)

TenantArgument = Annotated[str, typer.Argument(help="The tenant's id or name.")]
KeyArgument = Annotated[UUID, typer.Argument(help="The key's id, as `skeldir keys list` shows it.")]


@keys_app.command("create")
def create(
    tenant: TenantArgument,
    scope: Annotated[list[str], typer.Option(help="ingest, read or manage; may be repeated.")],
    name: Annotated[str, typer.Option(help="Who will use it.")] = "unnamed",
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Expire after so many days.")
    ] = None,
) -> None:
    """Create a key and print it: once, since only its digest is kept."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        expires_at = None if days is None else utc_now() + timedelta(days=days)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            _show_once(
                await issue_key(
                    connection, tenant_id, name=name, scopes=scope, expires_at=expires_at
                )
            )

    run_with_runtime(work)


@keys_app.command("rotate")
def rotate(tenant: TenantArgument, key_id: KeyArgument) -> None:
    """Revoke a key and print a new one with the same name, scopes and expiry."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            _show_once(await rotate_key(connection, tenant_id, key_id))

    run_with_runtime(work)


@keys_app.command("revoke")
def revoke(tenant: TenantArgument, key_id: KeyArgument) -> None:
    """End a key now."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            revoked_at = await revoke_key(connection, tenant_id, key_id)
        out.print(f"Revoked at {revoked_at:%Y-%m-%d %H:%M:%S} UTC.")

    run_with_runtime(work)


@keys_app.command("list")
def show(tenant: TenantArgument) -> None:
    """List a tenant's keys, with the prefix that they can be recognised by."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            keys = await list_keys(connection, tenant_id)
        table = Table(Column("id", min_width=36), "prefix", "name", "scopes", "state", "last use")
        for key in keys:
            state = "in force"
            if key.revoked_at is not None:
                state = "revoked"
            elif key.expires_at is not None:
                state = f"{'expired' if key.expires_at <= utc_now() else 'expires'} {key.expires_at:%Y-%m-%d}"
            last_use = (
                "never" if key.last_used_at is None else f"{key.last_used_at:%Y-%m-%d %H:%M} UTC"
            )
            table.add_row(
                str(key.key_id), key.prefix, key.name, " ".join(key.scopes), state, last_use
            )
        out.print(table)

    run_with_runtime(work)


def _show_once(key: IssuedKey) -> None:
    err.print(f"Key {key.key_id}; the secret below is shown this once:")
    out.print(key.secret, soft_wrap=True)
