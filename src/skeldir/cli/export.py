"""`skeldir export`: takes a tenant's data out as files, with their sums."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from skeldir.cli.console import out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from skeldir.exports import Asked, WrittenFile


FormatOption = Annotated[
    Literal["csv", "ndjson", "parquet"], typer.Option("--format", help="Format of the file.")
]
FirstDayOption = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], help="The first day, in the tenant's zone."),
]
EndDayOption = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], help="The day after the last one."),
]
ModelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        help="Allocations by this model version, such as linear@1, in force or not. Repeatable. Those in force "
        "when left out.",
    ),
]
ExcelOption = Annotated[
    bool, typer.Option("--excel", help="Begin CSV with the mark that Excel needs.")
]


def export(
    tenant: TenantArgument,
    folder: Annotated[Path, typer.Argument(help="A new or empty folder for the files.")],
    what: Annotated[
        list[str] | None,
        typer.Option(
            "--what",
            help="orders, journeys, allocations, channel_days, entries, spend, claims, dead_events, touches. May be "
            "repeated, or separated by commas. All when left out.",
        ),
    ] = None,
    format_: Annotated[
        Literal["csv", "ndjson", "parquet", "xlsx"],
        typer.Option(
            "--format", help="Format of the files. A workbook (xlsx) has 100,000 rows at most."
        ),
    ] = "csv",
    first_day: FirstDayOption = None,
    end_day: EndDayOption = None,
    models: ModelsOption = None,
    excel: ExcelOption = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an export that was stopped.")
    ] = False,
) -> None:
    """Write the tenant's data into FOLDER, all as of one moment.

    Each file has its rows, sums and SHA-256 beside it, in FILE.sums.json. manifest.json is written last: with it, the
    export is complete.
    """
    from skeldir.exports import require_mark_in_csv

    require_mark_in_csv(format_, has_bom=excel)
    days = read_days(first_day, end_day)
    versions = tuple(sorted(set(models or ())))

    def ask(tenant_id: UUID, parts: tuple[str, ...]) -> Asked:
        from skeldir.exports import Asked

        return Asked(tenant_id, parts, format_, *days, versions, excel)

    _export(tenant, folder, what or ["all"], ask, is_resumed=resume)


def read_days(first: datetime | None, end: datetime | None) -> tuple[date | None, date | None]:
    """Return the days of `--from` and `--to`.

    Raises:
        InputInvalid: there are none in between.
    """
    if first is not None and end is not None and first >= end:
        raise InputInvalid("--from is not before --to.", cure="--to is the day after the last one.")
    return None if first is None else first.date(), None if end is None else end.date()


def _export(
    tenant: str,
    folder: Path,
    what: list[str],
    ask: Callable[[UUID, tuple[str, ...]], Asked],
    *,
    is_resumed: bool,
) -> None:
    from skeldir.exports import read_parts, write_export

    parts = tuple(part.name for part in read_parts(what))

    async def work(runtime: Runtime) -> list[WrittenFile]:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            return await write_export(
                connection, folder, ask(tenant_id, parts), is_resumed=is_resumed, report=_show
            )

    files = run_with_runtime(work)
    out.print(f"{len(files)} files in {folder}, complete.", soft_wrap=True)


def _show(written: WrittenFile) -> None:
    sums = [
        ", ".join(f"{name} {value}" for name, value in total.items())
        for total in written.sums
        if "model_version" not in total
    ]
    out.print(f"{written.file}: {written.rows} rows", soft_wrap=True)
    for line in sums:
        out.print(f"  {line}", soft_wrap=True)
