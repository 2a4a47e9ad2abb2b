"""`skeldir export`: takes a tenant's data out as files, with their sums."""

from __future__ import annotations

from datetime import datetime
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
        Literal["csv", "ndjson", "parquet"], typer.Option("--format", help="Format of the files.")
    ] = "csv",
    first_day: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day, in the tenant's zone."),
    ] = None,
    end_day: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="The day after the last one."),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help="Allocations by this model version, such as linear@1, in force or not. Repeatable. Those in force "
            "when left out.",
        ),
    ] = None,
    excel: Annotated[
        bool, typer.Option("--excel", help="Begin CSV files with the mark that Excel needs.")
    ] = False,
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
    if first_day is not None and end_day is not None and first_day >= end_day:
        raise InputInvalid("--from is not before --to.", cure="--to is the day after the last one.")
    days = (
        None if first_day is None else first_day.date(),
        None if end_day is None else end_day.date(),
    )
    versions = tuple(sorted(set(models or ())))

    def ask(tenant_id: UUID, parts: tuple[str, ...]) -> Asked:
        from skeldir.exports import Asked

        return Asked(tenant_id, parts, format_, *days, versions, excel)

    _export(tenant, folder, what or ["all"], ask, is_resumed=resume)


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
