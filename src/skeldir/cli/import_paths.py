"""`skeldir import paths`: importing a file that counts paths."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from skeldir.cli.console import out
from skeldir.cli.durations import read_duration
from skeldir.cli.facts import print_import, print_months, status_of, with_progress
from skeldir.cli.import_flags import (
    CurrencyOption,
    DryRunOption,
    EncodingOption,
    FileArgument,
    SheetOption,
    TenantOption,
)
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.clock import utc_now
from skeldir.days import days_by
from skeldir.ingest import list_channels
from skeldir.rollups import rules_in_force

if TYPE_CHECKING:
    from pathlib import Path

    from skeldir.ingest.files import PathsGiven


DayOption = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], help="The day on which all journeys end, in the tenant's zone."
    ),
]
StepOption = Annotated[
    str, typer.Option(help="How far apart the touches of a journey are, such as 30s or 1h.")
]
SeparatorOption = Annotated[str, typer.Option(help="What stands between two channels of a path.")]
PathColumn = Annotated[str | None, typer.Option(help="Column of paths. Default: path.")]
ConversionsColumn = Annotated[
    str | None, typer.Option(help="Column of conversions. Default: total_conversions.")
]
ValueColumn = Annotated[
    str | None,
    typer.Option(help="Column of the conversions' value. Default: total_conversion_value."),
]
NullColumn = Annotated[
    str | None, typer.Option(help="Column of journeys without a conversion. Default: total_null.")
]
NoValues = Annotated[
    bool, typer.Option("--no-values", help="Conversions have no value; each is recorded as 0.")
]
NoNulls = Annotated[
    bool, typer.Option("--no-nulls", help="No journey without a conversion is counted.")
]
MarkOption = Annotated[
    Literal[".", ","], typer.Option(help="What stands before the decimals of values.")
]
RoundOption = Annotated[
    bool,
    typer.Option(
        "--round",
        help="Round values that are finer than the currency, so that the sum of all rows stays.",
    ),
]
ChannelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--channel", help="NAME=CODE, for a name that is no channel code; can be repeated."
    ),
]
SeriesOption = Annotated[
    str,
    typer.Option(
        help="A name for journeys that are others than those imported with the same path and day."
    ),
]


def import_paths(
    file: FileArgument,
    tenant: TenantOption,
    currency: CurrencyOption = None,
    day: DayOption = None,
    step: StepOption = "1m",
    separator: SeparatorOption = " > ",
    path_column: PathColumn = None,
    conversions_column: ConversionsColumn = None,
    value_column: ValueColumn = None,
    null_column: NullColumn = None,
    no_values: NoValues = False,
    no_nulls: NoNulls = False,
    decimal_mark: MarkOption = ".",
    rounds: RoundOption = False,
    channel: ChannelOption = None,
    series: SeriesOption = "",
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Import a file with a row for each path: its conversions, their value, and the journeys without one.

    Each of them becomes a journey. Names of channels that are new and valid codes are added to the tenant's channels.
    """
    from skeldir.ingest.files import PathsGiven

    given = PathsGiven(
        currency=currency,
        day=None if day is None else day.date(),
        path_column=path_column,
        conversions_column=conversions_column,
        value_column=value_column,
        null_column=null_column,
        has_no_values=no_values,
        has_no_nulls=no_nulls,
        separator=separator,
        step=read_duration(step),
        decimal_mark=decimal_mark,
        rounds=rounds,
        channels=dict(map(_read_channel, channel or ())),
        series=series,
        encoding=encoding,
        sheet=sheet,
    )

    if status := run_with_runtime(lambda runtime: _import(runtime, tenant, file, given, dry_run)):
        raise typer.Exit(status)


async def _import(
    runtime: Runtime, tenant: str, file: Path, given: PathsGiven, dry_run: bool
) -> int:
    from skeldir.ingest.files import choose_paths, import_paths, preview_paths

    tenant_id = await runtime.tenant_id(tenant)
    async with runtime.database(pool_size=2) as database:
        async with database.tenant(tenant_id, is_read_only=True) as connection:
            own_channels = await list_channels(connection, tenant_id)
            days = days_by(await rules_in_force(connection, tenant_id))
        chosen = choose_paths(file, given, days=days, now=utc_now(), own_channels=own_channels)
        for choice in chosen.choices:
            out.print(choice, soft_wrap=True, markup=False)
        if dry_run:
            report, months = await preview_paths(database, tenant_id, chosen)
            out.print("Dry run: nothing was imported. An import now would do this:", style="bold")
            print_import(report)
            print_months(months)
        else:
            report = await with_progress(
                file.name,
                lambda show: import_paths(database, tenant_id, chosen, progress=show),
                unit="journeys",
            )
            print_import(report)
    return status_of(report)


def _read_channel(text: str) -> tuple[str, str]:
    name, found, code = text.rpartition("=")
    if not found or not name or not code:
        raise typer.BadParameter(f"{text!r} is not NAME=CODE.", param_hint="--channel")
    return name, code
