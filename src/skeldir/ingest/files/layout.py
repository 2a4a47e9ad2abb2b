"""What all readers share: the layout of a file, its rows as a stream, and the error for an unreadable file."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from skeldir.errors import SkeldirError
from skeldir.ingest.files.json_paths import root_of
from skeldir.ingest.files.mapping import FileFormat
from skeldir.ingest.rejections import UnreadableItem

LONGEST_ROW: Final = 2 * 1024 * 1024
"""The most bytes that a row of a text file may have, so that memory stays bounded."""

MOST_COLUMNS: Final = 4_000
"""The most columns of a file: they are recognised by their cells in the first rows, which are all in memory."""

MOST_SAMPLED: Final = 8 * 1024 * 1024
"""About how many bytes the first rows have together, by which columns are recognised."""

Row: TypeAlias = tuple[int, "Sequence[object] | UnreadableItem"]
"""The number of a row, from 1, and its wanted cells or the reason why it has none."""


class FileUnreadable(SkeldirError):
    """The file cannot be read, or not to its end; the rows before may be imported already."""

    code = "file_unreadable"
    status = 422
    title = "The file cannot be read"


def require_few_columns(header: Sequence[str], name: str) -> None:
    """Check that a file has no more columns than can be recognised. Raises FileUnreadable."""
    if len(header) > MOST_COLUMNS:
        raise FileUnreadable(
            f"{name} has {len(header):,} columns, and at most {MOST_COLUMNS:,} are read.",
            cure="Export the columns that are needed; objects need the same keys in each row.",
        )


class LineNumbers:
    """The lines of a file in which its rows begin: only where the two stop running side by side takes memory."""

    def __init__(self) -> None:
        self._rows, self._shifts = array("q"), array("q")
        self._shift = 0

    def note(self, row: int, line: int) -> None:
        """Note the line of the next row; rows come in order."""
        if line - row != self._shift:
            self._shift = line - row
            self._rows.append(row)
            self._shifts.append(self._shift)

    def line_of(self, row: int) -> int:
        """Return the line of a row that was read."""
        at = bisect_right(self._rows, row) - 1
        return row + (self._shifts[at] if at >= 0 else 0)


@dataclass(frozen=True, slots=True)
class Totals:
    """Rows of totals at the end of a file: after which row they stand, what they say, and whether that was compared."""

    after_row: int
    shown: tuple[str, ...]
    is_compared: bool

    def describe(self) -> str:
        """Return a sentence about them for people."""
        found = (
            "equal to the sums of the rows"
            if self.is_compared
            else "which could not be compared with the rows"
        )
        shown = "; ".join(f'"{text}"' for text in self.shown)
        return f"totals at the end, {found}, that are not read: {shown}"


@dataclass(frozen=True, slots=True)
class FileLayout:
    """What is known of a file before it is read: its format, its columns and its first rows.

    The columns of an NDJSON file are the keys of its first rows. `sample_is_whole` means that the file
    has no more rows than `sample`, besides unreadable ones. `cells_are_text` means that every cell
    is a `str`, as in CSV and workbooks; otherwise cells have the types of JSON or Python.
    """

    format: FileFormat
    delimiter: str
    header: tuple[str, ...]
    sample: tuple[tuple[object, ...], ...]
    sample_is_whole: bool = False
    encoding: str = "utf-8"
    # The line of the header, and the lines before it with their beginnings.
    header_line: int = 1
    before: tuple[tuple[int, str], ...] = ()
    totals: Totals | None = None
    sheet: str | None = None

    def header_with(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the columns, and those of `names` that may be inside objects after the first rows."""
        if self.format != "ndjson":
            return self.header
        paths = [name for name in names if "." in name and root_of(name) in self.header]
        return tuple(dict.fromkeys((*self.header, *paths)))

    @property
    def cells_are_text(self) -> bool:
        """Return whether every cell is a text."""
        return self.format in ("csv", "xlsx")


@dataclass(frozen=True, slots=True)
class RowStream:
    """An open file's rows, and the share that has been read."""

    rows: Iterator[Row]
    share_read: Callable[[], float]
    """How much of the file has been read, from 0 to 1."""
    line_of: Callable[[int], int] | None = None
    """The line in which a row that was read begins; None for a file without lines."""
    bytes_read: Callable[[], int] | None = None
    """How many bytes the text of the rows has that were read; None for a file that is no text."""
