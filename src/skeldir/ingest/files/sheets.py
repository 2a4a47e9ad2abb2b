"""The rows of a sheet of a workbook as lines of CSV, so that all that is known of a table's lines holds for sheets.

Each row of the sheet is one line, empty rows included: the number of a line is that of the row in a spreadsheet.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import Final

from skeldir.ingest.files.cell_texts import moment_text, number_text
from skeldir.ingest.files.layout import LONGEST_ROW, FileUnreadable
from skeldir.ingest.files.opening import Bounded, check_workbook
from skeldir.ingest.files.workbook import LONGEST_CELL, Sheet, Workbook
from skeldir.ingest.files.xml_parts import broken, read_xml

_MOST_ROWS: Final = 1_048_576
_MOST_COLUMNS: Final = 16_384
_BUFFER: Final = 256 * 1024
_QUOTED: Final = re.compile('[,"\r\n]')
_LINE_ENDS: Final = re.compile("\r\n?|\n")
_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")


def choose_sheet(raw: io.FileIO, name: str, given: str | None) -> str:
    """Return the name of a workbook's sheet: of the one called `given` or, without that, the only one with rows.

    Raises:
        FileUnreadable: there is no such sheet, or several have rows; the error asks for one.
    """
    check_workbook(raw, name)
    book = Workbook(raw, name)
    sheet = _named(book, given) if given is not None else _only_sheet(book)
    return sheet.name


def sheet_as_csv(raw: io.FileIO, name: str, given: str) -> io.BufferedReader:
    """Return the rows of a workbook's sheet as CSV in UTF-8, with commas. Raises FileUnreadable."""
    book = Workbook(raw, name)
    sheet = _named(book, given)
    book.read_texts()
    text = Bounded(io.BufferedReader(_SheetText(book, sheet), _BUFFER), raw, name)
    return io.BufferedReader(text, _BUFFER)


def _named(book: Workbook, given: str) -> Sheet:
    found = [sheet for sheet in book.sheets if sheet.name.casefold() == given.casefold()]
    if found:
        return found[0]
    raise FileUnreadable(
        f'{book.name} has no visible sheet "{given}".', cure=f"It has {_listed(book.sheets)}."
    )


def _only_sheet(book: Workbook) -> Sheet:
    filled = [sheet for sheet in book.sheets if _has_cells(book, sheet)]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        raise FileUnreadable(
            f"{book.name} has no rows.", cure="Check that the export has finished."
        )
    raise FileUnreadable(
        f"{book.name} has rows in {len(filled)} sheets: {_listed(filled)}.",
        cure=f'Set --sheet, or sheet = "{filled[0].name}" in a mapping.',
    )


def _listed(sheets: list[Sheet] | tuple[Sheet, ...]) -> str:
    shown = ", ".join(f'"{sheet.name[:40]}"' for sheet in sheets[:10])
    return shown + (f" and {len(sheets) - 10} more" if len(sheets) > 10 else "")


def _has_cells(book: Workbook, sheet: Sheet) -> bool:
    """Return whether any cell of a sheet holds something."""
    found: list[str] = []

    def start(tag: str, _: Mapping[str, str]) -> None:
        if tag in ("v", "t"):
            found.append(tag)

    with book.open(sheet.part) as stream:
        return any(found for _ in read_xml(stream, book.name, start))


class _SheetText(io.RawIOBase):
    """The rows of a sheet as lines of CSV."""

    def __init__(self, book: Workbook, sheet: Sheet) -> None:
        self._pieces = _read_lines(book, sheet)
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # it gets a writable buffer
        while not self._ready:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._ready = piece
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


def _read_lines(book: Workbook, sheet: Sheet) -> Iterator[bytes]:
    reader = _RowReader(book)
    with book.open(sheet.part) as stream:
        for _ in read_xml(stream, book.name, reader.start, reader.end, reader.text):
            if reader.lines:
                yield "".join(reader.lines).encode("utf-8", "replace")
                reader.lines.clear()


