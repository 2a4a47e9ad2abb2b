"""Tables of what a change would move between channels: now, then, and the difference; both totals are equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.web.naming import ChannelNames
    from skeldir.web.phrases import Phrases


@dataclass(frozen=True, slots=True)
class Moved:
    """A channel now and then: minor units of a currency, or counts. `orders` are the conversions that it earned."""

    channel: str
    now: int
    then: int
    orders: tuple[Decimal, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class MovedSums:
    """The sums of a table: of all channels now and then, and what moves from some of them to others."""

    now: int
    then: int
    moved: int


def sum_moved(rows: Sequence[Moved]) -> MovedSums:
    """Return the sums of rows of one currency, or of counts."""
    return MovedSums(
        sum(row.now for row in rows),
        sum(row.then for row in rows),
        sum(max(row.then - row.now, 0) for row in rows),
    )


def lay_out_moved(
    say: Phrases,
    names: ChannelNames,
    rows: Sequence[Moved],
    *,
    key: str,
    caption: str,
    currency: str | None = None,
    download: str | None = None,
) -> Table:
    """Return the table of the rows, those that move most first, with totals. Without a currency they are counts."""
    ordered = sorted(rows, key=lambda row: (-abs(row.then - row.now), -row.now, row.channel))
    with_orders = any(row.orders for row in rows)
    columns = (
        Column(say("moved.channel")),
        *_numbers(say, currency),
        *(_orders(say) if with_orders else ()),
    )
    sums = sum_moved(rows)
    zero = Decimal(0)
    total = Moved(
        "",
        sums.now,
        sums.then,
        (
            sum((row.orders[0] for row in rows if row.orders), zero),
            sum((row.orders[1] for row in rows if row.orders), zero),
        ),
    )
    return Table(
        key,
        caption,
        columns,
        tuple((Cell(names(row.channel)), *_cells(row, with_orders=with_orders)) for row in ordered),
        say("moved.none"),
        totals=(Cell(say("table.total")), *_cells(total, with_orders=with_orders)),
        download=download,
        groups=()
        if not with_orders
        else (("", 1), (say("moved.credit"), 3), (say("moved.orders"), 2)),
    )


def _numbers(say: Phrases, currency: str | None) -> tuple[Column, ...]:
    return tuple(
        Column(say(f"moved.{name}"), "number" if currency is None else "money", currency)
        for name in ("now", "then", "difference")
    )


def _orders(say: Phrases) -> tuple[Column, ...]:
    return (Column(say("moved.orders_now"), "ratio"), Column(say("moved.orders_then"), "ratio"))


def _cells(row: Moved, *, with_orders: bool) -> tuple[Cell, ...]:
    numbers = (Cell(row.now), Cell(row.then), Cell(row.then - row.now))
    if not with_orders:
        return numbers
    now, then = row.orders or (Decimal(0), Decimal(0))
    return (*numbers, Cell(now), Cell(then))
