"""`skeldir tenants delete` and `deletions`: deleting a tenant, and the receipts."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.table import Column, Table

from skeldir.cli.console import err, out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.pipeline import progress_bar
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.db import read_id
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.tenants import (
    RECEIPT_MOMENT,
    TableRows,
    TenantDeletion,
    TenantUnknown,
    count_tenant_rows,
    fold_name,
    is_like_id_or_key,
    list_deletions,
    list_tenants,
    quote_typed,
    request_deletion,
)

if TYPE_CHECKING:
    from skeldir.db import Connection, Database

_LOOK_AGAIN_S = 0.2


class DeletionUnfinished(SkeldirError):
    """The job that deletes a tenant has failed at its last attempt."""

    code = "deletion_unfinished"
    status = 503
    title = "The deletion is not finished"


def delete_tenant(
    tenant: TenantArgument,
    keep_ledger: Annotated[
        bool | None,
        typer.Option(
            "--keep-ledger/--no-keep-ledger",
            help="Keep the entries of the ledger or delete them. Required: only you can decide about the books.",
        ),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Delete the tenant; without it, only show what would be deleted."
        ),
    ] = False,
    confirm: Annotated[
        str | None,
        typer.Option(
            help="The tenant's id or name again; if left out, you are asked on a terminal."
        ),
    ] = None,
) -> None:
    """Show what a tenant has or, with --yes, lock it out at once and delete it.

    Its keys end with the first step; the rows are deleted in small steps. If interrupted, the work is continued by a
    worker, or by the same command. With DATABASE_URL this needs a role that may act as skeldir_owner.
    """

    async def work(runtime: Runtime) -> None:
        # The pool first: it refuses a role that could not do the job, before anything is requested.
        async with (
            runtime.database(pool_size=3) as database,
            runtime.operator(must_see_all=True) as operator,
        ):
            tenant_id = await _id_of(runtime, tenant)
            names = [one.name for one in await list_tenants(operator) if one.tenant_id == tenant_id]
            earlier = await list_deletions(operator, tenant_id)
            if not names and not earlier:
                raise TenantUnknown(
                    f"There is no tenant {tenant_id}, and none was deleted.",
                    cure="`skeldir tenants list` shows the tenants' ids.",
                )
            rows = await count_tenant_rows(operator, tenant_id)
            if _is_over(earlier, keep_ledger):
                _show_receipts(earlier)
            elif not yes:
                _show_preview(tenant_id, names, rows, _keeps_ledger(earlier, keep_ledger))
            else:
                _require_confirmation(tenant_id, names, keep_ledger, confirm)
                await request_deletion(operator, tenant_id, keeps_ledger=bool(keep_ledger))
                deletion = await _carry_out(database, operator, tenant_id, rows)
                _show_receipts([deletion])

    run_with_runtime(work)


async def _id_of(runtime: Runtime, tenant: str) -> UUID:
    """Return the tenant's id, also of one that is already deleted, so that its deletion is reported again."""
    try:
        return await runtime.tenant_id(tenant)
    except TenantUnknown:
        if (tenant_id := read_id(tenant)) is None:
            raise
        return tenant_id


def _is_over(earlier: list[TenantDeletion], keep_ledger: bool | None) -> bool:
    """Return whether nothing is left to do: the last deletion has ended, and the ledger is deleted or to be kept."""
    if not earlier or earlier[0].ended_at is None:
        return False
    return not earlier[0].keeps_ledger or keep_ledger is not False


def _keeps_ledger(earlier: list[TenantDeletion], keep_ledger: bool | None) -> bool | None:
    """Return whether the ledger is kept: as given now, or as in the deletion that is in progress."""
    if keep_ledger is None and earlier and earlier[0].ended_at is None:
        return earlier[0].keeps_ledger
    return keep_ledger


def _show_preview(
    tenant_id: UUID, names: list[str], rows: list[TableRows], keep_ledger: bool | None
) -> None:
    fates = {True: "kept, without journey keys", False: "deleted", None: "your choice"}
    table = Table("table", Column("rows", justify="right"), "with --yes")
    for row in rows:
        fate = fates[keep_ledger] if row.table_name == "revenue_ledger" else "deleted"
        table.add_row(row.table_name, f"{row.row_count:,}", fate)
    tenant_fate = "its name is kept, its secret is deleted" if keep_ledger else fates[keep_ledger]
    table.add_row("tenants", "1", tenant_fate)
    out.print(f"Tenant {tenant_id}{''.join(f', {name}' for name in names)}:", soft_wrap=True)
    out.print(table)
    out.print(
        "Nothing was changed. To delete it, run:"
        if keep_ledger is not None
        else "Nothing was changed. To delete it, run one of these, with or without the ledger:",
        soft_wrap=True,
    )
    for keeps in (True, False) if keep_ledger is None else (keep_ledger,):
        ledger = "--keep-ledger" if keeps else "--no-keep-ledger"
        out.print(
            f"skeldir tenants delete {tenant_id} --yes {ledger} --confirm {tenant_id}",
            soft_wrap=True,
        )


