"""The words in which a check says what it expects of an output; each makes one of the `kinds`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proof.stage.kinds import (
    Answers,
    Contains,
    Equals,
    Every,
    Exits,
    Lines,
    Reads,
    Refused,
    Rows,
    SameAs,
    Shows,
    SomeOfEach,
    Where,
    json_of,
)
from proof.stage.tables import text_of


def equals(value: str) -> Equals:
    """Expect exactly this output."""
    return Equals(value)


def reads(template: str) -> Reads:
    """Expect exactly this output, with gaps such as `<count>` (see `templates`)."""
    return Reads(template)


def done(*tags: str) -> Reads:
    """Expect that PostgreSQL carried the statements out, each with its command tag, which may have gaps."""
    return Reads("\n".join(tags))


def contains(*texts: str, begins: str = "", ends: str = "") -> Contains:
    """Expect these templates in the output, in this order, between its beginning and its end."""
    return Contains(texts, begins, ends)


def lines(each: str, *, at_least: int, last: str) -> Lines:
    """Expect lines that all fit a template, and after them the last one."""
    return Lines(each, at_least, last)


def exits(status: int) -> Exits:
    """Expect that the command ended with this status."""
    return Exits(status)


def fails() -> Exits:
    """Expect that the command ended with an exit status above 0."""
    return Exits(None)


def refused(sqlstate: str, message: str = "<text>", *, after: Sequence[str] = ()) -> Refused:
    """Expect that PostgreSQL refused the last statement, and answered those before with these tags."""
    return Refused(sqlstate, message, tuple(after))


def answers(status: int, **values: object) -> Answers:
    """Expect an HTTP answer with this status, and a JSON object with these values as its body."""
    written = ((name, json_of(value)) for name, value in values.items())
    return Answers(status, tuple(written))


def shows(columns: Sequence[str], *rows: Sequence[object]) -> Shows:
    """Expect exactly this table; its values may have gaps."""
    return Shows(tuple(columns), tuple(tuple(map(text_of, row)) for row in rows))


def one_row(**values: object) -> Shows:
    """Expect a table of one row, with exactly these columns and values, which may have gaps."""
    return shows(tuple(values), tuple(values.values()))


def no_rows(where: Mapping[str, object] = {}) -> Rows:
    """Expect a table without rows, or without such rows."""
    return Rows(at_most=0, where=_where(where))


def rows(
    *,
    at_least: int = 0,
    exactly: int | None = None,
    where: Mapping[str, object] = {},
) -> Rows:
    """Expect a table with this number of rows, or of such rows."""
    return Rows(at_least if exactly is None else exactly, exactly, _where(where))


def has_row(**values: object) -> Rows:
    """Expect a table with at least one row of these values."""
    return Rows(at_least=1, where=_where(values))


def every(
    column: str,
    *allowed: object,
    at_least: int | None = None,
    at_most: int | None = None,
    where: Mapping[str, object] = {},
) -> Every:
    """Expect a table with rows, or such rows, that all have one of these values in the column, or one in bounds."""
    return Every(column, tuple(map(text_of, allowed)), at_least, at_most, _where(where))


def some_rows_of_each(tables: int) -> SomeOfEach:
    """Expect that this number of questions was answered, each with at least one row, and no statement refused."""
    return SomeOfEach(tables)


def same_as(step: str) -> SameAs:
    """Expect the output of the check's earlier step of this name."""
    return SameAs(step)


def _where(values: Mapping[str, object]) -> tuple[Where, ...]:
    return tuple(
        Where(column, tuple(map(text_of, allowed if isinstance(allowed, tuple) else (allowed,))))
        for column, allowed in values.items()
    )
