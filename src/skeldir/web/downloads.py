"""A table of a page as a CSV file: exactly the rows and columns that are seen, with numbers that programs can read."""

from __future__ import annotations

import csv
import re
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING, Final

from fastapi import Response

from skeldir.ingest import guard
from skeldir.money import format_minor
from skeldir.web.formats import Unknown
from skeldir.web.frames import PAGE_HEADERS

if TYPE_CHECKING:
    from skeldir.web.tables import Column, Table, Value

_PLACES_OF_RATIOS: Final = 6
_NOT_OF_NAMES: Final = re.compile(r"[^a-z0-9-]+")


def write_csv(table: Table) -> str:
    """Return the table as CSV (RFC 4180): its titles, its rows, its totals.

    Money is a decimal number in its currency, which the title names; moments are in UTC; shares and ratios are
    decimal numbers, where 1 is the whole. An unknown value is an empty cell. Texts that a spreadsheet would run as a
    formula get a `'` before them; numbers never do.
    """
    file = StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(guard(_title(column)) for column in table.columns)
    for row in (*table.rows, *((table.totals,) if table.totals else ())):
        writer.writerow(
            _plain(column, cell.value) for column, cell in zip(table.columns, row, strict=True)
        )
    return file.getvalue()


def send_csv(table: Table, *parts: str) -> Response:
    """Return the table as a file that a browser stores; `parts` of its name say of which days and tenant it is."""
    name = "-".join(_NOT_OF_NAMES.sub("-", part.lower()).strip("-") for part in (*parts, table.key))
    return Response(
        # Spreadsheets take the file for UTF-8 only if it begins with a mark.
        ("\N{BYTE ORDER MARK}" + write_csv(table)).encode(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": PAGE_HEADERS["Cache-Control"],
            "X-Content-Type-Options": "nosniff",
        },
    )


def _title(column: Column) -> str:
    return column.title if column.currency is None else f"{column.title} ({column.currency})"


def _plain(column: Column, value: Value) -> str:
    match value:
        case Unknown():
            return ""
        case datetime():
            return value.isoformat()
        case date():
            return value.isoformat()
        case int() if column.kind == "money" and column.currency is not None:
            return format_minor(value, column.currency).replace(",", "")
        case int():
            return str(value)
        case Decimal() | Fraction():
            return _decimal(Fraction(value))
        case _:
            return str(guard(str(value)))


def _decimal(value: Fraction) -> str:
    scaled = round(value * 10**_PLACES_OF_RATIOS)
    return format(Decimal(scaled).scaleb(-_PLACES_OF_RATIOS), "f")