def is_terminal() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty()


def _require_confirmation(
    tenant_id: UUID, names: list[str], keep_ledger: bool | None, confirm: str | None
) -> None:
    """Raise InputInvalid unless the choice for the ledger and, a second time, the tenant's id or name were given."""
    if keep_ledger is None:
        raise InputInvalid(
            "It was not stated whether to keep the ledger.",
            cure="Add --keep-ledger where the law requires you to keep the books, else --no-keep-ledger.",
        )
    if confirm is None and is_terminal():
        confirm = typer.prompt("This cannot be undone. Type the tenant's id or name", err=True)
    cure = f"Add --confirm {tenant_id} if that is the tenant to delete."
    if confirm is None:
        raise InputInvalid(
            "The tenant's id or name was not typed a second time; nothing was changed.", cure=cure
        )
    if not _names_tenant(confirm, tenant_id, names):
        raise InputInvalid(
            f"{quote_typed(confirm)} is neither the tenant's id nor its name; nothing was changed.",
            cure=cure,
        )


def _names_tenant(typed: str, tenant_id: UUID, names: list[str]) -> bool:
    """Return whether the typed text is the tenant's id, or its name if that looks like neither an id nor a key.

    The name of an older tenant may be another tenant's id, or the beginning of another's key.
    """
    if is_like_id_or_key(typed):
        return read_id(fold_name(typed)) == tenant_id
    return fold_name(typed) in {fold_name(name) for name in names}


async def _carry_out(
    database: Database, operator: Connection, tenant_id: UUID, rows: list[TableRows]
) -> TenantDeletion:
    """Do the job as a worker would, or wait for the worker that does it; return the receipt.

    Raises:
        DeletionUnfinished: the job is dead.
    """
    from skeldir.ingest.tasks import DELETE
    from skeldir.jobs import NO_TENANT, do_jobs, is_enqueued

    total = sum(row.row_count for row in rows)
    with progress_bar() as bar:
        task = bar.add_task("Deleting rows", total=total)
        while True:
            await do_jobs(database, {DELETE.name: DELETE}, budget_s=1.0)
            # Queried first, since the job ends in the transaction that ends the deletion.
            async with database.tenant(NO_TENANT) as connection:
                is_underway = await is_enqueued(connection, NO_TENANT, DELETE.name)
            deletion = (await list_deletions(operator, tenant_id))[0]
            if deletion.ended_at is not None:
                return deletion
            if not is_underway:
                raise DeletionUnfinished(
                    f"The deletion of tenant {tenant_id} stopped before it was finished.",
                    cure="`skeldir jobs` shows why; fix the cause, then run this command again.",
                )
            bar.update(task, completed=sum(deletion.row_counts.values()))
            await asyncio.sleep(_LOOK_AGAIN_S)


def show_deletions(
    # Its name and its keys are deleted, so only its id identifies it.
    deleted: Annotated[
        UUID | None, typer.Option("--tenant", help="Only this tenant, by its id.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipts as JSON.")] = False,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="The most rows to show.")] = 100,
) -> None:
    """Show the tenants that were deleted or are being deleted, newest first.

    With DATABASE_URL this needs a role that may act as skeldir_owner.
    """

    async def work(runtime: Runtime) -> None:
        async with runtime.operator(must_see_all=True) as operator:
            deletions = await list_deletions(operator, deleted, most=most)
        if as_json:
            receipts = [{**asdict(one), "is_intact": one.is_intact} for one in deletions]
            out.print(json.dumps(receipts, default=_write, indent=2), soft_wrap=True)
        elif deletions:
            _show_receipts(deletions)
        else:
            err.print("No tenant was deleted.")

    run_with_runtime(work)


def _write(value: object) -> str:
    """Format an id, or a moment as in the lines that the digest covers."""
    return value.strftime(RECEIPT_MOMENT) if isinstance(value, datetime) else str(value)


def _show_receipts(deletions: list[TenantDeletion]) -> None:
    for one in deletions:
        ledger = "kept" if one.keeps_ledger else "deleted"
        state = (
            "under way" if one.ended_at is None else f"ended {one.ended_at:%Y-%m-%d %H:%M:%S} UTC"
        )
        out.print(
            f"Tenant {one.tenant_id}: {state}; requested by {one.requested_by}"
            f" {one.requested_at:%Y-%m-%d %H:%M:%S} UTC; ledger {ledger}.",
            soft_wrap=True,
        )
        for table, rows in sorted(one.row_counts.items()):
            what = "journey keys removed from the ledger" if table == "journey_keys" else table
            out.print(f"  {rows:>12,}  {what}")
        if one.ledger_rows_kept:
            out.print(f"  {one.ledger_rows_kept:>12,}  revenue_ledger, kept")
        if one.digest is not None:
            broken = (
                "" if one.is_intact else " (it does not match the receipt: one of them was changed)"
            )
            out.print(f"  sha256 {one.digest}{broken}", soft_wrap=True)
