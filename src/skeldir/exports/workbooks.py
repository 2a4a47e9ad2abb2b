"""Writes a part as a workbook (.xlsx) for Excel, LibreOffice and Google Sheets. Only `formats` loads XlsxWriter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import xlsxwriter

from skeldir.exports.pages import with_amounts
from skeldir.exports.parts import Kind, Part, shown_columns
from skeldir.money import decimals

if TYPE_CHECKING:
    from typing import BinaryIO

    from skeldir.exports.pages import Page

_OPTIONS: Final = {
    # A row is written as soon as the next one begins. A text is a text, whatever it begins with.
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "default_date_format": "yyyy-mm-dd",
}
_MOMENT: Final = "yyyy-mm-dd hh:mm:ss.000"
_MICROSECONDS: Final = 1_000_000
_WIDTHS: Final[Mapping[str, int]] = {"id": 38, "moment": 24, "text": 24, "day": 11}


class WorkbookEncoder:
    """One sheet. Money and numbers are numbers, with as many decimals as their currency has; times are UTC."""

    def __init__(self, part: Part, file: BinaryIO, metadata: Mapping[str, str]) -> None:
        self._part = part
        self._columns = shown_columns(part)
        self._book = xlsxwriter.Workbook(file, _OPTIONS)
        # Without it, the file would have the time of writing in it.
        created = datetime.fromisoformat(metadata["skeldir.as_of"]).replace(tzinfo=None)
        self._book.set_properties({"title": part.name, "created": created})
        self._book.set_custom_property("skeldir.as_of", metadata["skeldir.as_of"], "text")
        self._sheet = self._book.add_worksheet(part.name)
        self._moment = self._book.add_format({"num_format": _MOMENT})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._whole = self._book.add_format({"num_format": "0"})
        self._amounts: dict[str, Any] = {}
        self._row = 1
        self._begin()

    def write(self, page: Page) -> None:
        """Write the rows of a page."""
        values = with_amounts(self._part, page)
        columns = [values[name] for name, _ in self._columns]
        currencies = values.get("currency", ("",) * page.rows)
        for row in range(page.rows):
            for place, (_, kind) in enumerate(self._columns):
                self._put(place, kind, columns[place][row], currencies[row])
            self._row += 1

    def close(self) -> None:
        """Write the file: all of it comes now."""
        self._book.close()

    def _begin(self) -> None:
        bold = self._book.add_format({"bold": True})
        self._sheet.freeze_panes(1, 0)
        for place, (name, kind) in enumerate(self._columns):
            self._sheet.set_column(place, place, _WIDTHS.get(kind, 16))
            self._sheet.write_string(0, place, name, bold)

    def _put(self, place: int, kind: Kind | str, value: Any, currency: str) -> None:
        if value is None:
            return
        if kind == "moment":
            moment = datetime.fromtimestamp(value // _MICROSECONDS, UTC).replace(
                microsecond=value % _MICROSECONDS, tzinfo=None
            )
            self._sheet.write_datetime(self._row, place, moment, self._moment)
        elif kind == "day":
            self._sheet.write_datetime(self._row, place, value, self._day)
        elif kind == "amount":
            self._sheet.write_number(self._row, place, Decimal(value), self._format_of(currency))
        elif kind == "decimal":
            self._sheet.write_number(self._row, place, Decimal(value))
        elif kind in ("cents", "whole"):
            self._sheet.write_number(self._row, place, value, self._whole)
        else:
            self._sheet.write_string(self._row, place, value)

    def _format_of(self, currency: str) -> Any:
        found = self._amounts.get(currency)
        if found is None:
            digits = decimals(currency)
            form = f"0.{'0' * digits}" if digits else "0"
            found = self._amounts[currency] = self._book.add_format({"num_format": form})
        return found
