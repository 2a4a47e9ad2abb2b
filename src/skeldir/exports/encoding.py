"""Writes the formats of an export, CSV, NDJSON and Parquet, page by page. Only `formats` loads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from skeldir.exports.pages import Page, with_amounts
from skeldir.exports.parts import Part, shown_columns
from skeldir.ingest.files import FORMULA_PATTERN, NUMBER_PATTERN

if TYPE_CHECKING:
    from typing import BinaryIO

_BOM: Final = b"\xef\xbb\xbf"
_FORMULA: Final = f"^{FORMULA_PATTERN}"
_NUMBER: Final = f"^{NUMBER_PATTERN}$"
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


def return_freed_memory() -> None:
    """Have Arrow give back what it frees; its own allocator keeps it: 30 MiB more for a million rows of Parquet."""
    pa.set_memory_pool(pa.system_memory_pool())


class CsvEncoder:
    """RFC 4180 with LF. Texts that a spreadsheet would run as a formula get a `'` before them; numbers never do."""

    def __init__(self, part: Part, file: BinaryIO, *, is_continued: bool, has_bom: bool) -> None:
        self._part = part
        self._file = file
        self._columns = shown_columns(part)
        self._options = csv.WriteOptions(include_header=False, quoting_style="needed")
        if not is_continued:
            head = ",".join(name for name, _ in self._columns).encode() + b"\n"
            file.write((_BOM if has_bom else b"") + head)

    def write(self, page: Page) -> None:
        """Write the rows of a page."""
        values = with_amounts(self._part, page)
        arrays = [_as_text(values[name], kind) for name, kind in self._columns]
        table = pa.table(arrays, names=[name for name, _ in self._columns])
        csv.write_csv(table, self._file, self._options)

    def close(self) -> None:
        """Nothing follows the rows."""


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
            file, self._schema, compression="zstd", use_dictionary=codes
        )
        self._waiting: list[Any] = []
        self._rows = 0

    def write(self, page: Page) -> None:
        """Write the rows of a page, or keep them for the next row group."""
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
        self._waiting, self._rows = [], 0


def _as_text(values: Sequence[Any], kind: str) -> Any:
    if kind == "moment":
        return pa.array(_moments(values))
    if kind == "day":
        return pa.array(values, pa.date32())
    if kind in ("cents", "whole"):
        return pa.array(values, pa.int64())
    texts = pa.array(values, pa.string())
    if kind != "text":
        return texts
    # As `ingest.files.guard` does for one cell.
    is_formula = pc.and_not(
        pc.match_substring_regex(texts, _FORMULA), pc.match_substring_regex(texts, _NUMBER)
    )
    if not pc.any(is_formula).as_py():
        return texts
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", texts, ""), texts)


def _as_json(values: Sequence[Any], kind: str) -> Sequence[Any]:
    return _moments(values) if kind == "moment" else values


def _moments(values: Sequence[int]) -> list[str]:
    """Return moments as ISO 8601 in UTC, with microseconds."""
    stamps = np.array(values, np.int64).astype("datetime64[us]")
    return [str(text) for text in np.datetime_as_string(stamps, unit="us", timezone="UTC").tolist()]


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
