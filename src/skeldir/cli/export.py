"""`skeldir export`: takes a tenant's data out as files, with their sums."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from skeldir.cli.console import out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from skeldir.exports import Asked, Storage, WrittenFile

_UNKNOWN: Final = "–"  # noqa: RUF001 - a dash, as in tables of figures

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
        bool, typer.Option("--resume", help="Continue an export or delivery that was stopped.")
    ] = False,
    address: Annotated[
        str | None,
        typer.Option(
            "--deliver",
            help="s3://BUCKET/PREFIX/ to which the complete export is sent. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
            "AWS_REGION and AWS_ENDPOINT_URL are read from the environment.",
        ),
    ] = None,
    replaces: Annotated[
        bool,
        typer.Option("--replace", help="Replace other files of these names where it is delivered."),
    ] = False,
) -> None:
    """Write the tenant's data into FOLDER, all as of one moment.

    Each file has its rows, sums and SHA-256 beside it, in FILE.sums.json. manifest.json is written last: with it, the
    export is complete. So it is where --deliver sends it.
    """
    from skeldir.exports import read_parts, require_mark_in_csv, require_models_apply

    if replaces and address is None:
        raise InputInvalid("--replace is for a delivery.", cure="Name the place by --deliver.")

    require_mark_in_csv(format_, has_bom=excel)
    days = read_days(first_day, end_day)
    parts = tuple(part.name for part in read_parts(what or ["all"]))
    versions = tuple(sorted(set(models or ())))
    require_models_apply(parts, versions)

    def ask(tenant_id: UUID) -> Asked:
        from skeldir.exports import Asked

        return Asked(tenant_id, parts, format_, *days, versions, excel)

    storage = None if address is None else _open_storage(address)
    _export(tenant, folder, ask, is_resumed=resume, storage=storage, replaces=replaces)


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
    ask: Callable[[UUID], Asked],
    *,
    is_resumed: bool,
    storage: Storage | None,
    replaces: bool,
) -> None:
    from skeldir.exports import deliver, find_complete, write_export

    async def work(runtime: Runtime) -> None:
        if storage is not None:
            await storage.list_names()  # before hours of writing: the keys open it
        tenant_id = await runtime.tenant_id(tenant)
        asked = ask(tenant_id)
        # A delivery that was stopped has its folder.
        files = find_complete(folder, asked) if is_resumed and storage is not None else None
        if files is None:
            async with (
                runtime.database(pool_size=1) as database,
                database.tenant(tenant_id, is_read_only=True) as connection,
            ):
                files = await write_export(
                    connection, folder, asked, is_resumed=is_resumed, report=_show
                )
        out.print(f"{len(files)} files in {folder}, complete.", soft_wrap=True)
        if storage is not None:
            sent = await deliver(folder, storage, replaces=replaces, report=_show_sent)
            out.print(f"{storage.place}: {len(sent)} files sent, complete.", soft_wrap=True)

    run_with_runtime(work)


def _open_storage(address: str) -> Storage:
    from skeldir.exports import Storage, read_place
    from skeldir.settings import read_storage_settings

    return Storage(read_place(address), read_storage_settings())


def _show_sent(name: str) -> None:
    out.print(f"  sending {name}", soft_wrap=True)


def _show(written: WrittenFile) -> None:
    sums = [
        ", ".join(f"{name} {_UNKNOWN if value is None else value}" for name, value in total.items())
        for total in written.sums
        if "model_version" not in total
    ]
    out.print(f"{written.file}: {written.rows} rows", soft_wrap=True)
    for line in sums:
        out.print(f"  {line}", soft_wrap=True)
