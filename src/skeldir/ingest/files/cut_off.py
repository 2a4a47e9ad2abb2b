"""A file that ends in the middle of an amount: a download that broke off must not become another total."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from skeldir.ingest.files.layout import FileLayout, FileUnreadable
from skeldir.ingest.files.mapping import FileMapping, cell_text

_TAIL_BYTES: Final = 4096
_COMPRESSED: Final = (b"\x1f\x8b", b"PK\x03\x04")
_FRACTION: Final = re.compile(r"[.,]([0-9]*)\W*$")


def refuse_cut_off(path: Path, layout: FileLayout, mapping: FileMapping) -> None:
    """Refuse a CSV file of orders whose last line has no line break and is not like those before.

    It has fewer cells than they, or ends with an amount that is empty or has other decimals, or with the beginning
    of a text that decides what a row is. A whole number that was cut off looks like any other. Raises FileUnreadable.
    """
    refunded = (mapping.refund.amount,) if mapping.refund else ()
    amounts = {*mapping.columns.get("amount", ()), *refunded}
    if layout.format != "csv" or not amounts or layout.totals is not None:
        return
    with path.open("rb") as file:
        if file.read(4).startswith(_COMPRESSED):
            return
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        tail = file.read()
    line = re.split(rb"[\r\n]", tail)[-1]
    # A quote ends a whole cell; in UTF-16 and compressed files nothing is looked for.
    if len(line) in (0, len(tail)) or line.endswith(b'"') or line.count(b'"') % 2 or b"\0" in tail:
        return
    (cells,) = csv.reader([line.decode("utf-8", "replace")], delimiter=layout.delimiter)
    place = len(cells) - 1
    text = cells[place].strip()
    before = [[cell_text(cell).strip() for cell in row] for row in layout.sample[:-1]]
    if place >= len(layout.header):
        return
    column, above = layout.header[place], [row[place] for row in before]
    conditions = {when.column for when in (mapping.touch_when, mapping.order_when) if when}
    is_cut = column in amounts and _differs(text, above)
    is_cut |= column in conditions and text not in above and any(t.startswith(text) for t in above)
    if is_cut or _is_short(place, before):
        raise FileUnreadable(
            f'{path.name} ends in the middle of a line, with "{text}".',
            cure="Export it again; if the line is whole, add a line break at the end of the file.",
        )


def _is_short(place: int, before: Sequence[Sequence[str]]) -> bool:
    """Return whether a last row that ends at `place` lacks cells which no row before lacks."""
    return bool(before) and all(any(row[place + 1 :]) for row in before)


def _differs(text: str, before: Sequence[str]) -> bool:
    decimals = {_decimals(cell) for cell in before if cell}
    if not text:
        return bool(before) and all(before)
    return len(decimals) == 1 and _decimals(text) not in decimals


def _decimals(text: str) -> int:
    found = _FRACTION.search(text)
    return len(found[1]) if found else 0
