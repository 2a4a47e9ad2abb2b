"""What a run of an import reads: rows, and the maker of their items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from skeldir.ingest.files.items import Batch, ItemMaker
from skeldir.ingest.files.layout import FileLayout, Row, RowStream
from skeldir.ingest.files.mapping import FileMapping
from skeldir.ingest.files.readers import open_rows


class Maker(Protocol):
    """Makes items of rows."""

    @property
    def names_orders(self) -> bool:
        """Whether the key of a capture names its order, and not the row."""

    def next_batch(
        self, rows: Iterator[Row], size: int, bytes_read: Callable[[], int] | None = None
    ) -> Batch | None:
        """Return the items of about the next `size` rows, or None after the last row."""


class Source(Protocol):
    """Rows of a file, numbered from 1, or what is counted instead of them: the `unit`, in the plural."""

    @property
    def name(self) -> str:
        """The name of the file."""

    @property
    def unit(self) -> str:
        """What is counted, such as rows."""

    @property
    def columns(self) -> Mapping[str, Sequence[str]]:
        """The columns of each field."""

    @property
    def refund_columns(self) -> Mapping[str, Sequence[str]]:
        """The columns of each field of a refund."""

    @property
    def conditions(self) -> tuple[str, ...]:
        """In words, which rows are read; others are skipped."""

    def open(self, *, skip: int = 0) -> AbstractContextManager[RowStream]:
        """Open the rows after the first `skip`."""

    def make_maker(self, secret: bytes) -> Maker:
        """Return the maker of items, for the tenant with that secret."""


@dataclass(frozen=True, slots=True)
class MappedFile:
    """The rows of a file, read by a mapping."""

    path: Path
    mapping: FileMapping
    layout: FileLayout
    unit: str = "rows"

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.name

    @property
    def columns(self) -> Mapping[str, Sequence[str]]:
        """The columns of each field."""
        return self.mapping.columns

    @property
    def refund_columns(self) -> Mapping[str, Sequence[str]]:
        """The columns of each field of a refund."""
        return self.mapping.refund_columns

    @property
    def conditions(self) -> tuple[str, ...]:
        """In words, which rows are read; others are skipped."""
        return self.mapping.describe_conditions()

    def open(self, *, skip: int = 0) -> AbstractContextManager[RowStream]:
        """Open the rows after the first `skip`."""
        return open_rows(self.path, self.layout, self.mapping.wanted, skip=skip)

    def make_maker(self, secret: bytes) -> Maker:
        """Return the maker of items, for the tenant with that secret."""
        return ItemMaker(self.mapping, secret=secret, cells_are_text=self.layout.cells_are_text)
