"""The text of a table, for rooms that find its header themselves: CSV and workbooks, whatever they are packed in."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from skeldir.ingest.files.encodings import look_at_text
from skeldir.ingest.files.mapping import FileFormat
from skeldir.ingest.files.opening import file_errors, format_of, open_file, text_of, zip_errors
from skeldir.ingest.files.sheets import choose_sheet, sheet_as_csv


@dataclass(frozen=True, slots=True)
class TableText:
    """A file's text as UTF-8; None for a format without text, such as Parquet, and for JSON."""

    format: FileFormat
    stream: io.BufferedReader | None


@contextmanager
def open_table_text(
    path: Path, *, encoding: str | None = None, sheet: str | None = None
) -> Iterator[TableText]:
    """Open the text of a file or of a workbook's sheet, decompressed if necessary.

    Raises:
        FileUnreadable: it cannot be opened, is empty or broken, or its encoding or sheet must be named.
    """
    form = format_of(path)
    if form in ("ndjson", "parquet"):
        yield TableText(form, None)
        return
    if form == "csv":
        with open_file(path) as raw, zip_errors(path), file_errors(path):
            stream = text_of(raw, path, None)
            encoding, _ = look_at_text(stream, path.name, encoding)
    with open_file(path) as raw, zip_errors(path), file_errors(path):
        if form == "csv":
            yield TableText(form, text_of(raw, path, encoding))
        else:
            chosen = choose_sheet(raw, path.name, sheet)
            raw.seek(0)
            yield TableText(form, sheet_as_csv(raw, path.name, chosen))
