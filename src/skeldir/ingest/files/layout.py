"""What the readers have in common: the layout of a file, its rows as a stream, and its one error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from skeldir.errors import SkeldirError
from skeldir.ingest.files.mapping import FileFormat
from skeldir.ingest.rejections import Refused

Row: TypeAlias = tuple[int, "Sequence[object] | Refused"]
"""The number of a row, from 1, and its wanted cells or why it has none."""


class FileUnreadable(SkeldirError):
    """The file as a whole cannot be read; rows read before may be in already."""

    code = "file_unreadable"
    status = 422
    title = "The file cannot be read"


@dataclass(frozen=True, slots=True)
class FileLayout:
    """What a file shows before it is read: its form, its columns and its first rows.

    The columns of an NDJSON file are the keys of its first rows. `cells_are_text` says that each
    cell is a `str`, as in CSV; otherwise cells have the types of JSON or Python.
    """

    format: FileFormat
    delimiter: str
    header: tuple[str, ...]
    sample: tuple[tuple[object, ...], ...]

    @property
    def cells_are_text(self) -> bool:
        """Say whether every cell is a text."""
        return self.format == "csv"


@dataclass(frozen=True, slots=True)
class RowStream:
    """An open file's rows, and how far its reading has come."""

    rows: Iterator[Row]
    share_read: Callable[[], float]
    """How much of the file has been read, from 0 to 1."""
