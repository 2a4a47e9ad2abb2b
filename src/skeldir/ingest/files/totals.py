"""Rows of totals at the end of a report: found by their words, and checked against the rows above them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Final

from skeldir.ingest.files.amounts import take_apart
from skeldir.ingest.files.currency_signs import currencies_of_sign
from skeldir.ingest.files.numbers import MARKS, Mark, read_number

MOST_TOTALS: Final = 3
"""Rows of totals that a file may end with."""

_WORDS: Final = (
    "(?:grand |sub ?|report )?totals?|sum|summe|gesamt(?:summe|ergebnis|betrag)?|insgesamt|zwischensumme|total général"
    "|total general|totaux|ensemble|totale|totali|totaal|razem|suma|łącznie|summa|yhteensä|sammanlagt|i alt|toplam"
    "|genel toplam|итого|всего|σύνολο|合計|总计|總計|합계"
)
_IS_TOTAL: Final = re.compile(rf"\W*(?:{_WORDS})\W*(?:(?::| of | for |\().*)?", re.IGNORECASE)

_NOT_ZERO: Final = re.compile(r"[1-9]")
_PLAIN_DIGITS: Final = 16
_NOISE: Final = Decimal("0.000001")


def are_totals(cells: Sequence[str]) -> bool:
    """Return whether a row says that it holds totals."""
    first = next((cell for cell in cells if cell.strip()), "")
    return _IS_TOTAL.fullmatch(first.strip()) is not None


def may_be_totals(cells: Sequence[str]) -> bool:
    """Return whether a row could hold totals without saying so: numbers, not all of them 0, and no name of the row."""
    filled = [cell for cell in cells if cell.strip()]
    return (
        len(cells) > 1
        and not cells[0].strip()
        and any(map(_NOT_ZERO.search, filled))
        and all(any(_read_amount(cell, mark) is not None for mark in MARKS) for cell in filled)
    )


def may_end_with_totals(end: str, delimiter: str) -> bool:
    """Return whether any of the last lines of a file could be totals."""
    lines = [line for line in end.splitlines() if line.strip()][-MOST_TOTALS:]
    return any(are_totals(cells) or may_be_totals(cells) for cells in _read(lines, delimiter))


def _read(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of lines that are rows by themselves."""
    for line in lines:
        with suppress(csv.Error):
            yield from csv.reader([line], delimiter=delimiter, strict=True)


def _read_amount(cell: str, mark: Mark) -> Decimal | None:
    """Return the number in a cell, which may have a sign or code of a currency before or after it."""
    number = read_number(cell, mark)
    if number is not None or not any(map(str.isdecimal, cell)):
        return number
    written = take_apart(cell)
    if written is None or not all(map(currencies_of_sign, written.signs)):
        return None
    number = read_number(written.number, mark)
    return -number if number is not None and written.is_negative else number


def _are_equal(stated: Decimal, total: Decimal) -> bool:
    """Return whether a stated total is the sum: up to its last digit, and to what binary fractions add to it."""
    exponent = stated.as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) else 0
    # A total in whole units must be exact: half a unit could be a row.
    margin = Decimal(5).scaleb(-digits - 1) if 2 <= digits <= 6 else _NOISE
    return abs(stated - total) <= margin


class Sums:
    """The sums of some columns, as far as all their cells are numbers, with either decimal mark.

    `are_named` says that each row has something in its first cell.
    """

    def __init__(self, places: Iterable[int]) -> None:
        self.are_named = True
        self._sums: dict[tuple[int, Mark], Decimal | None] = {
            (place, mark): Decimal() for place in places for mark in MARKS
        }

    def add(self, cells: Sequence[str]) -> None:
        """Add a row; an empty cell is nothing, and any other text makes the column's sum unknown."""
        self.are_named = self.are_named and bool(cells[0].strip())
        for (place, mark), total in self._sums.items():
            if total is None or not (cell := cells[place].strip()):
                continue
            if cell.isascii() and cell.isdigit() and len(cell) < _PLAIN_DIGITS:
                self._sums[place, mark] = total + int(cell)
                continue
            number = _read_amount(cell, mark)
            self._sums[place, mark] = None if number is None else total + number

    def find_differences(self, cells: Sequence[str]) -> list[int] | None:
        """Return the columns in which a row of totals differs from the sums; None if there is nothing to compare.

        [] if any column agrees: the others are averages and rates. A sum of 0 shows nothing beside one that differs.
        """
        differ, agree, is_shown = [], False, False
        for place in sorted({place for place, _ in self._sums}):
            cell = cells[place].strip() if place < len(cells) else ""
            known = [
                (stated, total)
                for mark in MARKS
                if (total := self._sums[place, mark]) is not None
                and (stated := _read_amount(cell, mark)) is not None
            ]
            if not known:
                continue
            is_equal = any(_are_equal(stated, total) for stated, total in known)
            if is_equal:
                agree = True
                is_shown = is_shown or any(stated != 0 for stated, _ in known)
            else:
                differ.append(place)
        if is_shown or (agree and not differ):
            return []
        return differ or None
