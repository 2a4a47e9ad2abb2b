"""The formats of an export. What writes them is loaded when it is needed: pyarrow takes half a second and 60 MiB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, get_args

from skeldir.errors import InputInvalid
from skeldir.settings import take_system_allocator

if TYPE_CHECKING:
    from typing import BinaryIO

    from skeldir.exports.pages import Page
    from skeldir.exports.parts import Part

Format: TypeAlias = Literal["csv", "ndjson", "parquet"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
"""Those that are written page by page, and so can be streamed."""
FileFormat: TypeAlias = Literal["csv", "ndjson", "parquet", "xlsx"]
FILE_FORMATS: Final[tuple[FileFormat, ...]] = get_args(FileFormat)
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


class Encoder(Protocol):
    """Writes pages of a part to a file."""

    def write(self, page: Page) -> None:
        """Write the rows of a page."""

    def close(self) -> None:
        """Write what belongs behind the last page; the file stays open."""


def make_encoder(
    format_: FileFormat,
    part: Part,
    file: BinaryIO,
    metadata: Mapping[str, str],
    *,
    is_continued: bool = False,
    has_bom: bool = False,
) -> Encoder:
    """Return the encoder of a format. One that `is_continued` writes no beginning; only CSV and NDJSON can be."""
    if format_ == "xlsx":
        from skeldir.exports import workbooks  # noqa: PLC0415 - few exports are workbooks

        return workbooks.WorkbookEncoder(part, file, metadata)
    take_system_allocator()
    if format_ == "csv":
        from skeldir.exports import csv_encoding  # noqa: PLC0415 - the API serves much else, without pyarrow

        return csv_encoding.CsvEncoder(part, file, is_continued=is_continued, has_bom=has_bom)
    from skeldir.exports import encoding  # noqa: PLC0415 - as above

    if format_ == "ndjson":
        return encoding.NdjsonEncoder(part, file)
    return encoding.ParquetEncoder(part, file, metadata)


def require_mark_in_csv(format_: FileFormat, *, has_bom: bool) -> None:
    """Raise InputInvalid if the mark that Excel needs is asked for in another format than CSV."""
    if has_bom and format_ != "csv":
        raise InputInvalid(
            "Only CSV has the mark for Excel.", cure="Leave the option out, or choose CSV."
        )
