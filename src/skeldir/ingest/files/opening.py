"""Opening a file: decompressed if necessary, and its text as UTF-8."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final

from skeldir.ingest.files.encodings import as_utf_8
from skeldir.ingest.files.layout import FileUnreadable
from skeldir.ingest.files.mapping import FILE_FORMATS, FileFormat

_FORMATS: Final[dict[str, FileFormat]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xlsx",
}
_BUFFER: Final = 256 * 1024
_ZIP: Final = b"PK\x03\x04"
_GZIP: Final = b"\x1f\x8b"
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What may be in an archive; other methods take as much memory as the file demands."""
_UNSUSPICIOUS: Final = 64 * 1024 * 1024
_MOST_EXPANDED: Final = 200
"""How many times its size a larger file may expand to; tables of real data stay far below."""


def format_of(path: Path) -> FileFormat:
    """Return the format that a file's name shows, or that of the file in a zip archive.

    Raises:
        FileUnreadable: it shows none.
    """
    name = packed = PurePosixPath(path.name)
    if name.suffix.lower() == ".zip":
        with open_file(path) as raw, zip_errors(path), zipfile.ZipFile(raw) as archive:
            name = PurePosixPath(_only_file(archive, path))
    name = name.with_suffix("") if name.suffix.lower() == ".gz" else name
    form = _FORMATS.get(name.suffix.lower())
    if form is None:
        raise FileUnreadable(
            f"The name {name} does not show the format of the file.",
            cure=f"Set format in a mapping to one of {', '.join(FILE_FORMATS)}, or rename the file.",
        )
    if form in ("parquet", "xlsx") and name != packed:
        # They are read out of order, which compressed files don't allow.
        raise FileUnreadable(
            f"{path.name} has a file of {form} in it.", cure="Unpack it, and import that file."
        )
    return form


def check_workbook(raw: io.FileIO, name: str) -> None:
    """Check the beginning of a workbook. Raises FileUnreadable if it is that of something else."""
    start = raw.read(4)
    raw.seek(0)
    if start == _OLD_WORKBOOK:
        raise _of_the_old_kind(name)
    if start != _ZIP:
        raise FileUnreadable(
            f"{name} is not a workbook (.xlsx).",
            cure='Set format = "csv" in a mapping if it is text; else export it again.',
        )


def _of_the_old_kind(name: str) -> FileUnreadable:
    return FileUnreadable(
        f"{name} is a workbook of the old kind (.xls), or one with a password.",
        cure="Save it as .xlsx without a password, or as CSV UTF-8.",
    )


@contextmanager
def open_file(path: Path) -> Iterator[io.FileIO]:
    """Open a file. Raises FileUnreadable."""
    try:
        raw = io.FileIO(path)
    except OSError as error:
        raise FileUnreadable(
            f"{path} cannot be opened: {error.strerror}.",
            cure="Check the path and its permissions.",
        ) from error
    with raw:
        yield raw


def text_of(raw: io.FileIO, path: Path, encoding: str | None) -> io.BufferedReader:
    """Return the text of an open file as UTF-8; its bytes as they are, but decompressed, if no encoding is given.

    Raises:
        FileUnreadable: the file is empty, broken, or no text.
    """
    with zip_errors(path), file_errors(path):
        start = raw.read(4)
        raw.seek(0)
        if start == _ZIP:
            archive = zipfile.ZipFile(raw)
            only = archive.getinfo(_only_file(archive, path))
            stream = open_member(archive, only, raw, path.name)
        elif start[:2] == _GZIP:
            unpacked = gzip.GzipFile(fileobj=_buffered(raw))
            stream = _buffered(Bounded(unpacked, raw, path.name))
        else:
            stream = _buffered(raw)
        return _checked(stream, path, encoding)


def open_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, raw: io.FileIO, name: str
) -> io.BufferedReader:
    """Open a file of an archive. Reading it raises FileUnreadable if it expands beyond measure."""
    if member.compress_type not in _METHODS:
        raise _not_unpacked(name, "its compression is not supported")
    return _buffered(Bounded(archive.open(member), raw, name))


def require_bounded(expanded: int, packed: int, name: str) -> None:
    """Check that `packed` bytes of a file expand to no more than is usual. Raises FileUnreadable."""
    if expanded > _UNSUSPICIOUS and expanded > _MOST_EXPANDED * max(packed, 1):
        raise FileUnreadable(
            f"{name} expands to more than {_MOST_EXPANDED} times its size.",
            cure="If it is in order, unpack it, and import the file in it.",
        )


class Bounded(io.RawIOBase):
    """What a file of `raw` expands to, unless that is too much."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, raw: io.FileIO, name: str) -> None:
        self._stream = stream
        self._raw = raw
        self._name = name
        self._size = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # it gets a writable buffer
        """Read the next bytes. Raises FileUnreadable."""
        piece = self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        self._size += len(piece)
        require_bounded(self._size, self._raw.tell(), self._name)
        return len(piece)


def _buffered(raw: IO[bytes] | io.RawIOBase | gzip.GzipFile) -> io.BufferedReader:
    return io.BufferedReader(raw, _BUFFER)  # type: ignore[arg-type]  # all have readinto


def _checked(stream: io.BufferedReader, path: Path, encoding: str | None) -> io.BufferedReader:
    start = bytes(stream.peek(4)[:4])
    if not start:
        raise FileUnreadable(f"{path.name} is empty.", cure="Check that the export has finished.")
    if start == b"PAR1":
        raise FileUnreadable(
            f"{path.name} is a Parquet file.",
            cure='Set format = "parquet" in a mapping, or rename the file.',
        )
    if start == _OLD_WORKBOOK:
        raise _of_the_old_kind(path.name)
    return stream if encoding is None else as_utf_8(stream, encoding, path.name)


def _only_file(archive: zipfile.ZipFile, path: Path) -> str:
    """Return the name of the one file of an archive; what macOS adds is none."""
    names = [
        one.filename
        for one in archive.infolist()
        if one.filename and not one.is_dir() and not one.filename.startswith("__MACOSX/")
        if not PurePosixPath(one.filename).name.startswith(".")
    ]
    if "[Content_Types].xml" in names:
        raise FileUnreadable(
            f"{path.name} is a workbook.",
            cure='Set format = "xlsx" in a mapping, or rename the file.',
        )
    if len(names) != 1:
        shown = ", ".join(names[:5]) + (" and more" if len(names) > 5 else "")
        raise FileUnreadable(
            f"{path.name} holds {len(names)} files{': ' if names else ''}{shown}.",
            cure="Unpack it, and import each file by itself.",
        )
    return names[0]


@contextmanager
def zip_errors(path: Path) -> Iterator[None]:
    """Translate what zipfile raises."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise _not_unpacked(path.name, "a file in it has a name that is not UTF-8") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, struct.error) as error:
        raise _not_unpacked(path.name, f"{error}") from error


def _not_unpacked(name: str, reason: str) -> FileUnreadable:
    return FileUnreadable(
        f"{name} cannot be unpacked: {reason}.", cure="Unpack it, and import the file in it."
    )


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Translate what reading raises."""
    try:
        yield
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise FileUnreadable(
            f"{path.name} breaks off: {error}.",
            cure="Get the file again; an import continues where it stopped.",
        ) from error
