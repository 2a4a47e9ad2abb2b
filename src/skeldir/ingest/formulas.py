"""Cells of the files that are written for people: none that a spreadsheet would take for a formula."""

from __future__ import annotations

import re
from typing import Final

REJECTED_COLUMNS: Final = ("file", "row", "kind", "code", "detail", "cure")
"""The first columns of a file of rejected items; the values behind them are guarded, and read without their guard."""

FORMULA_PATTERN: Final = "'*[=+@\t\r\n\uff1d\uff0b\uff0d\uff20-]"
"""How a formula begins, in both widths, perhaps behind apostrophes that keep it a text."""
NUMBER_PATTERN: Final = "[+-][0-9.,]+"

_FORMULA: Final = re.compile(FORMULA_PATTERN)
_NUMBER: Final = re.compile(NUMBER_PATTERN)


def guard(cell: object) -> object:
    """Return a cell with an apostrophe in front where a spreadsheet would run it, unless it is just a number."""
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def without_guard(cell: str) -> str:
    """Return a cell as it was before `guard`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
