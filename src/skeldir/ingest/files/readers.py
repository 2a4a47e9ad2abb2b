"""The layout of a file, and its rows as a stream: constant memory, and a bad row rejects only itself.

Rows are numbered from 1; header and blank lines are not counted. A row is the cells of the wanted
columns, in their order; other columns are never read.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from skeldir.ingest.files.cell_texts import ERRORS
from skeldir.ingest.files.csv_rows import CsvFile
from skeldir.ingest.files.encodings import look_at_text
from skeldir.ingest.files.json_paths import find_paths, value_reader
from skeldir.ingest.files.json_rows import JsonFile
from skeldir.ingest.files.layout import (
    MOST_SAMPLED,
    FileLayout,
    FileUnreadable,
    Row,
    RowStream,
    require_few_columns,
)
from skeldir.ingest.files.mapping import FileFormat
from skeldir.ingest.files.opening import file_errors, format_of, open_file, text_of, zip_errors
from skeldir.ingest.files.pages import find_more
from skeldir.ingest.files.parquet import ParquetRows
from skeldir.ingest.files.sheets import choose_sheet, sheet_as_csv
from skeldir.ingest.files.totals import may_end_with_totals
from skeldir.ingest.rejections import UnreadableItem

SAMPLE_ROWS: Final = 1_000


def look_at_file(
    path: Path,
    *,
    form: FileFormat | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    one_page: bool = False,
) -> FileLayout:
    """Return the layout of a file; what is not given is taken from its name and its contents.

    The encoding is recognised from all bytes of a text file, so that it is read once more for this; and a third time if
    it ends with totals, which are compared with its rows. `sheet` names the one of a workbook.
    `one_page` accepts a JSON file that says of itself that it is one page of several.

    Raises:
        FileUnreadable: the file cannot be opened, is empty, is not what its name says, is one page of an answer, or
            ends with wrong totals.
    """
    form = form or format_of(path)
    if form == "parquet":
        with open_file(path) as raw:
            parquet = ParquetRows(raw, path.name)
            sample, is_whole = _sample(parquet.read(parquet.header, 0), lambda: 0)
            rows = tuple(cells for _, cells in sample)
            return FileLayout(form, "", parquet.header, rows, sample_is_whole=is_whole)
    if form == "xlsx":
        encoding, delimiter = "utf-8", ","
        with _opened(path) as raw:
            sheet = choose_sheet(raw, path.name, sheet)
    else:
        sheet = None
    with _opened(path) as raw:
        stream = _text(raw, path, sheet, None)
        encoding, end = look_at_text(stream, path.name, encoding)
    with _opened(path) as raw:
        stream = _text(raw, path, sheet, encoding)
        if form == "ndjson":
            return _look_at_json(stream, encoding, path.name, one_page=one_page)
        text = CsvFile(stream, delimiter, path.name, is_workbook=sheet is not None)
        sample, is_whole = _sample(text.rows(text.header, 0, None), text.bytes_read)
    totals = None
    if may_end_with_totals(end, text.place.delimiter):
        with _opened(path) as raw:
            stream = _text(raw, path, sheet, encoding)
            again = CsvFile(stream, text.place.delimiter, path.name)
            totals = again.find_totals(path.name)
    return FileLayout(
        form,
        text.place.delimiter,
        text.header,
        tuple(cells for row, cells in sample if totals is None or row <= totals.after_row),
        sample_is_whole=is_whole,
        encoding=encoding,
        header_line=text.place.line,
        before=text.place.before,
        totals=totals,
        sheet=sheet,
    )


def _sample(
    rows: Iterator[Row], bytes_read: Callable[[], int]
) -> tuple[list[tuple[int, tuple[object, ...]]], bool]:
    """Return those of the first rows that can be read, with their numbers, and whether there are no more rows."""
    found: list[tuple[int, tuple[object, ...]]] = []
    for seen, (row, cells) in enumerate(rows, 1):
        if not isinstance(cells, UnreadableItem):
            found.append((row, tuple(cells)))
        if seen == SAMPLE_ROWS or bytes_read() > MOST_SAMPLED:
            return found, False
    return found, True


@contextmanager
def _opened(path: Path) -> Iterator[io.FileIO]:
    with open_file(path) as raw, zip_errors(path), file_errors(path):
        yield raw


def _text(raw: io.FileIO, path: Path, sheet: str | None, encoding: str | None) -> io.BufferedReader:
    """Return the text of an open file, or that of a workbook's sheet, as UTF-8."""
    return text_of(raw, path, encoding) if sheet is None else sheet_as_csv(raw, path.name, sheet)


