"""The rows of an export: its header is searched for, since reports begin with titles, periods and zones."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeAlias

from skeldir.ingest.files import FileUnreadable, look_at_file, open_rows, open_table_text
from skeldir.spend.files.options import Options
from skeldir.spend.files.presets import (
    COSTS,
    OTHER,
    Columns,
    Preset,
    find_columns,
    find_presets,
    only_preset,
)
from skeldir.spend.files.refusals import ColumnsMissing, DaysMissing, PlatformOpen, RowUnreadable
from skeldir.spend.files.totals import says_total

Cell: TypeAlias = str | Decimal | list[object] | None

MOST_ROWS: Final = 300_000
MOST_BYTES: Final = 128 * 1024 * 1024
"""What a text may have when it is unpacked: it is read as a whole, since marks and orders show in all rows."""
_MOST_BEFORE: Final = 60
_FIRST_INEXACT: Final = 2.0**53
_DELIMITERS: Final = ",;\t|"
_FOOTER: Final = re.compile(r"\W*(?:©|\(c\)|copyright|all rights reserved)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row and the line or place that people find it by; `cells` are as many as the header has."""

    line: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """An export: its columns, its rows with those of totals, and the lines before the header.

    `ends_open`: its last line has no end, so that it may have been cut off.
    """

    columns: Columns
    rows: list[TableRow]
    before: tuple[str, ...]
    ends_open: bool = False


def read_table(path: Path, options: Options) -> Table:
    """Return the rows of an export.

    Raises:
        FileUnreadable: it cannot be read, or not to its end.
        PlatformOpen: its columns are of no platform, or of several.
        DaysMissing: it has costs, but no days.
        ColumnsMissing: it has no costs, or no campaigns.
        RowUnreadable: a row has not the columns of the header.
    """
    with open_table_text(path, encoding=options.encoding, sheet=options.sheet) as text:
        if text.stream is None:
            return _read_typed(path, options)
        raw = text.stream.read(MOST_BYTES + 1)
        is_workbook = text.format == "xlsx"
    if len(raw) > MOST_BYTES:
        raise _too_long(path.name)
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileUnreadable(
            f"{path.name} is not UTF-8 throughout.",
            cure="Set --encoding to what it has, or export it again.",
        ) from error
    return _read_text(whole, path.name, options, pads=is_workbook)


def _too_long(name: str) -> FileUnreadable:
    return FileUnreadable(
        f"{name} has more than {MOST_ROWS} rows, or {MOST_BYTES // 1024**2} MiB.",
        cure="Export fewer days at a time, or by campaign only.",
    )


def _read_text(text: str, name: str, options: Options, *, pads: bool) -> Table:
    delimiter, number, presets = _find_header(text, name, options)
    records = _records(text, delimiter, name)
    before = []
    header: list[str] = []
    for _, cells in records:
        if number == 0:
            header = cells
            break
        number -= 1
        before.append(" ".join(cell for cell in cells if cell.strip()))
    while header and not header[-1].strip():
        header.pop()
    columns = _require_columns(header, presets, name)
    rows = [
        TableRow(line, _fit(cells, len(header), line, name, pads=pads))
        for line, cells in records
        if not _is_footer(cells)
    ]
    if len(rows) > MOST_ROWS:
        raise _too_long(name)
    ends_open = not pads and not text.endswith(("\n", "\r"))
    return Table(columns, rows, tuple(before), ends_open)


def _records(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with its line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise RowUnreadable(
            f"The quotes in line {line} of {name} do not match.",
            cure="Export it again; if a program changed it, don't save it with that.",
        ) from error


def _find_header(text: str, name: str, options: Options) -> tuple[str, int, list[Preset]]:
    """Return the delimiter, the number of rows before the header, and the presets that it may be of."""
    start = text[: 64 * 1024]
    best: tuple[str, int, list[Preset]] | None = None
    for delimiter in _DELIMITERS:
        reader = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)
        number = -1
        try:
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                number += 1
                if number >= _MOST_BEFORE:
                    break
                presets = _presets_of(cells, options.platform, name)
                if presets and (best is None or number < best[1]):
                    best = (delimiter, number, presets)
        except csv.Error:
            continue
    if best is not None:
        return best
    if options.platform is None:
        only_preset([], name)
    raise ColumnsMissing(
        f"{name} has no row with a column of costs and one of campaigns.",
        cure="Export it with the columns of costs, campaigns and days, and with its header;"
        " docs/spend.md has their names.",
    )


def _presets_of(cells: Sequence[str], given: str | None, name: str) -> list[Preset]:
    """Return the presets of which a row is the header: those with a column of costs and one of campaigns."""
    found = []
    for preset in find_presets(cells, given):
        places = find_columns(cells, preset, name).places
        if _has(places, COSTS) and _has(places, ("campaign", "campaign_id")):
            found.append(preset)
    return found


def _has(places: Mapping[str, int], names: Sequence[str]) -> bool:
    return any(name in places for name in names)


def _require_columns(header: Sequence[str], presets: Sequence[Preset], name: str) -> Columns:
    columns = find_columns(header, only_preset(presets, name), name)
    if columns.preset.code == OTHER and (known := find_presets(header, None)):
        raise PlatformOpen(
            f"The columns of {name} are those of {known[0].code}.",
            cure=f"Set --platform {known[0].code}, or leave it out.",
        )
    places = columns.places
    is_daily_by_ends = "first_day" in places and "last_day" in places
    if "day" not in places and not is_daily_by_ends:
        raise DaysMissing(
            f"{name} has costs, but no column of days.", cure=columns.preset.days_cure
        )
    return columns


def _is_footer(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return len(filled) == 1 and _FOOTER.match(filled[0]) is not None


def _fit(cells: list[str], width: int, line: int, name: str, *, pads: bool) -> list[str]:
    """Return the cells of a row; it has as many as the header, or empty ones more. Raises RowUnreadable."""
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    if pads or says_total(cells):
        cells = cells + [""] * (width - len(cells))
    if len(cells) != width:
        raise RowUnreadable(
            f"Line {line} of {name} has {len(cells)} cells, and the header has {width}.",
            cure="Export it again: the file was cut off, or its rows were changed.",
        )
    return cells


def _read_typed(path: Path, options: Options) -> Table:
    """Read JSON or Parquet, whose cells have types."""
    layout = look_at_file(path)
    name = path.name
    presets = _presets_of(layout.header, options.platform, name)
    if not presets:
        if options.platform is None:
            only_preset([], name)
        raise ColumnsMissing(
            f"{name} has no field of costs, or none of campaigns.",
            cure="Export it with both; docs/spend.md has their names.",
        )
    columns = _require_columns(layout.header, presets, name)
    rows = []
    with open_rows(path, layout, layout.header) as stream:
        for number, cells in stream.rows:
            if not isinstance(cells, Sequence):
                raise RowUnreadable(
                    f"Row {number} of {name}: {cells.detail}", cure="Export it again."
                )
            if number > MOST_ROWS:
                raise _too_long(name)
            rows.append(TableRow(number, [_typed(cell) for cell in cells]))
    return Table(columns, rows, ())


def _typed(cell: object) -> Cell:
    if cell is None or isinstance(cell, str | list):
        return cell
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float) and abs(cell) >= _FIRST_INEXACT:
        # Its last digits may be wrong: as a text it is refused, be it an id or an amount.
        return f"{cell:e}"
    if isinstance(cell, int | float):
        return Decimal(repr(cell))
    return cell if isinstance(cell, Decimal) else str(cell)
