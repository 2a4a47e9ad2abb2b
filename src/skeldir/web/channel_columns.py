"""Columns that rows can be sorted by: a link in each heading, and the order of rows that the address asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from skeldir.web.formats import Unknown
from skeldir.web.tables import Cell, Column, Kind, Sort

if TYPE_CHECKING:
    from skeldir.web.reports import Report

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class SortedColumn(Generic[RowT]):
    """A column by its name in the address, and how a cell is made of a row and of the totals."""

    name: str
    title: str
    make: Callable[[RowT], Cell]
    kind: Kind = "text"
    currency: str | None = None
    note: str | None = None

    def heading(self, report: Report, order: str) -> Column:
        """Return the column with its link: numbers begin with the largest, texts with the first."""
        first = self.name if self.kind == "text" else f"-{self.name}"
        other = f"-{self.name}" if self.kind == "text" else self.name
        href = report.link(sort=other if order == first else first)
        direction = {self.name: "ascending", f"-{self.name}": "descending"}.get(order)
        return Column(
            self.title,
            self.kind,
            self.currency,
            self.note,
            Sort(href, direction),  # type: ignore[arg-type]
        )


def arrange(
    columns: Sequence[SortedColumn[RowT]], rows: Sequence[RowT], order: str, otherwise: str
) -> tuple[str, tuple[tuple[Cell, ...], ...]]:
    """Return how the rows are sorted, and their cells in that order.

    `order` is the name of a column, with a minus sign for the largest first; `otherwise` is the order if it is not that
    of any column. Unknown values are last, in either direction.
    """
    places = {column.name: place for place, column in enumerate(columns)}
    if order.removeprefix("-") not in places:
        order = otherwise
    place = places[order.removeprefix("-")]
    made = [tuple(column.make(row) for column in columns) for row in rows]
    known = [cells for cells in made if not isinstance(cells[place].value, Unknown)]
    left = [cells for cells in made if isinstance(cells[place].value, Unknown)]
    # By name first: equal values stay in an order that does not depend on the statement.
    known.sort(key=lambda cells: str(cells[0].value))
    known.sort(key=lambda cells: cells[place].value, reverse=order.startswith("-"))  # type: ignore[arg-type, return-value]
    left.sort(key=lambda cells: str(cells[0].value))
    return order, tuple(known + left)
