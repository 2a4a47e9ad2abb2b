"""Every expectation in an English sentence, as `evidence.md` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from proof.evidence.markdown import code
from proof.stage.kinds import (
    Answers,
    Contains,
    Equals,
    Every,
    Exits,
    Expectation,
    Lines,
    Reads,
    Refused,
    Rows,
    SameAs,
    Shows,
    SomeOfEach,
    Where,
)
from proof.stage.tables import print_table
from proof.stage.templates import explain_gaps


def describe(expectation: Expectation) -> tuple[str, str]:
    """Return what is expected, as the end of the sentence "Expected: …", and the text that it names, or ""."""
    match expectation:
        case Equals(value):
            return "exactly this output", value
        case Reads(template):
            return f"exactly this output{explain_gaps([template])}", template
        case Shows(columns, [row]):
            pairs = [
                f"{code(name)} is {code(value)}" for name, value in zip(columns, row, strict=True)
            ]
            return f"one row, in which {_and(pairs)}{explain_gaps(row)}", ""
        case Shows(columns, rows):
            gaps = explain_gaps(value for row in rows for value in row)
            return f"exactly this table{gaps}", print_table(columns, rows)
        case SameAs(step):
            return f"the same output as that of the step {code(step)}", ""
        case SomeOfEach(tables):
            each = "the question is" if tables == 1 else f"each of the {tables} questions is"
            return f"{each} answered with at least one row, and nothing is refused", ""
        case _:
            return _describe_part(expectation), ""


def _describe_part(expectation: Expectation) -> str:
    match expectation:
        case Contains(texts, begins, ends):
            parts = [f"begins with {code(begins)}"] if begins else []
            if texts:
                order = ", in this order," if len(texts) > 1 else ""
                parts.append(f"contains{order} {_and(map(code, texts))}")
            parts += [f"ends with {code(ends)}"] if ends else []
            return f"an output that {_and(parts)}{explain_gaps(texts)}"
        case Lines(each, at_least, last):
            return (
                f"at least {at_least} lines that all read {code(each)}{explain_gaps([each])}, and after them "
                f"{code(last)}"
            )
        case Exits(status):
            return "an exit status above 0" if status is None else f"exit status {status}"
        case Refused(sqlstate, message, after):
            first = f"the answers {_and(map(code, after))}, and then " if after else ""
            return (
                f"{first}a refusal with SQLSTATE {sqlstate} and the message {code(message)}"
                f"{explain_gaps([message, *after])}"
            )
        case Answers(status, values):
            pairs = [f"{code(name)} is {code(value)}" for name, value in values]
            body = f" and a JSON object in which {_and(pairs)}" if pairs else ""
            return f"HTTP status {status}{body}"
        case Rows(at_least, at_most, where):
            return f"{_number(at_least, at_most)}{_which(where)}"
        case Every(column, allowed, at_least, at_most, where):
            value = _bounds(at_least, at_most) if not allowed else _or(map(code, allowed))
            such = "such row" if where else "row"
            return (
                f"{code(column)} is {value} in every row{_which(where)}{explain_gaps(allowed)}; there is at least one "
                f"{such}"
            )
        case _:
            raise ValueError(f"{expectation} has no sentence")


def _number(at_least: int, at_most: int | None) -> str:
    if at_most == 0:
        return "no row"
    if at_least == at_most:
        return f"exactly {_rows(at_least)}"
    if at_most is None:
        return f"at least {_rows(at_least)}"
    return f"{at_least} to {_rows(at_most)}"


def _rows(number: int) -> str:
    return f"{number} row{'' if number == 1 else 's'}"


def _bounds(at_least: int | None, at_most: int | None) -> str:
    if at_most is None:
        return f"at least {at_least}"
    return f"at most {at_most}" if at_least is None else f"{at_least} to {at_most}"


def _which(where: Sequence[Where]) -> str:
    conditions = [f"{code(one.column)} is {_or(map(code, one.allowed))}" for one in where]
    return (
        f" in which {_and(conditions)}{explain_gaps(t for one in where for t in one.allowed)}"
        if conditions
        else ""
    )


def _and(parts: Iterable[str]) -> str:
    return _joined(list(parts), "and")


def _or(parts: Iterable[str]) -> str:
    return _joined(list(parts), "or")


def _joined(parts: list[str], word: str) -> str:
    *others, last = parts
    return f"{', '.join(others)} {word} {last}" if others else last
