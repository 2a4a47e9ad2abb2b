"""The rows of a CSV file as a stream: a bad row rejects only itself."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import IO, Final

from skeldir.ingest.files.headers import Header, find_header
from skeldir.ingest.files.layout import (
    LONGEST_ROW,
    FileUnreadable,
    LineNumbers,
    Row,
    Totals,
    require_few_columns,
)
from skeldir.ingest.files.totals import MOST_TOTALS, Sums, are_totals, may_be_totals
from skeldir.ingest.formulas import REJECTED_COLUMNS, without_guard
from skeldir.ingest.rejections import UnreadableItem, unreadable_text

_START: Final = 64 * 1024
_ESCAPED_BYTE: Final = re.compile("[\udc80-\udcff]")


class _Lines:
    """The lines of a text file, with the bytes of those that belong to the current row so far.

    Bytes that are not UTF-8 become lone surrogates, so that only their row is rejected.
    """

    # More characters than a cell may have: the parser abandons the row, whatever state it is in.
    _POISON: Final = "x" * (csv.field_size_limit() + 1)

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.taken: list[bytes] = []
        self.size = 0
        self.size_before = 0
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        readline = self.stream.readline
        while line := readline(LONGEST_ROW + 1):
            self.taken.append(line)
            self.number += 1
            self.size += len(line)
            if self.size > LONGEST_ROW:
                while line and not line.endswith(b"\n"):
                    line = readline(LONGEST_ROW)
                yield self._POISON
            else:
                yield line.decode("utf-8", "surrogateescape")

    def end_row(self) -> None:
        """Drop the lines of a row that was read."""
        self.taken.clear()
        self.size_before += self.size
        self.size = 0

    def unreadable_row(self, code: str, detail: str) -> UnreadableItem:
        """Return the placeholder for the row whose lines were taken."""
        unreadable = unreadable_text(code, detail, b"".join(self.taken))
        self.end_row()
        return unreadable


class CsvFile:
    """The header of a CSV file, and its rows after it.

    A guard before what would be a formula is removed; from a workbook's cells only if it has rejected items.

    Raises:
        FileUnreadable: there is no header, or it is not text.
    """

    def __init__(
        self,
        stream: io.BufferedReader,
        delimiter: str | None,
        name: str,
        *,
        is_workbook: bool = False,
    ) -> None:
        start = bytes(stream.peek(_START)[:_START]).decode("utf-8", "replace")
        self.place = find_header(start, delimiter) or Header(1, delimiter or ",")
        self._lines = _Lines(stream)
        for _ in range(self.place.line - 1):
            stream.readline()
            self._lines.number += 1
        self._reader = csv.reader(self._lines, delimiter=self.place.delimiter, strict=True)
        try:
            first = next(row for row in self._reader if row)
        except (csv.Error, StopIteration) as error:
            raise FileUnreadable(
                f"Line {self.place.line} of {name}, the first of its table, is not a header.",
                cure="Let that line name the columns.",
            ) from error
        self.header = _without_empty_end([column.strip() for column in first])
        self._width = len(first)
        has_rejected = self.header[: len(REJECTED_COLUMNS)] == REJECTED_COLUMNS
        self._may_be_guarded = has_rejected or not is_workbook
        if _ESCAPED_BYTE.search("".join(self.header)):
            raise FileUnreadable(
                f"The header of {name} is not UTF-8.",
                cure="Save the file with that encoding, or set encoding to the one that it has.",
            )
        require_few_columns(self.header, name)
        self.numbers = LineNumbers()
        self._lines.end_row()

    def bytes_read(self) -> int:
        """Return how many bytes the lines have that were read."""
        return self._lines.size_before + self._lines.size

    def rows(self, wanted: Sequence[str], skip: int, last: int | None) -> Iterator[Row]:
        """Yield the rows after the first `skip`, up to the row `last`; raise nothing, whatever they hold."""
        lines, width = self._lines, self._width
        places = [self.header.index(name) for name in wanted]
        # For a single place, itemgetter returns no tuple.
        pick: Callable[[list[str]], Sequence[str]] = (
            itemgetter(*places) if len(places) > 1 else lambda cells: (cells[places[0]],)
        )
        note = self.numbers.note
        for number, cells in enumerate(self._records(), 1):
            if number == last:
                # The rows after it are totals.
                last = 0
            elif last == 0:
                return
            note(number, lines.number - len(lines.taken) + 1)
            if number <= skip:
                lines.end_row()
                continue
            if cells is not None and len(cells) < width and _is_whole(lines):
                # Empty cells at the end may be left out.
                cells.extend([""] * (width - len(cells)))
            if cells is None:
                yield number, lines.unreadable_row("row_malformed", _explain(lines))
            elif len(cells) != width:
                yield number, lines.unreadable_row("row_malformed", _explain_width(cells, width))
            else:
                picked = pick(cells)
                text = "".join(picked)
                if self._may_be_guarded and "'" in text:
                    picked = [without_guard(cell) for cell in picked]
                if text.isascii() or not _ESCAPED_BYTE.search(text):
                    lines.end_row()
                    yield number, picked
                else:
                    yield number, lines.unreadable_row("encoding_invalid", "A cell is not UTF-8.")

    def find_totals(self, name: str) -> Totals | None:
        """Read all rows, and return where the totals at their end begin; None if there are none.

        Raises:
            FileUnreadable: rows of totals are not the sums of the rows above them.
        """
        sums = Sums(range(len(self.header)))
        ahead: deque[list[str]] = deque()
        count = 0
        for cells in self._records():
            self._lines.end_row()
            count += 1
            ahead.append(cells or [])
            if len(ahead) > MOST_TOTALS:
                self._add(sums, ahead.popleft())
        # The last rows are totals from the first of them that says so, or from one whose numbers are the sums.
        while ahead:
            differ = sums.find_differences(ahead[0])
            is_sum = differ == [] and sums.are_named and may_be_totals(ahead[0])
            if is_sum or are_totals(ahead[0]):
                break
            self._add(sums, ahead.popleft())
        if not ahead:
            return None
        found = [sums.find_differences(cells) for cells in ahead]
        wrong = [differ for differ in found if differ]
        if wrong and [] not in found:
            columns = ", ".join(f'"{self.header[place]}"' for place in wrong[0])
            raise FileUnreadable(
                f"{name} ends with totals that are not the sums of its rows, in {columns}: rows are missing.",
                cure="Export it again. If it is right as it is, remove the lines of totals.",
            )
        shown = tuple(" ".join(cell for cell in cells if cell.strip())[:60] for cells in ahead)
        return Totals(count - len(ahead), shown, is_compared=[] in found)

    def _add(self, sums: Sums, cells: list[str]) -> None:
        sums.add(cells + [""] * (len(self.header) - len(cells)))

    def _records(self) -> Iterator[list[str] | None]:
        """Yield the cells of every row that is not blank, or None for one that cannot be parsed."""
        reader = self._reader
        while True:
            try:
                for cells in reader:
                    if cells and (cells[0] or any(cells)):
                        yield cells
                    else:
                        self._lines.end_row()
            except csv.Error:
                yield None
            else:
                return


def _without_empty_end(header: list[str]) -> tuple[str, ...]:
    """Return the header without the empty names at its end, as spreadsheets write them."""
    while len(header) > 1 and not header[-1]:
        header.pop()
    return tuple(header)


def _is_whole(lines: _Lines) -> bool:
    """Return whether the row ends with its line; at the end of a file, it may have been cut off."""
    return lines.taken[-1].endswith(b"\n")


def _explain(lines: _Lines) -> str:
    if lines.size > LONGEST_ROW:
        return f"The row has more than {LONGEST_ROW} bytes."
    return (
        f"The quotes of the row do not match, or a cell has more than {csv.field_size_limit()} "
        f"characters; {len(lines.taken)} lines were read for it."
    )


def _explain_width(cells: Sequence[str], width: int) -> str:
    if len(cells) < width:
        return (
            f"The file ends within this row: it has {len(cells)} of {width} cells, and no line end."
        )
    return f"The row has {len(cells)} cells; the header has {width} columns."
