"""`skeldir dead`: items that were rejected, by file and reason; exporting them, and trying those of a file again."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.table import Column, Table

from skeldir.cli.console import err, out
from skeldir.cli.facts import print_import, status_of
from skeldir.cli.import_flags import (
    ColumnOption,
    CurrencyOption,
    EncodingOption,
    FileArgument,
    Kind,
    MapOption,
    SetOption,
    SheetOption,
    TenantOption,
    UnitOption,
    ZoneOption,
    settings_of_flags,
)
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.errors import InputInvalid
from skeldir.ingest import (
    DeadEvent,
    count_dead_events,
    list_channels,
    list_dead_events,
    list_imports,
    origins_of_file,
)

if TYPE_CHECKING:
    from skeldir.db import Connection

dead_app = typer.Typer(
    no_args_is_help=True,
    help="List rejected items by file and reason, show and export them, and try those of a file again.",
)

_MOST = 100_000

FromOption = Annotated[
    str | None,
    typer.Option("--file", help="Only of this imported file: its name, or its fingerprint."),
]
CodeOption = Annotated[str | None, typer.Option("--code", help="Only with this code.")]


@dead_app.command("list")
def list_dead(tenant: TenantArgument) -> None:
    """List how many items were rejected, by file and reason, the latest first."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            counts = await count_dead_events(connection, tenant_id)
            names = await _file_names(connection, tenant_id)
        if not counts:
            err.print("No item was rejected.")
            return
        table = Table(
            Column("from", overflow="fold"),
            Column("code", overflow="fold"),
            Column("kind"),
            Column("items", justify="right"),
            Column("last"),
        )
        for one in counts:
            table.add_row(
                _name_source(one.source, names),
                one.code,
                one.item_kind,
                f"{one.items:,}",
                f"{one.last_at:%Y-%m-%d %H:%M}",
            )
        out.print(table)

    run_with_runtime(work)


@dead_app.command("show")
def show_dead(
    tenant: TenantArgument,
    file: FromOption = None,
    code: CodeOption = None,
    most: Annotated[int, typer.Option(min=1, max=_MOST, help="The most items to show.")] = 50,
) -> None:
    """Show rejected items with their place, reason and cure, newest first."""

    async def work(runtime: Runtime) -> None:
        events, names = await _read(runtime, tenant, file, code, most)
        for event in events:
            place = f"{_name_source(event.source, names)}, {_place(event)}"
            out.print(f"{event.code}  {event.item_kind}  {place}", style="bold", soft_wrap=True)
            out.print(f"  {event.detail} {event.cure}", soft_wrap=True)
        if not events:
            err.print("No item was rejected.")

    run_with_runtime(work)


@dead_app.command("export")
def export_dead(
    tenant: TenantArgument,
    path: Annotated[Path, typer.Argument(dir_okay=False, help="The CSV file to write.")],
    file: FromOption = None,
    code: CodeOption = None,
) -> None:
    """Write rejected items to a CSV file, at most 100,000, without the keys of journeys.

    A cell that a spreadsheet would take for a formula has an apostrophe in front, which an import of the file drops.
    """
    from skeldir.ingest.files import REJECTED_COLUMNS, guard

    if path.exists():
        raise typer.BadParameter(f"{path} exists.", param_hint="PATH")

    async def work(runtime: Runtime) -> tuple[list[DeadEvent], dict[str, str]]:
        return await _read(runtime, tenant, file, code, _MOST)

    events, names = run_with_runtime(work)
    fields = [_fields(event) for event in events]
    columns = sorted({name for item in fields for name in item})
    with path.open("x", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([*REJECTED_COLUMNS, *columns])
        for event, item in zip(events, fields, strict=True):
            about = [_name_source(event.source, names), event.place, event.item_kind]
            reason = [event.code, event.detail, event.cure]
            values = (item.get(name, "") for name in columns)
            writer.writerow(map(guard, (*about, *reason, *values)))
    out.print(f"{path}: {len(events):,} rejected items.", soft_wrap=True)


@dead_app.command("replay")
def replay_dead(
    file: FileArgument,
    tenant: TenantOption,
    kind: Annotated[
        Kind | None, typer.Option(help="What the file was imported as, if it is not recognised.")
    ] = None,
    map_file: MapOption = None,
    currency: CurrencyOption = None,
    amount_unit: UnitOption = None,
    time_zone: ZoneOption = None,
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    column: ColumnOption = None,
    set_: SetOption = None,
) -> None:
    """Try the rows of an imported file again that were refused, with the mapping and flags of the import.

    With another mapping, import the file again: what is known is not recorded twice. Exit status as for import.
    """
    from skeldir.ingest.files import choose_mapping, replay_refused

    flags = settings_of_flags(currency, amount_unit, time_zone, encoding, sheet, column, set_)

    async def work(runtime: Runtime) -> int:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=2) as database:
            async with database.tenant(tenant_id) as connection:
                own_channels = await list_channels(connection, tenant_id)
            chosen = choose_mapping(
                file, kind=kind, map_file=map_file, flags=flags, own_channels=own_channels
            )
            report = await replay_refused(database, tenant_id, file, chosen)
        print_import(report)
        if report.done.accepted:
            out.print(
                f"This was replay {report.replay} of the file:"
                f" `skeldir imports undo {report.fingerprint[:16]} --replay {report.replay}` takes it back by itself.",
                soft_wrap=True,
            )
        return status_of(report)

    if status := run_with_runtime(work):
        raise typer.Exit(status)


async def _read(
    runtime: Runtime, tenant: str, file: str | None, code: str | None, most: int
) -> tuple[list[DeadEvent], dict[str, str]]:
    tenant_id = await runtime.tenant_id(tenant)
    async with (
        runtime.database(pool_size=1) as database,
        database.tenant(tenant_id, is_read_only=True) as connection,
    ):
        names = await _file_names(connection, tenant_id)
        sources = None
        if file is not None:
            sources = [
                source
                for source, name in names.items()
                if name == file or source.removeprefix("file:").startswith(file[:16])
            ]
            if not sources:
                raise InputInvalid(
                    f"No imported file is called {file!r}, or has a fingerprint that begins so.",
                    cure="`skeldir imports list` shows the imported files.",
                )
        events = await list_dead_events(
            connection, tenant_id, sources=sources, code=code, most=most
        )
        return events, names


async def _file_names(connection: Connection, tenant_id: UUID) -> dict[str, str]:
    """Return the names of the imported files by the sources of their dead events."""
    imports = await list_imports(connection, tenant_id, most=_MOST)
    return {origins_of_file(one.fingerprint)[0]: one.file_name for one in imports}


def _name_source(source: str, names: dict[str, str]) -> str:
    return names.get(source, source)


def _place(event: DeadEvent) -> str:
    if not event.source.startswith("file:"):
        return f"item {event.place:,}"
    return f"{event.part or 'row'} {event.place:,}"


def _fields(event: DeadEvent) -> dict[str, object]:
    item = event.item if isinstance(event.item, dict) else {}
    return {name: value for name, value in item.items() if name != "journey_key"}