class _RowReader:
    """Takes the rows from a sheet's elements, and adds each to `lines`."""

    def __init__(self, book: Workbook) -> None:
        self.lines: list[str] = []
        self._book = book
        self._row = self._column = 0
        self._cells: list[str] = []
        self._size = 0
        self._places: dict[str, int] = {}
        self._type = self._format = ""
        self._value: list[str] = []
        self._is_value = self._is_spoken = False

    def start(self, tag: str, given: Mapping[str, str]) -> None:
        """Take the beginning of an element."""
        if tag == "c":
            reference = given.get("r")
            self._column = self._column + 1 if reference is None else self._column_of(reference)
            if self._column > _MOST_COLUMNS:
                raise broken(self._book.name, f"a row has more than {_MOST_COLUMNS} columns")
            self._type, self._format = given.get("t", "n"), given.get("s", "")
            self._value.clear()
        elif tag in ("v", "t"):
            self._is_value = not self._is_spoken
        elif tag == "row":
            self._begin_row(given.get("r"))
        elif tag == "rPh":
            self._is_spoken = True

    def text(self, piece: str) -> None:
        """Take text: of a value, or of a formula, which is not read."""
        if self._is_value:
            self._size += len(piece)
            if self._size > LONGEST_ROW:
                raise broken(self._book.name, f"row {self._row} has more than {LONGEST_ROW} bytes")
            self._value.append(piece)

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        if tag in ("v", "t"):
            self._is_value = False
        elif tag == "c":
            if self._value:
                self._add_cell("".join(self._value))
        elif tag == "row":
            self._end_row()
        elif tag == "rPh":
            self._is_spoken = False

    def _begin_row(self, number: str | None) -> None:
        row = self._row + 1
        if number is not None:
            is_number = number.isascii() and number.isdigit() and len(number) < 10
            row = int(number) if is_number else 0
        if not self._row < row <= _MOST_ROWS:
            raise broken(self._book.name, f"the row after row {self._row} has no valid number")
        self.lines.append("\n" * (row - self._row - 1))
        self._row, self._column, self._size = row, 0, 0
        self._cells.clear()

    def _end_row(self) -> None:
        cells = self._cells
        while cells and not cells[-1]:
            cells.pop()
        self.lines.append(",".join(map(_quoted, cells)) + "\n")

    def _column_of(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        column = self._places.get(letters)
        if column is None:
            if not (letters.isascii() and letters.isalpha() and len(letters) <= 3):
                raise broken(self._book.name, f'a cell has the place "{reference[:20]}"')
            column = 0
            for letter in letters.upper():
                column = column * 26 + ord(letter) - 64
            self._places[letters] = column
        return column

    def _add_cell(self, value: str) -> None:
        text = self._text_of(value)
        self._size += len(text)
        if len(text) > LONGEST_CELL or self._size > LONGEST_ROW:
            raise broken(self._book.name, f"a cell of row {self._row} is too long")
        missing = self._column - len(self._cells)
        if missing > 0:
            self._cells.extend([""] * missing)
        self._cells[self._column - 1] = text

    def _text_of(self, value: str) -> str:
        kind, book = self._type, self._book
        if kind == "s":
            is_number = value.isascii() and value.isdigit() and len(value) < 10
            text = book.texts.get(int(value)) if is_number else None
            if text is None:
                raise broken(book.name, f"a cell of row {self._row} refers to a text that it lacks")
            return _unescaped(text)
        if kind == "n":
            place = int(self._format) if self._format.isascii() and self._format.isdigit() else 0
            shown = book.formats[place] if place < len(book.formats) else "number"
            if shown == "number":
                return number_text(value)
            return moment_text(value, shown, is_1904=book.is_1904)
        if kind == "b":
            return "true" if value == "1" else "false" if value == "0" else value
        return _unescaped(value)


def _unescaped(text: str) -> str:
    """Return a text with its control characters, which XML has to write like _x000D_."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _quoted(cell: str) -> str:
    """Return a cell of CSV. Within it, a line ends with a carriage return, so that a row stays one line."""
    if _QUOTED.search(cell) is None:
        return cell
    return '"' + _LINE_ENDS.sub("\r", cell).replace('"', '""') + '"'
