"""Reading rows of Parquet files: only the wanted columns, one batch at a time."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from skeldir.ingest.files.layout import FileUnreadable, Row, require_few_columns
from skeldir.ingest.files.opening import require_bounded
from skeldir.ingest.rejections import UnreadableItem

_ROWS_AT_ONCE: Final = 8_192
_MOST_AT_ONCE: Final = 32 * 1024 * 1024
"""About how many bytes the rows that are read at once have."""
_MOST_VALUES: Final = 1_000
"""How many values the lists of a column may have for each row; run lengths write millions of them in a few bytes."""


class ParquetRows:
    """The rows of an open Parquet file.

    Cells have Python's types. Moments are truncated to microseconds, and those with a zone are in
    UTC; a floating-point "not a number" becomes None, which is what it means in such files. `header`
    has the names of the top-level columns.
    """

    header: tuple[str, ...]

    def __init__(self, raw: io.FileIO, name: str) -> None:
        """Read the footer of the file. Raises FileUnreadable."""
        self._name = name
        try:
            file = pq.ParquetFile(raw)
            self.header = tuple(file.schema_arrow.names)
            require_few_columns(self.header, name)
            # One long text for all rows of a column stays one.
            kept = [field.name for field in file.schema_arrow if _is_text(field.type)]
            self._file = pq.ParquetFile(raw, metadata=file.metadata, read_dictionary=kept)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise self._unreadable(error) from error
        self._rows_read = 0
        twice = [name for name, count in Counter(self.header).items() if count > 1]
        if twice:
            raise FileUnreadable(
                f'{name} has several columns called "{twice[0][:60]}".',
                cure="Give each column a name of its own.",
            )

    def share_read(self) -> float:
        """Return how much of the file has been read, from 0 to 1."""
        rows: int = self._file.metadata.num_rows
        return self._rows_read / max(rows, 1)

    def read(self, wanted: Sequence[str], skip: int) -> Iterator[Row]:
        """Yield the rows after the first `skip`. Raises FileUnreadable where the file ends early."""
        metadata = self._file.metadata
        group, number = 0, 0
        while group < metadata.num_row_groups:
            rows = metadata.row_group(group).num_rows
            if number + rows > skip:
                break
            number, group = number + rows, group + 1
        batches = self._file.iter_batches(
            min(map(self._rows_at_once, range(group, metadata.num_row_groups)), default=1),
            row_groups=list(range(group, metadata.num_row_groups)),
            columns=list(dict.fromkeys(wanted)),
            use_threads=False,
        )
        while (batch := self._next_batch(batches)) is not None:
            columns = [_cells(batch.column(name)) for name in wanted]
            rows_of_batch = zip(*columns, strict=True) if columns else iter(())
            for number, cells in enumerate(rows_of_batch, number + 1):  # noqa: B020 - it goes on from the last batch
                if number > skip:
                    yield number, _reject_unreadable(cells)
            self._rows_read = number

    def _rows_at_once(self, number: int) -> int:
        """Return how many rows of a group may be in memory together. Raises FileUnreadable if it expands too far."""
        group = self._file.metadata.row_group(number)
        expanded, packed, rows = 0, 1, max(int(group.num_rows), 1)
        for place in range(group.num_columns):
            column = group.column(place)
            expanded += column.total_uncompressed_size
            packed += column.total_compressed_size
            if column.num_values > _MOST_VALUES * rows:
                raise FileUnreadable(
                    f"{self._name} has a column of lists with more than {_MOST_VALUES:,} values for each row.",
                    cure="Export it without that column.",
                )
        require_bounded(expanded, packed, self._name)
        return max(1, min(_ROWS_AT_ONCE, _MOST_AT_ONCE * rows // max(expanded, 1)))

    def _next_batch(self, batches: Iterator[Any]) -> Any:
        try:
            return next(batches, None)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> FileUnreadable:
        return FileUnreadable(
            f"{self._name} is not a complete Parquet file: {error}.",
            cure='Get the file again, or set format = "csv" or "ndjson" in a mapping.',
        )


class _UnreadableCell:
    """Takes the place of a cell that Python cannot represent; `code` is the code its row is rejected with."""

    def __init__(self, code: str) -> None:
        self.code = code


def _is_text(kind: Any) -> bool:
    return any(
        test(kind)
        for test in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_binary,
            pa.types.is_large_binary,
        )
    )


def _cells(column: Any) -> list[object]:
    kind = column.type
    if pa.types.is_dictionary(kind) and _is_text(kind.value_type):
        # Of a long dictionary, the few texts that these rows have.
        used = column.indices.unique().drop_null()
        known = dict(zip(used.to_pylist(), _cells(column.dictionary.take(used)), strict=True))
        known[None] = None
        return [known[place] for place in column.indices.to_pylist()]
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", tz="UTC" if kind.tz else None), safe=False)
    try:
        cells: list[object] = column.to_pylist()
    except (UnicodeDecodeError, OverflowError, ValueError):
        return [_cell(scalar) for scalar in column]
    if pa.types.is_floating(kind):
        # Only "not a number" is unequal to itself.
        return [None if cell != cell else cell for cell in cells]
    return cells


def _cell(scalar: Any) -> object:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return _UnreadableCell("encoding_invalid")
    except (OverflowError, ValueError):
        return _UnreadableCell("row_malformed")


def _reject_unreadable(cells: tuple[object, ...]) -> tuple[object, ...] | UnreadableItem:
    for cell in cells:
        if type(cell) is _UnreadableCell:
            return UnreadableItem(cell.code, "A cell of the row cannot be read.", {})
    return cells
