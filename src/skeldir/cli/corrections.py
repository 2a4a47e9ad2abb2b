"""`skeldir corrections`: the channel of one touch, given by a person, whatever rules say."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from skeldir.attribution import describe_command
from skeldir.cli.console import out
from skeldir.cli.deletion import is_terminal
from skeldir.cli.keys import TenantArgument
from skeldir.cli.rules_dry_run import credit_rows, show_moved
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.errors import InputInvalid
from skeldir.ingest import (
    CorrectionMoves,
    correct_touch,
    list_corrections,
    revoke_correction,
    try_correction,
    try_revocation,
)

corrections_app = typer.Typer(
    no_args_is_help=True,
    help="Channels of single touches, given by a person; they outrank all rules until they are revoked.",
)

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what it would move, and record nothing.")
]
YesOption = Annotated[
    bool, typer.Option("--yes", help="Do it without asking; required without a terminal.")
]


@corrections_app.command("touch")
def touch(
    tenant: TenantArgument,
    key: Annotated[str, typer.Argument(help="Its idempotency key.")],
    channel: Annotated[str, typer.Option("--channel", help="The code of its channel.")],
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Give one touch a channel, after showing what that moves of the credit."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                moves = await try_correction(connection, tenant_id, key, channel)
            _show(moves)
            if dry_run:
                return
            _confirm("Correct the touch?", yes=yes)
            async with database.tenant(tenant_id) as connection:
                done = await correct_touch(
                    connection,
                    tenant_id,
                    key,
                    channel,
                    reason=reason,
                    requested_by=await describe_command(connection),
                )
        _say(f"Corrected: {done.id}. Credit follows, by workers or by `skeldir credit`.")

    run_with_runtime(work)


@corrections_app.command("revoke")
def revoke(
    tenant: TenantArgument,
    correction: Annotated[UUID, typer.Argument(help="Its id, as `corrections list` shows it.")],
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """End a correction: its touch gets the channel that was sent with it, or that rules give it now."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                moves = await try_revocation(connection, tenant_id, correction)
            _show(moves)
            if dry_run:
                return
            _confirm("Revoke the correction?", yes=yes)
            async with database.tenant(tenant_id) as connection:
                await revoke_correction(
                    connection,
                    tenant_id,
                    correction,
                    reason=reason,
                    requested_by=await describe_command(connection),
                )
        _say("Revoked. Credit follows, by workers or by `skeldir credit`.")

    run_with_runtime(work)


@corrections_app.command("list")
def list_(
    tenant: TenantArgument,
    touch_key: Annotated[
        str | None, typer.Option("--touch", help="Only those of the touch with this key.")
    ] = None,
) -> None:
    """List who gave which touch a channel, or revoked that, when and why; the latest 100."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            found = await list_corrections(connection, tenant_id, touch=touch_key)
        table = Table("id", "touch", "channel", "when", "by", "reason")
        for column in table.columns:
            column.overflow = "fold"
        for one in found:
            channel = one.channel or "(revoked)"
            table.add_row(
                str(one.id),
                one.touch,
                channel if one.is_in_force or one.channel is None else f"{channel} (ended)",
                f"{one.requested_at:%Y-%m-%d %H:%M}",
                one.requested_by,
                one.reason,
            )
        out.print(table)

    run_with_runtime(work)


def _show(moves: CorrectionMoves) -> None:
    if moves.channel_now == moves.channel_then:
        _say(f"The touch has the channel {moves.channel_now} and keeps it; no credit moves.")
    else:
        _say(
            f"The touch moves from {moves.channel_now} to {moves.channel_then}. Journeys of"
            f" {moves.orders_moved:,} orders change."
        )
    if moves.first_orders_moved:
        _say(f"The first of these: {', '.join(moves.first_orders_moved)}")
    if moves.orders_awaiting_credit:
        _say(f"{moves.orders_awaiting_credit:,} orders await credit: theirs will come in addition.")
    show_moved("credit", ["model", "currency", "channel"], credit_rows(moves.credit))


def _say(text: str) -> None:
    out.print(text, soft_wrap=True, markup=False, highlight=False, emoji=False)


def _confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not is_terminal():
        raise InputInvalid("Nobody can be asked without a terminal.", cure="Add --yes.")
    typer.confirm(question, abort=True)
