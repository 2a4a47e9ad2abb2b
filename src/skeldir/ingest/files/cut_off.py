"""A file that ends in the middle of an amount: a download that broke off must not become another total."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from skeldir.ingest.files.layout import FileLayout, FileUnreadable
from skeldir.ingest.files.mapping import FileMapping, cell_text

_TAIL_BYTES: Final = 4096
_FRACTION: Final = re.compile(r"[.,]([0-9]*)\W*$")


def refuse_cut_off(path: Path, layout: FileLayout, mapping: FileMapping) -> None:
    """Refuse a CSV file without a last line break whose last amount has other decimals than all before.

    Whole numbers that are cut cannot be told from others. Raises FileUnreadable.
    """
    amounts = {
        *mapping.columns.get("amount", ()),
        *((mapping.refund.amount,) if mapping.refund else ()),
    }
    if layout.format != "csv" or not layout.header or layout.header[-1] not in amounts:
        return
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        tail = file.read()
    if not tail or tail.endswith((b"\n", b"\r", b'"')) or b"\0" in tail:
        return
    before = {
        len(found[1]) if (found := _FRACTION.search(cell_text(row[-1]).strip())) else 0
        for row in layout.sample[:-1]
        if cell_text(row[-1]) != ""
    }
    last = re.split(rb"[\r\n]", tail)[-1].split(layout.delimiter.encode())[-1]
    text = last.decode("utf-8", "replace").strip()
    found = _FRACTION.search(text)
    if text and len(before) == 1 and (len(found[1]) if found else 0) not in before:
        raise FileUnreadable(
            f'{path.name} ends in the middle of a line: its last "{layout.header[-1]}" is "{text}".',
            cure="Export it again; if the line is whole, add a line break at the end of the file.",
        )
