"""What only all rows of a file show: every value of a column, and whether rows of one order differ."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from skeldir.ingest.files.mapping import cell_text
from skeldir.ingest.nothing import is_no_id

_MOST_EXAMPLES: Final = 100_000
_APART: Final = "\x1f"


@dataclass(frozen=True, slots=True)
class WholeFile:
    """All rows of a file, read anew for each question: `read` yields the cells of the columns that are asked for."""

    header: Sequence[str]
    read: Callable[[Sequence[str]], Iterator[Sequence[object]]]

    def values(self, column: str) -> Iterator[str]:
        """Yield the texts of a column that are not empty."""
        if column not in self.header:
            return
        for (cell,) in self.read([column]):
            if text := cell_text(cell):
                yield text

    def find_different(
        self, columns: Sequence[str], where: Mapping[str, Callable[[str], bool]]
    ) -> tuple[str, list[str]] | None:
        """Return the first value that two rows share which differ, and the columns in which they do; or None.

        They share all of `columns`. Only rows count whose texts in the columns of `where` pass. A row takes eight bytes
        of memory.
        """
        if not set(columns) <= set(self.header):
            return None
        values = (text for text, _ in self._rows(columns, (), where))
        hashes = np.frombuffer(array("q", map(hash, values)), dtype=np.int64)
        found, counts = np.unique(hashes, return_counts=True)
        repeated = set(found[counts > 1][:_MOST_EXAMPLES].tolist())
        if not repeated:
            return None
        names = list(dict.fromkeys(self.header))
        seen: dict[str, list[str]] = {}
        example, differ = "", set[str]()
        for text, row in self._rows(columns, names, where):
            if example not in ("", text) or hash(text) not in repeated:
                continue
            before = seen.setdefault(text, row)
            if before != row:
                example = text
                differ |= {n for n, a, b in zip(names, before, row, strict=True) if a != b}
        shown = example.partition(_APART)[0]
        return (shown, [name for name in names if name in differ]) if example else None

    def _rows(
        self,
        columns: Sequence[str],
        names: Sequence[str],
        where: Mapping[str, Callable[[str], bool]],
    ) -> Iterator[tuple[str, list[str]]]:
        """Yield the joined text of columns and those of others, for each row that has the first and passes."""
        tests = [test for name, test in where.items() if name in self.header]
        conditions = [name for name in where if name in self.header]
        width = len(columns)
        first = width + len(conditions)
        for cells in self.read([*columns, *conditions, *names]):
            text = _APART.join(map(cell_text, cells[:width]))
            if is_no_id(cell_text(cells[0])):
                continue
            if all(
                test(cell_text(cell)) for test, cell in zip(tests, cells[width:first], strict=True)
            ):
                yield text, [cell_text(cell) for cell in cells[first:]]
