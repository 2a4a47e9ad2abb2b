"""The numbers and days in the cells of an export: the marks are found in all rows, or asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

from skeldir.clock import utc_now
from skeldir.ingest.files import (
    AmountEvidence,
    DateOrder,
    DecimalMark,
    currencies_of_sign,
    group_less,
    possible_orders,
    read_written,
    take_apart,
)
from skeldir.money import CURRENCIES
from skeldir.spend.files.refusals import (
    AmountsOpen,
    CurrencyContradicted,
    DatesOpen,
    RowUnreadable,
)
from skeldir.spend.files.tables import Cell

Located: TypeAlias = tuple[int, Cell]
"""The line of a cell, and the cell."""

_UNKNOWN: Final = frozenset({"", "-", "--", "\u2013", "\u2014", "n/a", "null", "none", "< 10%"})
_GROUPED: Final = re.compile(r"[0-9]{1,3}([.,' \u00a0\u202f])[0-9]{3}(?:\1[0-9]{3})*")
_FIRST_YEAR: Final = 2000
_LARGEST: Final = Decimal(10) ** 15


def is_unknown(cell: Cell) -> bool:
    """Return whether a cell says that there is no number: never the same as 0."""
    return cell is None or (isinstance(cell, str) and cell.strip().casefold() in _UNKNOWN)


def find_mark(
    amounts: Sequence[Sequence[Cell]], counts: Iterable[Cell], given: DecimalMark | None
) -> DecimalMark:
    """Return the decimal mark of a file's amounts, from all of them and from its whole numbers.

    Raises:
        AmountsOpen: they show none, and one is needed; or they show both.
    """
    if given is not None:
        return given
    evidence = AmountEvidence()
    for column in amounts:
        evidence.add_all(cell for cell in column if isinstance(cell, str))
    for cell in counts:
        # Of a whole number, the mark before three digits is that of thousands.
        if isinstance(cell, str) and (found := _GROUPED.fullmatch(cell.strip())):
            if found[1] == ".":
                evidence.proofs.setdefault(",", cell.strip())
            elif found[1] == ",":
                evidence.proofs.setdefault(".", cell.strip())
    if len(evidence.proofs) > 1:
        raise AmountsOpen(
            f'The numbers are written in two ways, "{evidence.proofs["."]}" and "{evidence.proofs[","]}".',
            cure="Export it again; if one of them is right for the whole file, set --decimal-mark to . or ,",
        )
    if evidence.mark is None and evidence.undecided:
        raise AmountsOpen(
            f'"{evidence.undecided}" may be a thousand or one, and no number of the file shows its decimal mark.',
            cure="Set --decimal-mark to . or ,",
        )
    return evidence.mark or "."


@dataclass(frozen=True, slots=True)
class NumberReader:
    """Reads numbers with a decimal mark; `is_fine`: the column has amounts of more than three decimals."""

    column: str
    mark: DecimalMark
    is_fine: bool = False

    def read(self, line: int, cell: Cell, currency: str | None = None) -> Decimal | None:
        """Return the number in a cell, None if it says that there is none.

        Raises:
            RowUnreadable: it is something else.
            AmountsOpen: it may be a thousand times larger.
            CurrencyContradicted: a sign beside it is of another currency.
        """
        if is_unknown(cell):
            return None
        if isinstance(cell, Decimal):
            return self._bounded(line, cell)
        written = take_apart(cell) if isinstance(cell, str) else None
        parts = None if written is None else group_less(written.number, self.mark)
        if written is None or parts is None:
            raise self._unreadable(line, cell)
        whole, decimals, has_groups = parts
        for sign in written.signs:
            meant = currencies_of_sign(sign)
            if meant is None:
                raise self._unreadable(line, cell)
            if currency is not None and currency not in meant:
                raise CurrencyContradicted(
                    f'Line {line}: "{str(cell)[:40]}" in the column "{self.column}" is not in {currency}.',
                    cure="Correct --currency, or export the file again in one currency.",
                )
        places = CURRENCIES.get(currency or "", 2)
        if places == 0 and decimals.strip("0") and len(decimals) <= 2:
            raise CurrencyContradicted(
                f'Line {line}: "{str(cell)[:40]}" has decimals, and {currency} has none.',
                cure="Check the currency, and that the amounts were not converted.",
            )
        may_be_group = len(decimals) == 3 and not has_groups and len(whole) <= 3 and whole[0] != "0"
        if may_be_group and not self.is_fine and places < 3:
            raise AmountsOpen(
                f'Line {line}: in "{str(cell)[:40]}" the mark may be one of thousands.',
                cure="Set --decimal-mark if it is none of thousands; else export it again with two decimals.",
            )
        number = Decimal(f"{whole}.{decimals or 0}")
        return self._bounded(line, -number if written.is_negative else number)

    def read_whole(self, line: int, cell: Cell) -> int | None:
        """Return the whole number in a cell that is not negative, None if there is none. Raises as `read`."""
        if isinstance(cell, str) and _GROUPED.fullmatch(cell.strip()):
            cell = re.sub(r"\D", "", cell)
        number = self.read(line, cell)
        if number is None:
            return None
        if number != int(number) or number < 0:
            raise self._unreadable(line, cell)
        return int(number)

    def _bounded(self, line: int, number: Decimal) -> Decimal:
        if not number.is_finite() or abs(number) >= _LARGEST:
            raise self._unreadable(line, number)
        return number

    def _unreadable(self, line: int, cell: Cell) -> RowUnreadable:
        shown = str(cell)
        shown = f'"{shown}"' if len(shown) <= 24 else f"{len(shown)} characters"
        return RowUnreadable(
            f'Line {line} has {shown} in the column "{self.column}", which is no number as the others are.',
            cure="Correct the row, or export the file again.",
        )


def number_reader(
    column: str, mark: DecimalMark, cells: Iterable[Cell], given: DecimalMark | None
) -> NumberReader:
    """Return the reader of a column; amounts of an API may have many decimals, and a mark that was given is certain."""
    is_fine = given is not None or any(
        isinstance(cell, str) and len(cell.strip().rpartition(mark)[2]) > 3 and mark in cell
        for cell in cells
    )
    return NumberReader(column, mark, is_fine)


def read_days(
    cells: Sequence[Located], given: DateOrder | None, preset: DateOrder | None
) -> list[date]:
    """Return the days in cells; all of them are written in one order.

    Raises:
        DatesOpen: several orders fit all of them, or none does.
        RowUnreadable: a cell holds no day, a moment within one, or a day that cannot be.
    """
    texts: dict[str, int] = {}
    for line, cell in cells:
        texts.setdefault(_day_text(line, cell), line)
    orders: set[DateOrder] = {"day_first", "month_first", "year_first", "month_name"}
    for text, line in texts.items():
        possible = possible_orders(text)
        if not possible:
            raise _no_day(line, text)
        before, orders = orders, orders & possible
        if not orders:
            raise DatesOpen(
                f'Line {line}: "{text[:40]}" is not written as the days before it are.',
                cure=f"Export it again: {_orders(before)} fitted until there.",
            )
    if "month_name" in orders:
        # A month that has a name leaves nothing open.
        orders = {"month_name"}
    chosen = given or (preset if preset in orders else None)
    if chosen is None and len(orders) > 1:
        raise DatesOpen(
            f'Which number in "{next(iter(texts))[:40]}" is the day? No row shows it.',
            cure="Set --date-order to day-first or month-first.",
        )
    order = next(iter(orders)) if chosen is None else chosen
    days = {text: _read_day(line, text, order) for text, line in texts.items()}
    return [days[_day_text(line, cell)] for line, cell in cells]


def _read_day(line: int, text: str, order: DateOrder) -> date:
    written = read_written(text, order)
    if written is None or (written.has_time and text.partition(" ")[2].strip(" 0:.")):
        raise _no_day(line, text)
    day = written.local.date()
    if day.year < _FIRST_YEAR or day > utc_now().date() + timedelta(days=1):
        raise RowUnreadable(
            f"Line {line} is of the day {day}, which cannot be.",
            cure="Set --date-order if day and month are the other way round; else export it again.",
        )
    return day


def _orders(orders: Iterable[DateOrder]) -> str:
    return " or ".join(sorted(order.replace("_", "-") for order in orders))


def _day_text(line: int, cell: Cell) -> str:
    text = str(cell).strip() if isinstance(cell, str) else ""
    if not text:
        raise _no_day(line, "")
    return text.replace("T00:00:00", "").removesuffix("Z") if "T" in text else text


def _no_day(line: int, text: str) -> RowUnreadable:
    return RowUnreadable(
        f'Line {line} has "{text[:24]}" where the day should be.',
        cure="Export it again by day; a row of totals must say so in its first cell.",
    )
