"""`skeldir imports`: what was imported, taking it back with a preview, and putting it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.table import Column, Table

from skeldir.attribution import describe_command
from skeldir.cli.console import err, out
from skeldir.cli.deletion import is_terminal
from skeldir.cli.keys import TENANT_HELP
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.errors import InputInvalid
from skeldir.ingest import (
    NothingToUndo,
    Target,
    Undoing,
    UndoingProgress,
    UndoPreview,
    list_imports,
    list_undoings,
    preview_undo,
    request_redo,
    request_undo,
    run_undoing,
    target_of_import,
    target_of_key,
    target_of_order,
    target_of_origin,
    whole_import,
)
from skeldir.money import format_minor

if TYPE_CHECKING:
    from skeldir.db import Connection, Database

imports_app = typer.Typer(
    no_args_is_help=True,
    help="""List imports, take one back, and put it back.

Nothing is deleted: a reversing entry is posted for each entry, and touches are withdrawn. \
Then the corrected file can be imported, with the same keys.""",
)

TenantOption = Annotated[str, typer.Option("--tenant", help=TENANT_HELP)]
FingerprintArgument = Annotated[
    str | None,
    typer.Argument(help="The fingerprint of an import, or its beginning, from `imports list`."),
]
ReplayOption = Annotated[
    int | None,
    typer.Option(
        "--replay", help="Only this replay of its refused rows, by the number from `dead replay`."
    ),
]
OrderOption = Annotated[str | None, typer.Option("--order", help="Instead: an order, by its id.")]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="Instead: the API batch, import or replay that brought the fact with this idempotency key.",
    ),
]
OriginOption = Annotated[
    str | None,
    typer.Option("--origin", help="Instead: the delivery with this origin, such as api:…"),
]


@dataclass(frozen=True, slots=True)
class _Choice:
    """What the arguments name: exactly one thing."""

    fingerprint: str | None
    replay: int | None
    order: str | None
    key: str | None
    origin: str | None

    def __post_init__(self) -> None:
        choices = (self.fingerprint, self.order, self.key, self.origin)
        if sum(choice is not None for choice in choices) != 1:
            raise typer.BadParameter("give a fingerprint, or one of --order, --key and --origin.")
        if self.replay is not None and self.fingerprint is None:
            raise typer.BadParameter("--replay needs the fingerprint of its import.")

    async def find(self, connection: Connection, tenant_id: UUID) -> Target:
        if self.order is not None:
            return target_of_order(self.order)
        if self.key is not None:
            return await target_of_key(connection, tenant_id, self.key)
        if self.origin is not None:
            return await whole_import(connection, tenant_id, target_of_origin(self.origin))
        return await target_of_import(
            connection, tenant_id, self.fingerprint or "", replay=self.replay
        )


ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
YesOption = Annotated[
    bool, typer.Option("--yes", help="Do it without asking; required without a terminal.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show the preview, and stop.")]


@imports_app.command("list")
def show_imports(
    tenant: TenantOption,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="The most rows to show.")] = 50,
) -> None:
    """List the imported files, the latest first."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            imports = await list_imports(connection, tenant_id, most=most)
            undoings = {one.id: one for one in await list_undoings(connection, tenant_id)}
        if not imports:
            err.print("Nothing was imported from a file.")
            return
        table = Table(
            Column("fingerprint", min_width=16),
            Column("file", overflow="fold"),
            Column("started"),
            Column("rows", justify="right"),
            Column("touches", justify="right"),
            Column("conversions", justify="right"),
            Column("state", overflow="fold"),
        )
        for one in imports:
            state = "imported" if one.is_complete else "not finished"
            if one.repeats_undone:
                state += "; import it again: rows that it repeats may have been taken back"
            if one.undone_by is not None:
                undoing = undoings.get(one.undone_by)
                is_done = undoing is None or undoing.phase == "done"
                state = "taken back" if is_done else "being taken back"
            table.add_row(
                one.fingerprint[:16],
                one.file_name,
                f"{one.started_at:%Y-%m-%d %H:%M} UTC",
                f"{one.rows_done:,}",
                f"{one.touches_accepted:,}",
                f"{one.conversions_accepted:,}",
                state,
            )
        out.print(table)

    run_with_runtime(work)


@imports_app.command("show")
def show_import(
    tenant: TenantOption,
    fingerprint: FingerprintArgument = None,
    replay: ReplayOption = None,
    order: OrderOption = None,
    key: KeyOption = None,
    origin: OriginOption = None,
) -> None:
    """Show who took an import back or put it back, when and why, and what taking it back would move now."""
    choice = _Choice(fingerprint, replay, order, key, origin)

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            target = await choice.find(connection, tenant_id)
            undoings = await list_undoings(connection, tenant_id, target=target)
            preview = await preview_undo(connection, tenant_id, target)
        for one in undoings:
            out.print(_describe(one), soft_wrap=True)
        if not undoings:
            out.print("It was never taken back.")
        _print_preview(preview)

    run_with_runtime(work)


