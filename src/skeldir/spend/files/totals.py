"""Rows of totals: separated from the rows of days, and compared with their sums."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from skeldir.ingest.files import are_totals
from skeldir.spend.files.refusals import RowsMissing

_ROWS: Final = re.compile(r"\W*Rows: ([0-9][0-9,]*)\W*", re.IGNORECASE)
_COUNTED: Final = ("cost", "impressions", "clicks")
"""What sums up over rows, so that a total must be its sum."""


def says_total(cells: Sequence[object]) -> bool:
    """Return whether the first cell of a row that is not empty says that it holds totals."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    return are_totals(texts)


def stated_rows(before: Sequence[str]) -> int | None:
    """Return how many rows the lines before the header say that there are."""
    for line in before:
        if found := _ROWS.fullmatch(line):
            return int(found[1].replace(",", ""))
    return None


def check_rows(before: Sequence[str], rows: int, name: str) -> bool:
    """Compare the number of rows with what the file says, and return whether it says it. Raises RowsMissing."""
    stated = stated_rows(before)
    if stated is not None and stated != rows:
        raise RowsMissing(
            f"{name} says that it has {stated} rows, and it has {rows}.", cure="Export it again."
        )
    return stated is not None


def check_totals(
    totals: Sequence[Mapping[str, Decimal | None]], sums: Mapping[str, Decimal], name: str
) -> bool:
    """Compare rows of totals with the sums of the rows, and return whether one of them could be compared.

    One of them must agree: a report may have the total of all campaigns of the account below that of those it shows.

    Raises:
        RowsMissing: none agrees.
    """
    compared = [found for total in totals if (found := _differences(total, sums)) is not None]
    if not compared:
        return False
    if [] in compared:
        return True
    field, stated, total_of_rows = compared[0][0]
    raise RowsMissing(
        f"{name} says that its total {field} is {stated:f}, and its rows sum to {total_of_rows:f}.",
        cure="Export it again, with all rows; if they were changed on purpose, remove the rows of totals.",
    )


def _differences(
    total: Mapping[str, Decimal | None], sums: Mapping[str, Decimal]
) -> list[tuple[str, Decimal, Decimal]] | None:
    """Return the fields in which a total differs from the sums, or None if no cost can be compared."""
    known = {field: stated for field in _COUNTED if (stated := total.get(field)) is not None}
    if "cost" not in known:
        return None
    return [
        (field, stated, sums[field])
        for field, stated in known.items()
        if field in sums and not _are_equal(stated, sums[field])
    ]


def _are_equal(stated: Decimal, total: Decimal) -> bool:
    """Return whether a total is the sum, up to what its last digit leaves open if it has decimals."""
    exponent = stated.as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) else 0
    margin = Decimal(5).scaleb(-digits - 1) if digits >= 2 else Decimal(0)
    return abs(stated - total) <= margin
