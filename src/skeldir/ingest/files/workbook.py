"""The parts of a workbook (.xlsx): its sheets, its texts and its formats, in bounded memory.

The libraries for this either hold a whole sheet in memory or, while they stream it, something for every row, and take
row and column numbers on trust. What an import needs is small: the cells of one sheet, as text.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from skeldir.ingest.files.cell_texts import Shown, shown_as
from skeldir.ingest.files.layout import FileUnreadable
from skeldir.ingest.files.opening import open_member
from skeldir.ingest.files.xml_parts import broken, read_xml

LONGEST_CELL: Final = 32_767
"""The most characters that a cell of a spreadsheet can hold."""

_MOST_TEXT: Final = 96 * 1024 * 1024
_MOST_FORMATS: Final = 65_536
_MOST_SHEETS: Final = 1_000
_SMALL_PART: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sheet:
    """A visible sheet of cells: its name, and its part of the archive."""

    name: str
    part: str


class Texts:
    """The texts that a workbook's cells refer to by number, kept as bytes: many small texts take little memory."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("I")

    def add(self, text: str, name: str) -> None:
        """Add the next text. Raises FileUnreadable if it, or all together, are too long."""
        if len(text) > LONGEST_CELL:
            raise broken(name, f"a cell has more than {LONGEST_CELL} characters")
        self._bytes += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))
        if len(self._bytes) + 4 * len(self._ends) > _MOST_TEXT:
            raise FileUnreadable(
                f"{name} has more than {_MOST_TEXT >> 20} MiB of different texts.",
                cure="Save its sheet as CSV UTF-8, and import that.",
            )

    def get(self, number: int) -> str | None:
        """Return a text by its number from 0, or None if there is none."""
        if not 0 <= number < len(self._ends):
            return None
        begin = self._ends[number - 1] if number else 0
        return self._bytes[begin : self._ends[number]].decode("utf-8", "surrogatepass")


class Workbook:
    """An open workbook.

    Raises:
        FileUnreadable: it is not a workbook, or a part is missing, broken or too large.
    """

    def __init__(self, raw: io.FileIO, name: str) -> None:
        self.name = name
        self.raw = raw
        self.texts = Texts()
        self.formats: list[Shown] = []
        self.is_1904 = False
        self._archive = zipfile.ZipFile(raw)
        self._parts = {one.filename.lower(): one for one in self._archive.infolist()}
        office = self._related("", "/officeDocument")
        if not office:
            raise broken(name, "it names no workbook")
        book = next(iter(office.values()))
        self.sheets = self._read_sheets(book)
        for part in self._related(book, "/styles").values():
            self._read_formats(part)
        self._strings = list(self._related(book, "/sharedStrings").values())

    def open(self, part: str) -> io.BufferedReader:
        """Open a part of the archive."""
        info = self._parts.get(part.lower())
        if info is None:
            raise broken(self.name, f"its part {part[:100]} is missing")
        return open_member(self._archive, info, self.raw, self.name)

    def read_texts(self) -> None:
        """Read the texts that cells refer to."""
        for part in self._strings[:1]:
            reader = _TextReader(self.texts, self.name)
            with self.open(part) as stream:
                for _ in read_xml(stream, self.name, reader.start, reader.end, reader.text):
                    pass

    def _elements(self, part: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Return the elements of a small part, in the order in which they begin."""
        info = self._parts.get(part.lower())
        if info is not None and info.file_size > _SMALL_PART:
            raise broken(self.name, f"its part {part[:100]} has more than {_SMALL_PART >> 20} MiB")
        found: list[tuple[str, Mapping[str, str]]] = []
        with self.open(part) as stream:
            for _ in read_xml(stream, self.name, lambda tag, given: found.append((tag, given))):
                yield from found
                found.clear()

    def _related(self, part: str, kind: str) -> dict[str, str]:
        """Return the parts of a kind that a part refers to, by their ids."""
        folder, file = posixpath.split(part)
        relations = posixpath.join(folder, "_rels", f"{file}.rels")
        if relations.lower() not in self._parts:
            return {}
        return {
            given.get("Id", ""): posixpath.normpath(
                posixpath.join("/", folder, given.get("Target", ""))
            ).lstrip("/")
            for tag, given in self._elements(relations)
            if tag == "Relationship" and given.get("Type", "").endswith(kind)
            if given.get("TargetMode") != "External"
        }

    def _read_sheets(self, book: str) -> tuple[Sheet, ...]:
        parts = self._related(book, "/worksheet")
        sheets = []
        for tag, given in self._elements(book):
            if tag == "workbookPr":
                self.is_1904 = given.get("date1904", "") in ("1", "true", "on")
            elif tag == "sheet" and given.get("state", "visible") == "visible":
                key = next((value for name, value in given.items() if name.endswith(" id")), "")
                if key in parts:
                    sheets.append(Sheet(given.get("name", ""), parts[key]))
            if len(sheets) > _MOST_SHEETS:
                raise broken(self.name, f"it has more than {_MOST_SHEETS} sheets")
        return tuple(sheets)

    def _read_formats(self, part: str) -> None:
        codes: dict[str, str] = {}
        is_of_cells = False
        for tag, given in self._elements(part):
            if tag == "numFmt":
                codes[given.get("numFmtId", "")] = given.get("formatCode", "")[:1_000]
            elif tag in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
                is_of_cells = tag == "cellXfs"
            elif tag == "xf" and is_of_cells:
                number = given.get("numFmtId", "0")
                is_number = number.isascii() and number.isdigit() and len(number) < 10
                self.formats.append(shown_as(int(number) if is_number else 0, codes.get(number)))
            if len(self.formats) > _MOST_FORMATS or len(codes) > _MOST_FORMATS:
                raise broken(self.name, f"it has more than {_MOST_FORMATS} formats")


class _TextReader:
    """Takes the texts of cells from the runs that they are written in; what says how to read them aloud is none."""

    def __init__(self, texts: Texts, name: str) -> None:
        self._texts = texts
        self._name = name
        self._runs: list[str] = []
        self._size = 0
        self._is_text = self._is_spoken = False

    def start(self, tag: str, _: Mapping[str, str]) -> None:
        if tag == "si":
            self._runs.clear()
            self._size = 0
        elif tag == "rPh":
            self._is_spoken = True
        self._is_text = tag == "t" and not self._is_spoken

    def end(self, tag: str) -> None:
        self._is_text = False
        if tag == "rPh":
            self._is_spoken = False
        elif tag == "si":
            self._texts.add("".join(self._runs), self._name)

    def text(self, piece: str) -> None:
        if self._is_text:
            self._size += len(piece)
            if self._size > LONGEST_CELL:
                raise broken(self._name, f"a cell has more than {LONGEST_CELL} characters")
            self._runs.append(piece)
