"""Writes CSV page by page. Only `formats` loads it; it needs 10 MiB of pyarrow that Parquet does not need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from skeldir.exports.pages import Page, iso_moments, with_amounts
from skeldir.exports.parts import Part, shown_columns
from skeldir.ingest.files import FORMULA_PATTERN, NUMBER_PATTERN

if TYPE_CHECKING:
    from typing import BinaryIO

_BOM: Final = b"\xef\xbb\xbf"
_FORMULA: Final = f"^{FORMULA_PATTERN}"
_NUMBER: Final = f"^{NUMBER_PATTERN}$"


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


def _as_text(values: Sequence[Any], kind: str) -> Any:
    if kind == "moment":
        return pa.array(iso_moments(values))
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
