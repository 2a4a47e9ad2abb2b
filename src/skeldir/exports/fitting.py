"""What a workbook can hold: whatever does not fit is refused before anything is written. Pure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from skeldir.errors import SkeldirError

if TYPE_CHECKING:
    from skeldir.exports.pages import Page
    from skeldir.exports.parts import Part

MOST_ROWS: Final = 100_000
_LONGEST_TEXT: Final = 32_767
_MOST_EXACT: Final = 10**15
_TEXTS: Final = frozenset({"text", "code", "id"})
_NUMBERS: Final = frozenset({"cents", "whole"})


class WorkbookTooLarge(SkeldirError):
    """A part has more rows than a workbook of ours, or a value that no spreadsheet keeps as it is."""

    code = "workbook_too_large"
    status = 422
    title = "The data do not fit into a workbook"


async def require_fit(part: Part, pages: AsyncIterator[Page]) -> None:
    """Read all pages of a part, until something does not fit into a workbook.

    Raises:
        WorkbookTooLarge: there are more than 100,000 rows, a text of more than 32,767 UTF-16 units, or a number of more
            than 15 digits, of which a spreadsheet would change the last.
    """
    rows = 0
    async for page in pages:
        rows += page.rows
        if rows > MOST_ROWS:
            raise WorkbookTooLarge(
                f"The part {part.name} has more than {MOST_ROWS:,} rows.",
                cure="Export fewer days, or CSV, NDJSON or Parquet, which have no limit.",
            )
        _require_cells_fit(part, page)


def _require_cells_fit(part: Part, page: Page) -> None:
    for column in part.columns:
        values = page.columns[column.name]
        if column.kind in _TEXTS:
            is_odd = any(
                value is not None
                and len(value) > _LONGEST_TEXT // 2
                and len(value.encode("utf-16-le")) // 2 > _LONGEST_TEXT
                for value in values
            )
        elif column.kind in _NUMBERS:
            is_odd = any(value is not None and abs(value) >= _MOST_EXACT for value in values)
        else:
            continue
        if is_odd:
            raise WorkbookTooLarge(
                f"{part.name} has a value in {column.name} that a spreadsheet would cut off or round.",
                cure="Leave this part out, or export CSV, NDJSON or Parquet, which keep it.",
            )
