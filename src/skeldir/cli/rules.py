"""`skeldir rules`: a tenant's rules of channels, from a file, and putting a version in force."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal
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
    Fault,
    OwnRules,
    RulesInvalid,
    UndoingProgress,
    check_rules,
    compiled_rules,
    list_channels,
    list_rules,
    list_turns,
    load_rules,
    preview_channels,
    request_rules,
    rules_in_force,
    run_undoing,
    store_rules,
)
from skeldir.money import format_minor
from skeldir.spend import preview_spend, restate_spend

if TYPE_CHECKING:
    from skeldir.db import Database

rules_app = typer.Typer(
    no_args_is_help=True,
    help="Rules of the tenant's own, which give touches and campaigns their channels before the common ones.",
)

_TEMPLATE: Final = """\
# The tenant has no rules of its own in force.
#
# Rules in order: the first that matches gives the channel; if none does, the common rules do.
# Conditions: source, medium, campaign, referrer, path with is, contains, starts_with, ends_with; click_id with is.
#
# [[rule]]
# id = "brand"
# channel = "paid_search"
# source.is = ["google", "bing"]
# campaign.contains = "brand"
"""

FileOption = Annotated[
    Path,
    typer.Option("--file", help="A TOML file with the rules; - reads standard input."),
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
YesOption = Annotated[
    bool, typer.Option("--yes", help="Do it without asking; required without a terminal.")
]


@rules_app.command("show")
def show(
    tenant: TenantArgument,
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="Which one (default: that in force).")
    ] = None,
) -> None:
    """Print the rules in force, or those of a version, as TOML."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            number = version
            if number is None:
                in_force = await rules_in_force(connection, tenant_id)
                if in_force is None:
                    out.print(_TEMPLATE, soft_wrap=True, markup=False, highlight=False, emoji=False)
                    return
                number = in_force.version
            found = await load_rules(connection, tenant_id, number)
        about = found.about
        out.print(
            f"# Version {about.version}, of {about.written_at:%Y-%m-%d %H:%M} UTC by {about.written_by}:"
            f" {about.reason}\n{found.document}",
            soft_wrap=True,
            markup=False,
            highlight=False,
            emoji=False,
        )

    run_with_runtime(work)


@rules_app.command("edit")
def edit(tenant: TenantArgument, file: FileOption, reason: ReasonOption) -> None:
    """Store the rules of a file as the next version; `rules show` prints those to begin with."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            stored, covered = await store_rules(
                connection,
                tenant_id,
                read_rules_file(file),
                reason=reason,
                written_by=await describe_command(connection),
            )
        _show_faults(covered)
        out.print(
            f"Stored as version {stored.version}. `skeldir rules apply` puts it in force.",
            soft_wrap=True,
        )

    run_with_runtime(work)


@rules_app.command("check")
def check(
    tenant: TenantArgument,
    file: FileOption,
) -> None:
    """Name each fault of a file with rule and line, and rules that can never match; nothing is stored."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        document = read_rules_file(file)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            faults, covered = check_rules(document, await list_channels(connection, tenant_id))
        _show_faults([*faults, *covered])
        if faults:
            raise RulesInvalid(f"{len(faults)} faults.", cure="Correct the named lines.")
        out.print("No faults.")

    run_with_runtime(work)


@rules_app.command("apply")
def apply(
    tenant: TenantArgument,
    version: Annotated[int, typer.Argument(min=1, help="As `rules history` shows it.")],
    reason: ReasonOption,
    yes: YesOption = False,
) -> None:
    """Put a version in force, after a preview; recorded touches and spend follow.

    After an interruption, run it again, or let a worker finish it.
    """
    _put_in_force(tenant, version, reason, yes=yes)


@rules_app.command("revert")
def revert(
    tenant: TenantArgument,
    to: Annotated[str, typer.Option("--to", help="The number of an earlier version, or none.")],
    reason: ReasonOption,
    yes: YesOption = False,
) -> None:
    """Put an earlier version in force again, or none: recorded touches and spend go back to what they were."""
    _put_in_force(tenant, read_version(to), reason, yes=yes)


