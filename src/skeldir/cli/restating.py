"""`skeldir channels restate`: what restating the channels of recorded touches would move, and doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer
from rich.table import Column, Table

from skeldir.attribution import describe_command
from skeldir.cli.console import err, out
from skeldir.cli.deletion import is_terminal
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.errors import InputInvalid
from skeldir.ingest import (
    CHANNELS,
    ChannelPreview,
    UndoingProgress,
    list_undoings,
    preview_channels,
    request_undo,
    run_undoing,
)

if TYPE_CHECKING:
    from skeldir.db import Database

# What `hosts add` looks at before it ends: seconds, where all touches of a large tenant take minutes.
_LATEST_TOUCHES: Final = 100_000


def restate(
    tenant: TenantArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it without asking; required without a terminal.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the preview, and stop.")] = False,
) -> None:
    """Derive the channels of recorded touches again, by the rules and the hosts of now, after a preview.

    A channel that was given with a touch stays. After an interruption, run it again, or let a worker finish it.
    """

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            preview, is_open = await _look(database, tenant_id)
            if dry_run:
                return
            if not (preview.moves or is_open):
                out.print("Nothing was changed.")
                return
            _confirm(yes=yes)
            async with database.tenant(tenant_id) as connection:
                undoing_id = await request_undo(
                    connection,
                    tenant_id,
                    CHANNELS,
                    reason=reason,
                    requested_by=await describe_command(connection),
                )
            done = await run_undoing(database, tenant_id, undoing_id, progress=_show_progress)
        out.print(
            f"Restated: {done.touches:,} touches. Credit follows, by workers or by `skeldir credit`.",
            soft_wrap=True,
        )

    run_with_runtime(work)


async def describe_moves(database: Database, tenant_id: UUID) -> str:
    """Return in a sentence how many of the latest recorded touches would get another channel now."""
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        preview = await preview_channels(connection, tenant_id, latest=_LATEST_TOUCHES)
    moved = preview.moves.total()
    if preview.is_complete:
        recorded = f"Of {preview.touches:,} touches recorded before,"
        none = "No recorded touch would get another channel."
    else:
        recorded = f"Of the latest {_LATEST_TOUCHES:,} touches, {preview.touches:,} have a derived channel, of which"
        none = (
            f"None of the latest {_LATEST_TOUCHES:,} touches would get another channel. Earlier ones were not"
            " looked at: `skeldir channels restate --dry-run` looks at all."
        )
    if not moved:
        return none
    return (
        f"{recorded} {moved:,} would get another channel:"
        " `skeldir channels restate` looks at all touches, shows which, and does it."
    )


async def _look(database: Database, tenant_id: UUID) -> tuple[ChannelPreview, bool]:
    """Print earlier restatings and the preview; return the preview, and whether one has not ended."""
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        earlier = await list_undoings(connection, tenant_id, target=CHANNELS)
        preview = await preview_channels(connection, tenant_id)
    for one in earlier:
        out.print(
            f"Restated on {one.requested_at:%Y-%m-%d %H:%M} UTC by {one.requested_by}: {one.reason}"
            f" ({one.touches:,} touches).{'' if one.phase == 'done' else ' It has not ended.'}",
            soft_wrap=True,
            markup=False,
        )
    out.print(
        f"Of {preview.touches:,} touches whose channel was derived, {preview.moves.total():,} get another one.",
        soft_wrap=True,
    )
    if preview.moves:
        table = Table("channel now", "then", Column("touches", justify="right"))
        for (before, after), count in preview.moves.most_common():
            table.add_row(before, after, f"{count:,}")
        out.print(table)
    return preview, any(one.phase != "done" for one in earlier)


def _confirm(*, yes: bool) -> None:
    if yes:
        return
    if not is_terminal():
        raise InputInvalid("Nobody can be asked without a terminal.", cure="Add --yes.")
    typer.confirm("Restate them?", abort=True)


def _show_progress(progress: UndoingProgress) -> None:
    err.print(f"{progress.touches:,} touches", highlight=False)
