"""Writes NDJSON and Parquet page by page. Only `formats` loads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
from pyarrow import parquet

from skeldir.exports.pages import Page, iso_moments, with_amounts
from skeldir.exports.parts import Part, shown_columns

if TYPE_CHECKING:
    from typing import BinaryIO

_PAGE_BYTES: Final = 64 * 1024
_MOMENT: Final = pa.timestamp("us", tz="UTC")
_DECIMAL: Final = pa.decimal128(38, 12)
_AMOUNT: Final = pa.decimal128(38, 4)
_CODE: Final = pa.dictionary(pa.int32(), pa.string())
_TYPES: Final[Mapping[str, Any]] = {
    "text": pa.string(),
    "code": _CODE,
    "id": pa.string(),
    "cents": pa.int64(),
    "whole": pa.int64(),
    "moment": _MOMENT,
    "day": pa.date32(),
    "decimal": _DECIMAL,
    "amount": _AMOUNT,
}


class NdjsonEncoder:
    """A JSON object in each line; amounts and conversions are texts, so that no reader makes floats of them."""

    def __init__(self, part: Part, file: BinaryIO) -> None:
        self._part = part
        self._file = file
        self._columns = shown_columns(part)

    def write(self, page: Page) -> None:
        """Write the rows of a page."""
        values = with_amounts(self._part, page)
        columns = [_as_json(values[name], kind) for name, kind in self._columns]
        names = [name for name, _ in self._columns]
        lines = [
            orjson.dumps(dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)
        ]
        lines.append(b"")
        self._file.write(b"\n".join(lines))

    def close(self) -> None:
        """Nothing follows the rows."""


class ParquetEncoder:
    """A row group for some pages, compressed with zstd. Amounts in major units and conversions are decimals."""

    _ROWS_OF_GROUP: Final = 20_000

    def __init__(self, part: Part, file: BinaryIO, metadata: Mapping[str, str]) -> None:
        self._part = part
        self._columns = shown_columns(part)
        fields = [pa.field(name, _TYPES[kind]) for name, kind in self._columns]
        self._schema = pa.schema(fields, metadata={**metadata})
        codes = [name for name, kind in self._columns if kind == "code"]
        self._writer = parquet.ParquetWriter(
            file, self._schema, compression="zstd", use_dictionary=codes, data_page_size=_PAGE_BYTES
        )
        self._waiting: list[Any] = []
        self._rows = 0

    def write(self, page: Page) -> None:
        """Write the rows of a page, or keep them for the next row group."""
        if not page.rows:
            return
        values = with_amounts(self._part, page)
        arrays = [_as_typed(values[name], kind) for name, kind in self._columns]
        self._waiting.append(pa.record_batch(arrays, schema=self._schema))
        self._rows += page.rows
        if self._rows >= self._ROWS_OF_GROUP:
            self._write_group()

    def close(self) -> None:
        """Write the last row group and the footer."""
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting, self._schema).unify_dictionaries()
            self._writer.write_table(table, row_group_size=len(table))
            del table
        self._waiting, self._rows = [], 0
        pa.default_memory_pool().release_unused()  # else the pieces of the next group find no room between the others


def _as_json(values: Sequence[Any], kind: str) -> Sequence[Any]:
    return iso_moments(values) if kind == "moment" else values


def _as_typed(values: Sequence[Any], kind: str) -> Any:
    if kind == "moment":
        return pa.array(values, pa.int64()).cast(_MOMENT)
    if kind == "amount":
        return pa.array(values, pa.string()).cast(_AMOUNT)
    if kind == "decimal":
        return pa.array(values, pa.string()).cast(_DECIMAL)
    if kind == "code":
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, _TYPES[kind])