@rules_app.command("history")
def history(tenant: TenantArgument) -> None:
    """List the versions, and when each came into force, by whom and why; the latest 100 of both."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            versions = await list_rules(connection, tenant_id)
            turns = await list_turns(connection, tenant_id)
        table = Table("version", "written", "by", "reason")
        for one in versions:
            table.add_row(
                str(one.version), f"{one.written_at:%Y-%m-%d %H:%M}", one.written_by, one.reason
            )
        out.print(table)
        table = Table("in force", "since", "by", "reason", Column("moved touches", justify="right"))
        for turn in turns:
            moved = f"{turn.touches:,}" + ("" if turn.is_done else " so far")
            name = "none" if turn.version is None else str(turn.version)
            since = f"{turn.requested_at:%Y-%m-%d %H:%M}"
            table.add_row(name, since, turn.requested_by, turn.reason, moved)
        out.print(table)

    run_with_runtime(work)


def read_version(text: str) -> int | None:
    """Return the number of a version, None for `none`. Raises InputInvalid."""
    if text != "none" and not (text.isascii() and text.isdigit() and 0 < int(text) < 2**31):
        raise InputInvalid(f"{text!r:.40} is no version.", cure="Give its number, or none.")
    return None if text == "none" else int(text)


def _put_in_force(tenant: str, version: int | None, reason: str, *, yes: bool) -> None:
    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            await _show_moves(database, tenant_id, version)
            _confirm(yes=yes)
            async with database.tenant(tenant_id) as connection:
                turn = await request_rules(
                    connection,
                    tenant_id,
                    version,
                    reason=reason,
                    requested_by=await describe_command(connection),
                )
            done = await run_undoing(database, tenant_id, turn.undoing_id, progress=_show_progress)
            days = await restate_spend(database, tenant_id)
        out.print(
            f"In force: {'none of its own' if version is None else f'version {version}'}. Restated: {done.touches:,}"
            f" touches and {days:,} campaign days. Credit follows, by workers or by `skeldir credit`.",
            soft_wrap=True,
        )

    run_with_runtime(work)


async def _show_moves(database: Database, tenant_id: UUID, version: int | None) -> None:
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        rules: OwnRules | None = None
        if version is not None:
            rules = compiled_rules(
                version, (await load_rules(connection, tenant_id, version)).document
            )
        asked: OwnRules | Literal["none"] = rules or "none"
        preview = await preview_channels(connection, tenant_id, rules=asked)
        spend = await preview_spend(connection, tenant_id, rules)
    out.print(
        f"Of {preview.touches:,} touches whose channel was derived, {preview.moves.total():,} get another one; so do"
        f" {spend.days:,} campaign days.",
        soft_wrap=True,
    )
    if preview.moves:
        table = Table("channel now", "then", Column("touches", justify="right"))
        for (before, after), count in preview.moves.most_common():
            table.add_row(before, after, f"{count:,}")
        out.print(table)
    if spend.cents:
        table = Table("currency", "channel now", "then", Column("cost", justify="right"))
        for (currency, before, after), cents in spend.cents.most_common():
            table.add_row(currency, before, after, format_minor(cents, currency))
        out.print(table)


def read_rules_file(file: Path) -> str:
    """Return the text of a file of rules, - being standard input. Raises InputInvalid."""
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return raw.decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputInvalid(
            f"{file} cannot be read as UTF-8 text.", cure="Give a TOML file, or - for input."
        ) from error


def _show_faults(faults: list[Fault]) -> None:
    for fault in faults:
        out.print(fault.describe(), soft_wrap=True, markup=False, highlight=False, emoji=False)


def _confirm(*, yes: bool) -> None:
    if yes:
        return
    if not is_terminal():
        raise InputInvalid("Nobody can be asked without a terminal.", cure="Add --yes.")
    typer.confirm("Put it in force?", abort=True)


def _show_progress(progress: UndoingProgress) -> None:
    err.print(f"{progress.touches:,} touches", highlight=False)
