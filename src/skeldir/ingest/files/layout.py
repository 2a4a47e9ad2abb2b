"""What all readers share: the layout of a file, its rows as a stream, and the error for an unreadable file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from skeldir.errors import SkeldirError
from skeldir.ingest.files.mapping import FileFormat
from skeldir.ingest.rejections import UnreadableItem

Row: TypeAlias = tuple[int, "Sequence[object] | UnreadableItem"]
"""The number of a row, from 1, and its wanted cells or the reason why it has none."""


class FileUnreadable(SkeldirError):
    """The file cannot be read, or not to its end; the rows before may be imported already."""

    code = "file_unreadable"
    status = 422
    title = "The file cannot be read"


@dataclass(frozen=True, slots=True)
class FileLayout:
    """What is known of a file before it is read: its format, its columns and its first rows.

    The columns of an NDJSON file are the keys of its first rows. `cells_are_text` means that every
    cell is a `str`, as in CSV; otherwise cells have the types of JSON or Python.
    """

    format: FileFormat
    delimiter: str
    header: tuple[str, ...]
    sample: tuple[tuple[object, ...], ...]

    @property
    def cells_are_text(self) -> bool:
        """Return whether every cell is a text."""
        return self.format == "csv"


@dataclass(frozen=True, slots=True)
class RowStream:
    """An open file's rows, and the share that has been read."""

    rows: Iterator[Row]
    share_read: Callable[[], float]
    """How much of the file has been read, from 0 to 1."""
