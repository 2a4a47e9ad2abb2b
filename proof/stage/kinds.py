"""What a step's output must be: a closed set of rules that are data, so that anybody can apply them again later."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field

from proof.stage.tables import Table, read_answers, read_table
from proof.stage.templates import compiled, fits, fits_one, has_gaps

Named: TypeAlias = Mapping[str, str]
"""The outputs of the check's earlier steps that have a name."""


@dataclass(frozen=True, slots=True)
class Where:
    """Which rows are meant: those whose value of `column` fits one of the templates `allowed`."""

    column: str
    allowed: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what means no row.

        Raises:
            ValueError: no value is allowed.
        """
        if not self.allowed:
            raise ValueError("rows are meant by at least one value")


@dataclass(frozen=True, slots=True)
class Equals:
    """The output is exactly `value`."""

    value: str
    kind: Literal["equals"] = "equals"

    def is_met(self, output: str, _: Named) -> bool:
        return output == self.value


@dataclass(frozen=True, slots=True)
class Reads:
    """The output is exactly `template`, with its gaps filled."""

    template: str
    kind: Literal["reads"] = "reads"

    def is_met(self, output: str, _: Named) -> bool:
        return fits(self.template, output)


@dataclass(frozen=True, slots=True)
class Contains:
    """The output begins with `begins`, then has the templates `texts` one after another, and ends with `ends`."""

    texts: tuple[str, ...]
    begins: str = ""
    ends: str = ""
    kind: Literal["contains"] = "contains"

    def __post_init__(self) -> None:
        """Refuse what every output meets.

        Raises:
            ValueError: there is no text.
        """
        if not any((*self.texts, self.begins, self.ends)):
            raise ValueError("an output that must contain nothing is none in particular")

    def is_met(self, output: str, _: Named) -> bool:
        if not output.startswith(self.begins) or not output.endswith(self.ends):
            return False
        place, end = len(self.begins), len(output) - len(self.ends)
        for text in self.texts:
            found = compiled(text).search(output, place, end)
            if found is None:
                return False
            place = found.end()
        return place <= end


@dataclass(frozen=True, slots=True)
class Lines:
    """The output has at least `at_least` lines that each fit `each`, and after them the line `last`."""

    each: str
    at_least: int
    last: str
    kind: Literal["lines"] = "lines"

    def __post_init__(self) -> None:
        """Refuse a listing that may be empty.

        Raises:
            ValueError: no line is asked for.
        """
        if self.at_least < 1:
            raise ValueError("a listing needs at least one line")

    def is_met(self, output: str, _: Named) -> bool:
        *lines, last = output.split("\n")
        return (
            last == self.last
            and len(lines) >= self.at_least
            and all(fits(self.each, line) for line in lines)
        )


@dataclass(frozen=True, slots=True)
class Exits:
    """The command ended with this exit status; with None, with any other than 0."""

    status: int | None
    kind: Literal["exits"] = "exits"

    def is_met(self, output: str, _: Named) -> bool:
        wanted = "exit status <count>" if self.status is None else f"exit status {self.status}"
        return fits(wanted, output.rpartition("\n")[2])


@dataclass(frozen=True, slots=True)
class Refused:
    """PostgreSQL answered the statements with the command tags `after`, and then refused one with `sqlstate`."""

    sqlstate: str
    message: str = "<text>"
    after: tuple[str, ...] = ()
    kind: Literal["refused"] = "refused"

    def is_met(self, output: str, _: Named) -> bool:
        answers = read_answers(output)
        wanted = (*self.after, f"ERROR {self.sqlstate}: {self.message}")
        return (
            answers is not None
            and len(answers) == len(wanted)
            and all(
                isinstance(answer, str) and fits(template, answer)
                for template, answer in zip(wanted, answers, strict=True)
            )
        )


@dataclass(frozen=True, slots=True)
class Answers:
    """The HTTP answer has this status, and its body is a JSON object with these values, each written as JSON."""

    status: int
    values: tuple[tuple[str, str], ...] = ()
    kind: Literal["answers"] = "answers"

    def is_met(self, output: str, _: Named) -> bool:
        head, _break, rest = output.partition("\n")
        if head != f"HTTP {self.status}":
            return False
        if not self.values:
            return True
        body = _json_object(rest.partition("\n\n")[2])
        return all(body.get(name) == value for name, value in self.values)


@dataclass(frozen=True, slots=True)
class Shows:
    """The output is one table with exactly these columns, and rows that fit these templates, in this order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    kind: Literal["shows"] = "shows"

    def __post_init__(self) -> None:
        """Refuse what is no table.

        Raises:
            ValueError: there is no column, or a row has another number of values.
        """
        if not self.columns or any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("a table has columns, and a value of each in every row")

    def is_met(self, output: str, _: Named) -> bool:
        table = read_table(output)
        return (
            table is not None
            and table.columns == self.columns
            and len(table.rows) == len(self.rows)
            and all(
                fits(template, value)
                for wanted, row in zip(self.rows, table.rows, strict=True)
                for template, value in zip(wanted, row, strict=True)
            )
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """The output is one table, and the number of its rows that `where` means is within bounds."""

    at_least: int = 0
    at_most: int | None = None
    where: tuple[Where, ...] = ()
    kind: Literal["rows"] = "rows"

    def __post_init__(self) -> None:
        """Refuse what every table meets.

        Raises:
            ValueError: there is no bound.
        """
        if self.at_least <= 0 and self.at_most is None:
            raise ValueError("a number of rows needs a bound")

    def is_met(self, output: str, _: Named) -> bool:
        rows = _rows_of(output, self.where)
        return rows is not None and _is_within(len(rows), self.at_least, self.at_most)


@dataclass(frozen=True, slots=True)
class Every:
    """The output is one table, and all rows that are meant by `where`, of which there is at least one, are so.

    Their value of `column` fits one of the templates `allowed`, or is an integer within the bounds.
    """

    column: str
    allowed: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    where: tuple[Where, ...] = ()
    kind: Literal["every"] = "every"

    def __post_init__(self) -> None:
        """Refuse what every value meets, and what says two things.

        Raises:
            ValueError: there are neither templates nor bounds, or both.
        """
        if bool(self.allowed) == (self.at_least is not None or self.at_most is not None):
            raise ValueError("a column needs either values or bounds")

    def is_met(self, output: str, _: Named) -> bool:
        rows = _rows_of(output, self.where)
        if not rows or any(self.column not in row for row in rows):
            return False
        return all(self._is_allowed(row[self.column]) for row in rows)

    def _is_allowed(self, value: str) -> bool:
        if self.allowed:
            return fits_one(self.allowed, value)
        digits = value.removeprefix("-")
        is_number = digits.isascii() and digits.isdecimal()
        return is_number and _is_within(int(value), self.at_least, self.at_most)


@dataclass(frozen=True, slots=True)
class SomeOfEach:
    """PostgreSQL refused no statement, and answered exactly `tables` of them with a table that has rows."""

    tables: int
    kind: Literal["some_of_each"] = "some_of_each"

    def __post_init__(self) -> None:
        """Refuse what nothing answers.

        Raises:
            ValueError: no table is asked for.
        """
        if self.tables < 1:
            raise ValueError("some of each needs at least one table")

    def is_met(self, output: str, _: Named) -> bool:
        answers = read_answers(output) or []
        tables = [answer for answer in answers if isinstance(answer, Table)]
        is_refused = any(isinstance(one, str) and one.startswith("ERROR") for one in answers)
        return not is_refused and len(tables) == self.tables and all(one.rows for one in tables)


@dataclass(frozen=True, slots=True)
class SameAs:
    """The output is that of the check's earlier step of this name."""

    step: str
    kind: Literal["same_as"] = "same_as"

    def is_met(self, output: str, named: Named) -> bool:
        return named.get(self.step) == output


Expectation: TypeAlias = Annotated[
    Equals
    | Reads
    | Contains
    | Lines
    | Exits
    | Refused
    | Answers
    | Shows
    | Rows
    | Every
    | SomeOfEach
    | SameAs,
    Field(discriminator="kind"),
]
KINDS: Final = (
    *(Equals, Reads, Contains, Lines, Exits, Refused, Answers, Shows, Rows, Every),
    *(SomeOfEach, SameAs),
)


def fixes_output(expectation: Expectation) -> bool:
    """Say whether only one output meets the expectation, so that a second run must repeat it."""
    match expectation:
        case Equals() | SameAs():
            return True
        case Reads(template):
            return not has_gaps([template])
        case Shows(_, rows):
            return not has_gaps(value for row in rows for value in row)
        case _:
            return False


def _rows_of(output: str, where: Sequence[Where]) -> list[dict[str, str]] | None:
    """Return the rows that are meant; None if the output is no table, or its columns are not unambiguous."""
    table = read_table(output)
    if table is None or len(set(table.columns)) != len(table.columns):
        return None
    if any(one.column not in table.columns for one in where):
        return None
    return [
        row
        for row in table.as_dicts()
        if all(fits_one(one.allowed, row[one.column]) for one in where)
    ]


def _is_within(number: int, at_least: int | None, at_most: int | None) -> bool:
    return (at_least is None or number >= at_least) and (at_most is None or number <= at_most)


def _json_object(text: str) -> dict[str, str]:
    """Return each field of a JSON object with its value as JSON again; nothing if it is none, or has a name twice."""

    def fields_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    try:
        body = json.loads(text, object_pairs_hook=fields_of)
    except ValueError:
        return {}
    return {name: json_of(value) for name, value in body.items()} if isinstance(body, dict) else {}


def json_of(value: object) -> str:
    """Return a value as JSON, written in the one way that is compared."""
    return json.dumps(value, sort_keys=True)


def with_texts(expectation: Any, change: Callable[[str], str]) -> Any:
    """Return an expectation with each of its texts changed, for instance without secrets."""
    if isinstance(expectation, str):
        return change(expectation)
    if isinstance(expectation, tuple):
        return tuple(with_texts(one, change) for one in expectation)
    if is_dataclass(expectation) and not isinstance(expectation, type):
        changed = {
            field.name: with_texts(getattr(expectation, field.name), change)
            for field in fields(expectation)
            if field.name != "kind"
        }
        return replace(expectation, **changed)
    return expectation
