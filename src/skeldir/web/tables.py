"""Tables as data: columns with a kind, rows of values, totals. The templates only arrange them.

A table shows money of one currency: sums of several are never in one column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from markupsafe import Markup

from skeldir.web.formats import Formats, Unknown

Kind = Literal["text", "number", "money", "ratio", "percent", "date", "moment"]
Value = str | int | Decimal | Fraction | date | datetime | Unknown | Markup


@dataclass(frozen=True, slots=True)
class Sort:
    """A link that sorts by a column, and how it is sorted by it now: by neither if `direction` is None."""

    href: str
    direction: Literal["ascending", "descending"] | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `note` explains its numbers in one sentence; money needs the `currency` of all its amounts."""

    title: str
    kind: Kind = "text"
    currency: str | None = None
    note: str | None = None
    sort: Sort | None = None
    places: int = 2
    """How many decimals a ratio has."""

    @property
    def is_numeric(self) -> bool:
        """Whether its values stand at the right."""
        return self.kind in ("number", "money", "ratio", "percent")

    def write(self, value: Value, formats: Formats) -> str:
        """Return a known value as text of the locale.

        Raises `TypeError` for a value of another type than the column's kind: what was meant as cents must not be
        shown as a count.
        """
        match self.kind, value:
            case (("text" | "date" | "moment"), str()):
                return value  # in a column of days, the heading of totals
            case "number", int():
                return formats.number(value)
            case "money", int() if self.currency is not None:
                return formats.money(value, self.currency)
            case "ratio", Decimal() | Fraction():
                return formats.fixed(value, self.places)
            case "percent", Decimal() | Fraction():
                return formats.percent(value)
            case "moment", datetime():
                return formats.time_tag(value)
            case "date", date() if not isinstance(value, datetime):
                return formats.day(value)
        raise TypeError(f"{type(value).__name__} is no value of the column {self.title}.")


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with what goes with it: the rows that it is made of (`href`), a second line, a bar for its share."""

    value: Value
    href: str | None = None
    note: str | None = None
    share: Fraction | None = None
    picture: Markup | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table; each row has one cell for each column, and its first cell is its heading.

    `download` is the address of a CSV file with exactly these rows. `empty` says why there are none.
    Raises `ValueError` for a row of another length.
    """

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str
    totals: tuple[Cell, ...] | None = None
    download: str | None = None
    groups: tuple[tuple[str, int], ...] = field(default=())
    """Headings above several columns, with how many each spans; together they span all."""
    note: str | None = None
    """What its rows are, in a sentence or two above them."""

    def __post_init__(self) -> None:
        rows = (*self.rows, self.totals) if self.totals else self.rows
        if any(len(row) != len(self.columns) for row in rows):
            raise ValueError("A row needs one cell for each column.")
        if self.groups and sum(span for _, span in self.groups) != len(self.columns):
            raise ValueError("The groups must span all columns.")
