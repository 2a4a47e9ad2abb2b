"""The flags of commands that read a file of facts, and the settings of a mapping that they give."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import typer

from skeldir.cli.keys import TENANT_HELP

FileArgument = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="A file of CSV, JSON, XLSX or Parquet.")
]
TenantOption = Annotated[str, typer.Option("--tenant", help=TENANT_HELP)]
MapOption = Annotated[
    Path | None, typer.Option("--map", exists=True, dir_okay=False, help="A mapping (TOML).")
]
CurrencyOption = Annotated[str | None, typer.Option(help="Currency of every amount (ISO 4217).")]
UnitOption = Annotated[
    str | None, typer.Option(help="Unit of the amounts: minor (cents) or major (decimals).")
]
ZoneOption = Annotated[
    str | None, typer.Option(help="Time zone (IANA name) of times without an offset.")
]
EncodingOption = Annotated[
    str | None,
    typer.Option(help="Encoding of the text, such as windows-1252, if it is not recognised."),
]
SheetOption = Annotated[str | None, typer.Option(help="Sheet of a workbook, if several have rows.")]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option("--column", help="field=column, such as journey_key=visitor_id; can be repeated."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A line of a mapping, such as 'kind_by_sign = true' or"
        ' \'kinds."Sale" = "capture"\'; can be repeated.',
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option("--dry-run", help="Report what would go in and what would not; import nothing."),
]
Kind = Literal["touches", "conversions", "mixed"]


def settings_of_flags(
    currency: str | None,
    amount_unit: str | None,
    time_zone: str | None,
    encoding: str | None = None,
    sheet: str | None = None,
    column: list[str] | None = None,
    lines: list[str] | None = None,
) -> dict[str, object]:
    """Return the settings that the flags give, in the shape of a mapping file; named flags before `lines` of one."""
    settings: dict[str, object] = {
        "currency": currency,
        "amount_unit": amount_unit,
        "time_zone": time_zone,
        "encoding": encoding,
        "sheet": sheet,
        "columns": dict(_pair(text) for text in column) if column else None,
    }
    given = {name: value for name, value in settings.items() if value is not None}
    if lines:
        read = _read_lines(lines)
        columns, named = read.get("columns"), given.get("columns")
        given = read | given
        if isinstance(columns, dict) and isinstance(named, dict):
            given["columns"] = columns | named
    return given


def _read_lines(lines: list[str]) -> dict[str, object]:
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        raise typer.BadParameter(
            f"{' and '.join(lines)} is not TOML: {error}. Texts are in double quotes, inside single ones of the shell.",
            param_hint="--set",
        ) from error


def _pair(text: str) -> tuple[str, str]:
    field, separator, column = text.partition("=")
    if not separator or not field or not column:
        raise typer.BadParameter(f"{text!r} is not field=column.", param_hint="--column")
    return field, column
