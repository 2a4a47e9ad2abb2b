"""Tables as text: how a proof prints rows, so that every value can be read back whatever characters it holds."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_SEPARATOR: Final = " | "
_ESCAPED: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "|": "\\|"}
_UNESCAPED: Final = {"n": "\n", "r": "\r"}
# A line that begins otherwise is the head of a table: `_line` sees to that.
_NO_HEAD: Final = re.compile(r"[A-Z(]")
_COUNT: Final = re.compile(r"\((0|[1-9][0-9]*) rows?\)")


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was read back: the names of its columns, and the text of every value. NULL reads as ""."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, name: str) -> tuple[str, ...]:
        """Return the values of a column.

        Raises:
            LookupError: there is no column of this name, or more than one.
        """
        if self.columns.count(name) != 1:
            raise LookupError(f"{self.columns.count(name)} columns are named {name!r}")
        place = self.columns.index(name)
        return tuple(row[place] for row in self.rows)

    def as_dicts(self) -> list[dict[str, str]]:
        """Return each row as its values by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def text_of(value: object) -> str:
    """Return how a value is printed, before anything is escaped."""
    return "" if value is None else str(value)


def print_cell(value: object) -> str:
    """Return a value on one line: backslash, line ends and `|` are escaped by a backslash."""
    return "".join(_ESCAPED.get(character, character) for character in text_of(value))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a line of column names, a line for each row, and the number of rows in parentheses."""
    head = _line(columns)
    lines = [_line(row) for row in rows]
    if _NO_HEAD.match(head):
        head = f"\\{head}"
    lines = [f"\\{line}" if line.startswith("(") else line for line in lines]
    return "\n".join([head, *lines, f"({len(lines)} row{'' if len(lines) == 1 else 's'})"])


def read_answers(output: str) -> list[Table | str] | None:
    """Read what a SQL step printed: for each statement its table, or its command tag or refusal as it was printed.

    Returns None for what was not printed like that.
    """
    answers: list[Table | str] = []
    lines = deque(output.split("\n"))
    while lines:
        line = lines.popleft()
        if _NO_HEAD.match(line):
            if line.startswith("("):
                return None
            answers.append(line)
            continue
        rows = []
        while lines and not lines[0].startswith("("):
            rows.append(_cells(lines.popleft()))
        counted = _COUNT.fullmatch(lines.popleft()) if lines else None
        columns = _cells(line)
        if (
            columns is None
            or counted is None
            or int(counted[1]) != len(rows)
            or any(row is None or len(row) != len(columns) for row in rows)
        ):
            return None
        answers.append(Table(columns, tuple(row for row in rows if row is not None)))
    return answers


def read_table(output: str) -> Table | None:
    """Read the one table that was printed; None if the output is anything else, or more."""
    match read_answers(output):
        case [Table() as table]:
            return table
        case _:
            return None


def _line(values: Sequence[object]) -> str:
    return _SEPARATOR.join(print_cell(value) for value in values)


def _cells(line: str) -> tuple[str, ...] | None:
    cells = [_unescaped(cell) for cell in line.split(_SEPARATOR)]
    return None if None in cells else tuple(cell for cell in cells if cell is not None)


def _unescaped(cell: str) -> str | None:
    """Return the value of a printed cell; None if no value prints like that."""
    characters = iter(cell)
    value = []
    for character in characters:
        if character == "\\":
            following = next(characters, None)
            if following is None:
                return None
            value.append(_UNESCAPED.get(following, following))
        elif character in _ESCAPED:
            return None
        else:
            value.append(character)
    return "".join(value)
