"""`skeldir tenants time-zone`: the zone by whose days a tenant reports."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from skeldir.attribution import describe_command, set_time_zone
from skeldir.cli.console import out
from skeldir.cli.deletion import is_terminal
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.days import UTC_NAME, read_rules
from skeldir.errors import InputInvalid
from skeldir.money import format_minor
from skeldir.rollups import list_zone_changes, preview_time_zone, rules_in_force

if TYPE_CHECKING:
    from uuid import UUID

    from skeldir.days import ZoneRules
    from skeldir.rollups import ZoneChange, ZonePreview


def time_zone(
    tenant: TenantArgument,
    zone: Annotated[
        str | None,
        typer.Argument(
            help="An IANA name, such as Europe/Berlin. Without it, the zone is only shown."
        ),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only show what would move to other days.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Change it without asking; required without a terminal.")
    ] = False,
) -> None:
    """Show or set the time zone by whose days a tenant reports, after a preview of the money that moves to other days.

    Money and spend are summed again at once; new facts wait until then. Credit follows as after a change of
    models. Setting the same zone again takes over rules that have changed with the program's zone data.
    """

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        if zone is None:
            await _show(runtime, tenant_id)
        else:
            rules = await asyncio.to_thread(read_rules, zone)
            await _set(runtime, tenant_id, rules, only_preview=preview, yes=yes)

    run_with_runtime(work)


async def _show(runtime: Runtime, tenant_id: UUID) -> None:
    async with (
        runtime.database(pool_size=1) as database,
        database.tenant(tenant_id, is_read_only=True) as connection,
    ):
        changes = await list_zone_changes(connection, tenant_id)
    out.print(f"Days are those of {changes[0].time_zone if changes else UTC_NAME}.")
    if changes:
        _print_changes(changes)


async def _set(
    runtime: Runtime, tenant_id: UUID, rules: ZoneRules, *, only_preview: bool, yes: bool
) -> None:
    async with runtime.database(pool_size=1) as database:
        async with database.tenant(tenant_id, is_read_only=True) as connection:
            now = await rules_in_force(connection, tenant_id)
            moved = await preview_time_zone(connection, tenant_id, rules)
        if now == rules:
            out.print(f"Nothing was changed: days are those of {rules.name} already.")
            return
        _print_preview(now.name, rules.name, moved)
        if only_preview:
            return
        if not yes:
            _confirm()
        async with database.tenant(tenant_id) as connection:
            changed_by = await describe_command(connection)
            await set_time_zone(connection, tenant_id, rules, changed_by=changed_by)
    out.print(
        f"Days are those of {rules.name}. Credit follows once the stored orders are restated, by workers or by "
        "`skeldir credit`.",
        soft_wrap=True,
    )


def _confirm() -> None:
    """Ask on the terminal.

    Raises:
        InputInvalid: there is none, and --yes was not given.
        Abort: the change was declined.
    """
    if not is_terminal():
        raise InputInvalid(
            "Without a terminal the change cannot be confirmed; nothing was changed.",
            cure="Add --yes to change the time zone.",
        )
    typer.confirm("Change the time zone?", abort=True, err=True)


def _print_preview(before: str, after: str, moved: ZonePreview) -> None:
    out.print(
        f"From {before} to {after}: {moved.entries:,} ledger entries get another day. Spend keeps its days.",
        soft_wrap=True,
    )
    if not moved.days:
        return
    table = Table(
        "day",
        "currency",
        *(Column(name, justify="right") for name in ("entries out", "out", "entries in", "in")),
    )
    for day in moved.days:
        table.add_row(
            str(day.day),
            day.currency,
            f"{day.leaving:,}",
            format_minor(day.leaving_cents, day.currency),
            f"{day.coming:,}",
            format_minor(day.coming_cents, day.currency),
        )
    out.print(table)
    if moved.changed_days > len(moved.days):
        out.print(f"and {moved.changed_days - len(moved.days):,} more days and currencies")


def _print_changes(changes: list[ZoneChange]) -> None:
    table = Table("in force since", "time zone", "changed by")
    for change in changes:
        table.add_row(
            f"{change.changed_at:%Y-%m-%d %H:%M:%S} UTC", change.time_zone, change.changed_by
        )
    out.print(table)
