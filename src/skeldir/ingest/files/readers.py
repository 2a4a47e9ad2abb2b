"""Reading rows of CSV and NDJSON files as a stream: constant memory, and a bad row rejects only itself.

Rows are numbered from 1; header and blank lines are not counted. A row is the cells of the wanted
columns, in their order; other columns are never read.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import IO, Final

import orjson

from skeldir.ingest.files.layout import FileLayout, FileUnreadable, Row, RowStream
from skeldir.ingest.files.mapping import FILE_FORMATS, FileFormat
from skeldir.ingest.files.parquet import ParquetRows
from skeldir.ingest.rejections import UnreadableItem, unreadable_text

LONGEST_ROW: Final = 2 * 1024 * 1024
"""The most bytes that a row of a text file may have, so that memory stays bounded."""

SAMPLE_ROWS: Final = 1_000

_FORMATS: Final[dict[str, FileFormat]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_DELIMITERS: Final = ",;\t"
_BUFFER: Final = 256 * 1024
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_ESCAPED_BYTE: Final = re.compile("[\udc80-\udcff]")


def look_at_file(
    path: Path, *, form: FileFormat | None = None, delimiter: str | None = None
) -> FileLayout:
    """Return the layout of a file; parts that are not given are taken from its name and its first line.

    Raises:
        FileUnreadable: the file cannot be opened, is empty, or is not what its name says.
    """
    form = form or _format_of(path)
    with _open_file(path) as raw:
        if form == "parquet":
            parquet = ParquetRows(raw, path.name)
            return FileLayout(form, "", parquet.header, parquet.sample(SAMPLE_ROWS))
        stream = _text_stream(raw, path)
        with _file_errors(path):
            if form == "ndjson":
                items = list(islice(_json_objects(stream), SAMPLE_ROWS))
                header = tuple(dict.fromkeys(key for item in items for key in item))
                sample = tuple(tuple(item.get(key) for key in header) for item in items)
                return FileLayout(form, "", header, sample)
            text = _CsvFile(stream, delimiter or _sniff_delimiter(stream), path.name)
            cells = (cells for _, cells in islice(text.rows(text.header, 0), SAMPLE_ROWS))
            sample = tuple(tuple(row) for row in cells if not isinstance(row, UnreadableItem))
            return FileLayout(form, text.delimiter, text.header, sample)


@contextmanager
def open_rows(
    path: Path, layout: FileLayout, wanted: Sequence[str], *, skip: int = 0
) -> Iterator[RowStream]:
    """Open the rows after the first `skip`; `wanted` are columns of the layout's header.

    The rows raise `FileUnreadable` where the file ends early.
    """
    with _open_file(path) as raw:
        if layout.format == "parquet":
            parquet = ParquetRows(raw, path.name)
            yield RowStream(parquet.read(wanted, skip), parquet.share_read)
            return
        size = max(path.stat().st_size, 1)
        stream = _text_stream(raw, path)
        if layout.format == "ndjson":
            rows = _json_rows(stream, wanted, skip)
        else:
            rows = _CsvFile(stream, layout.delimiter, path.name).rows(wanted, skip)
        yield RowStream(_guarded(rows, path), lambda: min(raw.tell() / size, 1.0))


# ---------------------------------------------------------------- opening


def _format_of(path: Path) -> FileFormat:
    name = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    form = _FORMATS.get(name.suffix.lower())
    if form is None:
        raise FileUnreadable(
            f"The name {path.name} does not show the format of the file.",
            cure=f"Set format in a mapping to one of {', '.join(FILE_FORMATS)}, or rename the file.",
        )
    return form


@contextmanager
def _open_file(path: Path) -> Iterator[io.FileIO]:
    try:
        raw = io.FileIO(path)
    except OSError as error:
        raise FileUnreadable(
            f"{path} cannot be opened: {error.strerror}.",
            cure="Check the path and its permissions.",
        ) from error
    with raw:
        yield raw


def _text_stream(raw: io.FileIO, path: Path) -> IO[bytes]:
    """Return the bytes of a text file after its byte order mark, decompressed if necessary."""
    stream = io.BufferedReader(raw, _BUFFER)
    if stream.peek(2)[:2] == b"\x1f\x8b":
        stream = io.BufferedReader(gzip.GzipFile(fileobj=stream), _BUFFER)  # type: ignore[arg-type]  # it has readinto
    with _file_errors(path):
        start = stream.peek(4)[:4]
    if not start:
        raise FileUnreadable(f"{path.name} is empty.", cure="Check that the export has finished.")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FileUnreadable(
            f"{path.name} is encoded as UTF-16.", cure='Save it as "CSV UTF-8", or convert it.'
        )
    if start == b"PAR1":
        raise FileUnreadable(
            f"{path.name} is a Parquet file.",
            cure='Set format = "parquet" in a mapping, or rename the file.',
        )
    if start.startswith(_BYTE_ORDER_MARK):
        stream.read(len(_BYTE_ORDER_MARK))
    return stream


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise FileUnreadable(
            f"{path.name} breaks off: {error}.",
            cure="Get the file again; an import continues where it stopped.",
        ) from error


def _guarded(rows: Iterator[Row], path: Path) -> Iterator[Row]:
    with _file_errors(path):
        yield from rows


# ---------------------------------------------------------------- CSV


class _Lines:
    """The lines of a text file, with the bytes of those that belong to the current row so far.

    Bytes that are not UTF-8 become lone surrogates, so that only their row is rejected.
    """

    # More characters than a cell may have: the parser abandons the row, whatever state it is in.
    _POISON: Final = "x" * (csv.field_size_limit() + 1)

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.taken: list[bytes] = []
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        readline = self.stream.readline
        while line := readline(LONGEST_ROW + 1):
            self.taken.append(line)
            self.size += len(line)
            if self.size > LONGEST_ROW:
                while line and not line.endswith(b"\n"):
                    line = readline(LONGEST_ROW)
                yield self._POISON
            else:
                yield line.decode("utf-8", "surrogateescape")

    def end_row(self) -> None:
        """Drop the lines of a row that was read."""
        self.taken.clear()
        self.size = 0

    def unreadable_row(self, code: str, detail: str) -> UnreadableItem:
        """Return the placeholder for the row whose lines were taken."""
        unreadable = unreadable_text(code, detail, b"".join(self.taken))
        self.end_row()
        return unreadable


def _sniff_delimiter(stream: IO[bytes]) -> str:
    """Return the delimiter that is most frequent outside quotes in the first line; a comma if there is none."""
    first = bytes(stream.peek(_BUFFER)).partition(b"\n")[0].decode("utf-8", "replace")  # type: ignore[attr-defined]  # a BufferedReader
    found = Counter(re.sub('"[^"]*"', "", first))
    return max(_DELIMITERS, key=lambda delimiter: found[delimiter])


class _CsvFile:
    """The header of a CSV file, and its rows."""

    def __init__(self, stream: IO[bytes], delimiter: str, name: str) -> None:
        self.delimiter = delimiter
        self._lines = _Lines(stream)
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        try:
            first = next(row for row in self._reader if row)
        except (csv.Error, StopIteration) as error:
            raise FileUnreadable(
                f"The first line of {name} is not a header.",
                cure="Let the first line name the columns.",
            ) from error
        self.header = tuple(column.strip() for column in first)
        if _ESCAPED_BYTE.search("".join(self.header)):
            raise FileUnreadable(
                f"The header of {name} is not UTF-8.", cure="Save the file with that encoding."
            )
        self._lines.end_row()

    def rows(self, wanted: Sequence[str], skip: int) -> Iterator[Row]:
        """Yield the rows after the first `skip`; raise nothing, whatever they hold."""
        lines, width = self._lines, len(self.header)
        places = [self.header.index(name) for name in wanted]
        # For a single place, itemgetter returns no tuple.
        pick = itemgetter(*places) if len(places) > 1 else lambda cells: (cells[places[0]],)
        for number, cells in enumerate(self._records(), 1):
            if number <= skip:
                lines.end_row()
            elif cells is None:
                yield number, lines.unreadable_row("row_malformed", _explain(lines))
            elif len(cells) != width:
                detail = f"The row has {len(cells)} cells; the header has {width} columns."
                yield number, lines.unreadable_row("row_malformed", detail)
            else:
                picked = pick(cells)
                text = "".join(picked)
                if text.isascii() or not _ESCAPED_BYTE.search(text):
                    lines.end_row()
                    yield number, picked
                else:
                    yield number, lines.unreadable_row("encoding_invalid", "A cell is not UTF-8.")

    def _records(self) -> Iterator[list[str] | None]:
        """Yield the cells of every row that is not blank, or None for one that cannot be parsed."""
        reader = self._reader
        while True:
            try:
                for cells in reader:
                    if cells:
                        yield cells
                    else:
                        self._lines.end_row()
            except csv.Error:
                yield None
            else:
                return


def _explain(lines: _Lines) -> str:
    if lines.size > LONGEST_ROW:
        return f"The row has more than {LONGEST_ROW} bytes."
    return (
        f"The quotes of the row do not match, or a cell has more than {csv.field_size_limit()} "
        f"characters; {len(lines.taken)} lines were read for it."
    )


# ---------------------------------------------------------------- NDJSON


def _json_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield lines that are not blank; of one that is too long, a beginning that exceeds the limit."""
    while line := stream.readline(LONGEST_ROW + 1):
        rest = line
        while len(line) > LONGEST_ROW and rest and not rest.endswith(b"\n"):
            rest = stream.readline(LONGEST_ROW)
        if not line.isspace():
            yield line


def _json_rows(stream: IO[bytes], wanted: Sequence[str], skip: int) -> Iterator[Row]:
    for number, line in enumerate(_json_lines(stream), 1):
        if number > skip:
            item = _json_object(line)
            if isinstance(item, UnreadableItem):
                yield number, item
            else:
                get = item.get
                yield number, [get(name) for name in wanted]


def _json_objects(stream: IO[bytes]) -> Iterator[dict[str, object]]:
    for line in _json_lines(stream):
        item = _json_object(line)
        if not isinstance(item, UnreadableItem):
            yield item


def _json_object(line: bytes) -> dict[str, object] | UnreadableItem:
    if len(line) > LONGEST_ROW:
        return unreadable_text("json_invalid", f"The line has more than {LONGEST_ROW} bytes.", line)
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            line.decode()
        except UnicodeDecodeError:
            return unreadable_text("encoding_invalid", "The line is not UTF-8.", line)
        return unreadable_text("json_invalid", "The line is not valid JSON.", line)
    if not isinstance(item, dict):
        return unreadable_text("item_not_an_object", "The line is not a JSON object.", line)
    return item
