"""What only all rows of a file show: every value of a column, and whether rows of one order differ."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from skeldir.ingest.files.mapping import cell_text

_MOST_EXAMPLES: Final = 100_000


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

    def find_different(self, column: str) -> tuple[str, list[str]] | None:
        """Return a value that two rows share which differ, and the columns in which they do; None if there is none.

        A row takes eight bytes of memory.
        """
        if column not in self.header:
            return None
        hashes = np.frombuffer(array("q", map(hash, self.values(column))), dtype=np.int64)
        found, counts = np.unique(hashes, return_counts=True)
        repeated = set(found[counts > 1][:_MOST_EXAMPLES].tolist())
        if not repeated:
            return None
        names = list(dict.fromkeys(self.header))
        place = names.index(column)
        seen: dict[str, list[str]] = {}
        for cells in self.read(names):
            text = cell_text(cells[place])
            if text and hash(text) in repeated:
                row = [cell_text(cell) for cell in cells]
                before = seen.setdefault(text, row)
                if before != row:
                    differ = [n for n, a, b in zip(names, before, row, strict=True) if a != b]
                    return text, differ
        return None
