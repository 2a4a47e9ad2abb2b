"""Rows of a file that counts paths: a bad row is refused alone, with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from skeldir.ingest.files.layout import Row
from skeldir.ingest.files.mapping import cell_text
from skeldir.ingest.files.path_counts.asked import LONGEST_SPAN, MOST_TOUCHES, PathsAsked
from skeldir.ingest.nothing import is_nothing
from skeldir.ingest.rejections import ItemRejected, UnreadableItem

MOST_OF_ROW: Final = 100_000_000
"""The most conversions, and the most journeys without one, that a row may count."""

_COUNT: Final = re.compile(r"([0-9]{1,12})(?:\.0*)?")
_VALUE: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?")
_SHOWN: Final = 24


class CountedPath(NamedTuple):
    """A row: names in the order of the touches, how often it ended in which way, and the value of its conversions."""

    row: int
    names: tuple[str, ...]
    conversions: int
    nulls: int
    value: Decimal

    @property
    def journeys(self) -> int:
        """How many journeys the row counts."""
        return self.conversions + self.nulls


class BadRow(NamedTuple):
    """A row that cannot be read."""

    row: int
    reason: UnreadableItem


def read_paths(rows: Iterator[Row], asked: PathsAsked) -> Iterator[CountedPath | BadRow]:
    """Read rows whose cells are those of the columns that are asked for, in their order."""
    columns = asked.columns
    names = columns.wanted
    value_at = None if columns.value is None else names.index(columns.value)
    nulls_at = None if columns.nulls is None else names.index(columns.nulls)
    longest = min(MOST_TOUCHES, LONGEST_SPAN // asked.step)
    separator = asked.separator.strip() or asked.separator
    for number, cells in rows:
        if isinstance(cells, UnreadableItem):
            yield BadRow(number, cells)
            continue
        try:
            path = _names(cells[0], separator, longest)
            conversions = _count(cells[1])
            nulls = 0 if nulls_at is None else _count(cells[nulls_at])
            value = Decimal(0)
            if value_at is not None:
                value = _value(cells[value_at], asked.decimal_mark)
            if value and not conversions:
                raise ItemRejected(
                    "value_without_conversions", "The row has a value and no conversions."
                )
        except ItemRejected as error:
            yield BadRow(number, UnreadableItem(error.item_code, error.detail, {}))
        else:
            yield CountedPath(number, path, conversions, nulls, value)


def _names(cell: object, separator: str, longest: int) -> tuple[str, ...]:
    if not isinstance(cell, str) or is_nothing(cell):
        raise ItemRejected("path_invalid", "The row has no path.")
    names = tuple(name.strip() for name in cell.split(separator))
    if not all(names):
        raise ItemRejected("path_invalid", "A channel of the path has no name.")
    if len(names) > longest:
        raise ItemRejected(
            "path_invalid", f"The path has {len(names):,} touches; {longest:,} are accepted."
        )
    return names


def _count(cell: object) -> int:
    text = cell_text(cell).strip()
    found = None if isinstance(cell, bool) else _COUNT.fullmatch(text)
    if found is None or int(found[1]) > MOST_OF_ROW:
        raise ItemRejected("count_invalid", f"A count is {_shown(text)}.")
    return int(found[1])


def _value(cell: object, mark: str) -> Decimal:
    text = cell_text(cell).strip()
    if is_nothing(text):
        raise ItemRejected("amount_missing", "The row has no value.")
    plain = text if mark == "." or not isinstance(cell, str) else _with_point(text)
    if isinstance(cell, bool) or not _VALUE.fullmatch(plain):
        raise ItemRejected("amount_invalid", f"The value is {_shown(text)}.")
    value = Decimal(plain)
    if value < 0:
        raise ItemRejected("amount_negative", f"The value is {_shown(text)}.")
    return value


def _with_point(text: str) -> str:
    return "" if "." in text else text.replace(",", ".")


def _shown(text: str) -> str:
    return f'"{text}"' if len(text) <= _SHOWN else f"a text of {len(text)} characters"
