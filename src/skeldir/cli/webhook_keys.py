"""`skeldir webhooks new-key` and `rotate-key`: the keys with which secrets of webhooks are sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from skeldir.cli.console import err, out
from skeldir.cli.keys import TENANT_HELP
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.inbox import UNUSABLE_KEYS, Sealer, load_sealer, new_key, reseal_secrets
from skeldir.notices import reseal_destinations
from skeldir.tenants import list_tenants

if TYPE_CHECKING:
    from skeldir.db import Database

OptionalTenant = Annotated[
    str | None, typer.Argument(help=f"Default: all tenants. {TENANT_HELP}", metavar="TENANT")
]


def make_key() -> None:
    """Make a key and print it as an entry of SKELDIR_SEALING_KEYS; nothing is stored."""
    out.print(new_key(), soft_wrap=True)
    err.print(
        "Put it before the others in SKELDIR_SEALING_KEYS, separated by a comma, or as the first line of the file "
        "sealing-keys in SKELDIR_HOME; restart processes that take them from the environment; then run "
        "`skeldir webhooks rotate-key`. "
        "Keep a copy apart from the backups of the database.",
        soft_wrap=True,
    )


def rotate_key(tenant: OptionalTenant = None) -> None:
    """Seal all secrets in force again, with the first key. To run it again changes nothing.

    Without TENANT, and with DATABASE_URL, this needs a role that may act as skeldir_owner.
    """

    async def work(runtime: Runtime) -> int:
        if tenant is not None:
            tenants = [await runtime.tenant_id(tenant)]
        else:
            async with runtime.operator(must_see_all=True) as operator:
                tenants = [one.tenant_id for one in await list_tenants(operator)]
        sealer = load_sealer(runtime.settings)
        first = sealer.first_id
        async with runtime.database(pool_size=1) as database:
            changed, failed = await _reseal(database, tenants, sealer)
        out.print(f"{changed:,} secrets were sealed again, with the key {first}.")
        if failed:
            return 1
        _say_what_may_go(sealer, is_of_all=tenant is None)
        return 0

    if status := run_with_runtime(work):
        raise typer.Exit(status)


async def _reseal(database: Database, tenants: list[UUID], sealer: Sealer) -> tuple[int, int]:
    """Return how many secrets were changed, and of how many tenants some cannot be opened."""
    changed = failed = 0
    for tenant_id in tenants:
        try:
            async with database.tenant(tenant_id) as connection:
                changed += await reseal_secrets(connection, tenant_id, sealer)
                changed += await reseal_destinations(connection, tenant_id, sealer)
        except UNUSABLE_KEYS as error:
            failed += 1
            err.print(f"Tenant {tenant_id}: {error.detail} {error.cure}", soft_wrap=True)
    return changed, failed


def _say_what_may_go(sealer: Sealer, *, is_of_all: bool) -> None:
    first, *others = sealer.key_ids
    if not others:
        return
    if not is_of_all:
        err.print(
            "Other tenants may have secrets that need the other keys: run it without TENANT before you remove one.",
            soft_wrap=True,
        )
        return
    err.print(
        f"No secret in force needs another key than {first}. Remove {', '.join(others)} from {sealer.place} when every "
        f"process has {first}, and keep a copy for as long as you may restore a backup from before today.",
        soft_wrap=True,
    )
