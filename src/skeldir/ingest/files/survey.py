"""Reading columns of a whole file before it is imported, where its first rows leave something open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from skeldir.ingest.files.amount_evidence import Answers
from skeldir.ingest.files.layout import FileLayout
from skeldir.ingest.files.mapping import ID_COLUMNS, cell_text
from skeldir.ingest.files.moments import join_cells
from skeldir.ingest.files.readers import open_rows
from skeldir.ingest.nothing import is_nothing
from skeldir.ingest.rejections import UnreadableItem
from skeldir.ingest.spoilt_ids import width_of_ids

ReadColumns: TypeAlias = Callable[[Sequence[str]], Iterator[Sequence[object]]]
"""From names of columns to their cells, row by row, over the whole file; unreadable rows are left out."""


def read_columns(path: Path, layout: FileLayout) -> ReadColumns | None:
    """Return the reader of the columns of a file, or None when its sample has all rows.

    It holds one row at a time. Its rows raise `FileUnreadable` where the file ends early.
    """
    if layout.sample_is_whole:
        return None

    def read(columns: Sequence[str]) -> Iterator[Sequence[object]]:
        with open_rows(path, layout, columns) as stream:
            for _, cells in stream.rows:
                if not isinstance(cells, UnreadableItem):
                    yield cells

    return read


def times_of(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the times of rows with the cells of a moment's columns, as text; empty ones are left out."""
    for cells in rows:
        text = cell_text(join_cells(cells))
        if not is_nothing(text):
            yield text


def settle_ids(
    columns: Mapping[str, object],
    values_of: Callable[[str], Sequence[str]],
    given: Mapping[str, object],
) -> Answers:
    """Return the widths of the ids whose leading zeros a spreadsheet may have cut, for those beyond doubt."""
    answers = Answers()
    widths: dict[str, int] = {}
    for field in ID_COLUMNS if "widths" not in given else ():
        column = columns.get(field)
        width = width_of_ids(values_of(column)) if isinstance(column, str) else None
        if width is not None:
            widths[field] = width
            answers.choices.append(
                f"{field}: {width} digits; a shorter number has lost its leading zeros, and is rejected"
            )
    if widths:
        answers.settings["widths"] = widths
    return answers
