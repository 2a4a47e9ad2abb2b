"""Where the table of a CSV file begins: the line with its header, and the delimiter."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

DELIMITERS: Final = ",;\t|"
_MOST_LINES: Final = 60
"""Lines in which a header is looked for, and in which its rows are seen."""
_SHOWN: Final = 60
_STATEMENT: Final = re.compile(r"\"?sep=(.)\"?\s*", re.IGNORECASE)
# What a header does not consist of: numbers, times, addresses.
_VALUE: Final = re.compile(
    r"[-+(]?[^\w\s]?\s?[0-9][0-9.,' \u00a0]*%?\)?|[0-9]{4}[-/.][0-9]{1,2}[-/.].*"
    r"|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}.*|[^\s@]+@\S+|https?://.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Header:
    """The line of the header, counted from 1, the delimiter, and what stands before it: lines and their beginnings."""

    line: int
    delimiter: str
    before: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.cells)

    @property
    def is_comment(self) -> bool:
        return self.cells[0].lstrip().startswith("#")

    @property
    def may_be_header(self) -> bool:
        """Whether all cells are different texts; trailing cells may be empty."""
        names = [cell.strip() for cell in self.cells]
        while names and not names[-1]:
            names.pop()
        return (
            all(names)
            and len(set(names)) == len(names)
            and not any(map(_VALUE.fullmatch, names))
            and len(names) > 1
        )


def find_header(start: str, delimiter: str | None) -> Header | None:
    """Find the header in the beginning of a file; None if that has no text.

    It is the first line, unless others come before the table: `sep=`, comments, a report's title and period.
    """
    lines = start.split("\n", 2 * _MOST_LINES)[: 2 * _MOST_LINES]
    stated = _STATEMENT.fullmatch(lines[0].rstrip("\r"))
    first = 1 if stated is not None and delimiter in (None, stated[1]) else 0
    if first and stated is not None:
        delimiter = stated[1]
    filled = [number for number, line in enumerate(lines) if number >= first and line.strip()]
    if not filled:
        return None
    found = [_find_in(lines, filled[0], one) for one in (delimiter or DELIMITERS)]
    header, *_ = max(found, key=lambda one: one[1:])  # the first of equals
    before = tuple(
        (number + 1, line.strip()[:_SHOWN])
        for number, line in enumerate(lines[: header.line - 1])
        if line.strip()
    )
    return Header(header.line, header.delimiter, before)


def _find_in(lines: Sequence[str], first: int, delimiter: str) -> tuple[Header, int, int]:
    """Return the header with this delimiter, how sure it is, and how often the delimiter stands in it.

    Sure is 2 if the first line is one, 1 if another is, 0 if none is: then it is the first line.
    """
    records = _read_records(lines[first:], first, delimiter)
    if not records:
        return Header(first + 1, delimiter), 0, 0
    for place, record in enumerate(records):
        rows = records[place + 1 :]
        fitting = sum(row.width <= record.width for row in rows)
        if not record.may_be_header or record.is_comment or 2 * fitting < len(rows):
            continue
        if place == 0:
            return Header(record.line, delimiter), 2, _count(lines[record.line - 1], delimiter)
        # A report's title is no column with rows below it: the table has rows of several cells.
        has_rows = rows and 2 * sum(row.width > 1 for row in rows) >= len(rows)
        is_first = all(one.width < record.width or one.is_comment for one in records[:place])
        if has_rows and is_first:
            return Header(record.line, delimiter), 1, _count(lines[record.line - 1], delimiter)
    first_line = lines[records[0].line - 1]
    return Header(records[0].line, delimiter), 0, _count(first_line, delimiter)


def _count(line: str, delimiter: str) -> int:
    """Return how often a delimiter stands outside quotes."""
    return re.sub('"[^"]*"', "", line).count(delimiter)


def _read_records(lines: Sequence[str], first: int, delimiter: str) -> list[_Record]:
    records = []
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append(_Record(first + line, tuple(cells)))
            line = reader.line_num + 1
            if len(records) >= _MOST_LINES:
                break
    except csv.Error:
        pass
    # The last line of a beginning may be cut off.
    return records[:-1] if len(records) > 2 else records