@imports_app.command("undo")
def undo(
    tenant: TenantOption,
    reason: ReasonOption,
    fingerprint: FingerprintArgument = None,
    replay: ReplayOption = None,
    order: OrderOption = None,
    key: KeyOption = None,
    origin: OriginOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Take an import back, after a preview of the money that moves.

    After an interruption, run it again, or let a worker finish it.
    """
    choice = _Choice(fingerprint, replay, order, key, origin)

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                target = await choice.find(connection, tenant_id)
                preview = await preview_undo(connection, tenant_id, target)
                is_open = any(
                    one.phase != "done"
                    for one in await list_undoings(connection, tenant_id, target=target)
                )
            _print_preview(preview)
            if dry_run:
                return
            if not (preview.entries or preview.touches or is_open or target.kind == "import"):
                raise NothingToUndo(
                    "Nothing of it stands: it was taken back already, or never came in.",
                    cure="Nothing was changed. `skeldir imports show` lists what was done.",
                )
            if not yes:
                _ask("Take it back?")
            async with database.tenant(tenant_id) as connection:
                undoing_id = await request_undo(
                    connection,
                    tenant_id,
                    target,
                    reason=reason,
                    requested_by=await describe_command(connection),
                )
            await _run(database, tenant_id, undoing_id, "Taken back")

    run_with_runtime(work)


@imports_app.command("redo")
def redo(
    tenant: TenantOption,
    reason: ReasonOption,
    fingerprint: FingerprintArgument = None,
    replay: ReplayOption = None,
    order: OrderOption = None,
    key: KeyOption = None,
    origin: OriginOption = None,
    yes: YesOption = False,
) -> None:
    """Put back what the latest undoing took back. Facts whose keys have come in again since stay as they are."""
    choice = _Choice(fingerprint, replay, order, key, origin)

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                target = await choice.find(connection, tenant_id)
            if not yes:
                _ask("Put it back?")
            async with database.tenant(tenant_id) as connection:
                redoing_id = await request_redo(
                    connection,
                    tenant_id,
                    target,
                    reason=reason,
                    requested_by=await describe_command(connection),
                )
            await _run(database, tenant_id, redoing_id, "Put back")

    run_with_runtime(work)


async def _run(database: Database, tenant_id: UUID, undoing_id: UUID, what: str) -> None:
    def show(progress: UndoingProgress) -> None:
        err.print(f"{progress.entries:,} entries, {progress.touches:,} touches", highlight=False)

    done = await run_undoing(database, tenant_id, undoing_id, progress=show)
    out.print(
        f"{what}: {done.entries:,} entries, {done.touches:,} touches."
        " Credit follows, by workers or by `skeldir credit`.",
        soft_wrap=True,
    )


def _ask(question: str) -> None:
    if not is_terminal():
        raise InputInvalid("Nobody can be asked without a terminal.", cure="Add --yes.")
    typer.confirm(question, abort=True)


def _describe(one: Undoing) -> str:
    what = "Taken back" if one.redoes is None else "Put back"
    how_far = "" if one.phase == "done" else " It has not ended."
    return (
        f"{what} on {one.requested_at:%Y-%m-%d %H:%M} UTC by {one.requested_by}: {one.reason}"
        f" ({one.entries:,} entries, {one.touches:,} touches).{how_far}"
    )


def _print_preview(preview: UndoPreview) -> None:
    if preview.dependents:
        out.print(
            "These entries came another way and stand on orders that would lose entries; they stay:",
            soft_wrap=True,
        )
        for one in preview.dependents:
            out.print(
                f"  {one.order_id}  {one.kind}  {format_minor(one.amount_cents, one.currency)}"
                f"  {one.occurred_at:%Y-%m-%d %H:%M} UTC  ({one.source})",
                soft_wrap=True,
                markup=False,
            )
    out.print(f"It stands with {preview.entries:,} entries and {preview.touches:,} touches.")
    if preview.kept:
        out.print(
            f"{preview.kept:,} more entries cannot be taken back, and stay: their orders' credit was kept when touches"
            " were forgotten. An opposite entry, such as a refund, can be posted for each.",
            soft_wrap=True,
        )
    if preview.repeating:
        out.print(
            "These imports repeated facts that were known; their rows go, too, where they repeat what is taken back."
            " Import such a file again afterwards: what is missing goes in.",
            soft_wrap=True,
        )
        for known in preview.repeating:
            count = known.touches_duplicate + known.conversions_duplicate
            out.print(
                f"  {known.fingerprint[:16]}  {known.file_name}  {count:,} repeated",
                soft_wrap=True,
                markup=False,
            )
    if preview.money:
        table = Table(
            f"month, {preview.time_zone}", "kind", Column("change of the sums", justify="right")
        )
        for (currency, month, kind), cents in sorted(preview.money.items()):
            table.add_row(f"{month:%Y-%m}", kind, format_minor(cents, currency))
        out.print(table)