def _look_at_json(
    stream: io.BufferedReader, encoding: str, name: str, *, one_page: bool
) -> FileLayout:
    items: list[dict[str, object]] = []
    file, is_whole = JsonFile(stream), True
    for seen, item in enumerate(file.objects(), 1):
        if not isinstance(item, UnreadableItem):
            items.append(item)
        if seen == SAMPLE_ROWS or file.bytes_read() > MOST_SAMPLED:
            is_whole = False
            break
    if file.is_wrapped and not one_page:
        # What says that there is more mostly stands behind the rows.
        file.read_to_end()
        if (claim := find_more(file.around)) is not None:
            raise FileUnreadable(
                f"{name} is one page of an answer with more pages: it has {claim}.",
                cure="Fetch all pages, and put their rows into one file. If this page shall go in by itself, add"
                " --set 'one_page = true'.",
            )
    header = find_paths(items)
    require_few_columns(header, name)
    reads = [value_reader(name) for name in header]
    sample = tuple(tuple(read(item) for read in reads) for item in items)
    return FileLayout("ndjson", "", header, sample, sample_is_whole=is_whole, encoding=encoding)


@contextmanager
def open_rows(
    path: Path, layout: FileLayout, wanted: Sequence[str], *, skip: int = 0
) -> Iterator[RowStream]:
    """Open the rows after the first `skip`; `wanted` are columns of the layout's header.

    The rows raise `FileUnreadable` where the file ends early.
    """
    with open_file(path) as raw:
        if layout.format == "parquet":
            parquet = ParquetRows(raw, path.name)
            yield RowStream(parquet.read(wanted, skip), parquet.share_read)
            return
        size = max(path.stat().st_size, 1)
        with zip_errors(path), file_errors(path):
            stream = _text(raw, path, layout.sheet, layout.encoding)
        if layout.format == "ndjson":
            objects = JsonFile(stream)
            rows, lines = objects.rows(wanted, skip), objects.lines
            bytes_read = objects.bytes_read
        else:
            with file_errors(path):
                is_workbook = layout.sheet is not None
                text = CsvFile(stream, layout.delimiter, path.name, is_workbook=is_workbook)
            last = None if layout.totals is None else layout.totals.after_row
            rows, lines = text.rows(wanted, skip, last), text.numbers
            bytes_read = text.bytes_read
            if layout.sheet is not None:
                rows = _without_errors(rows, wanted)
        yield RowStream(
            _guarded(rows, path), lambda: min(raw.tell() / size, 1.0), lines.line_of, bytes_read
        )


def _guarded(rows: Iterator[Row], path: Path) -> Iterator[Row]:
    with zip_errors(path), file_errors(path):
        yield from rows


def _without_errors(rows: Iterator[Row], wanted: Sequence[str]) -> Iterator[Row]:
    """Refuse the rows of a sheet with a cell whose formula failed, also if its error was pasted as a text."""
    for number, cells in rows:
        if isinstance(cells, UnreadableItem) or ERRORS.isdisjoint(cells):
            yield number, cells
            continue
        found = next(
            (name, cell) for name, cell in zip(wanted, cells, strict=True) if cell in ERRORS
        )
        detail = 'The cell in column "{}" holds the error {}.'.format(*found)
        yield number, UnreadableItem("row_malformed", detail, {})
