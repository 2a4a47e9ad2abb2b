"""The encoding of a text file: recognised from all of its bytes, or given; and its text as UTF-8.

A file is UTF-8 unless its bytes rule that out. Of the encodings with one byte a character only Windows-1252 is
recognised, unless the file has bytes that ISO-8859-15 reads as other characters, and none that only Windows-1252 has.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Mapping
from typing import IO, Final

from skeldir.ingest.files.layout import FileUnreadable

ENCODINGS: Final = (
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "windows-1252", "iso-8859-1", "iso-8859-2", "iso-8859-9",
    "iso-8859-15", "windows-1250", "windows-1251", "windows-1253", "windows-1254", "windows-1257", "koi8-r",
    "mac-roman", "shift_jis", "euc-jp", "euc-kr", "gbk", "gb18030", "big5",
)  # fmt: skip
"""The encodings that may be given."""

MARKS: Final[Mapping[bytes, str]] = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
"""Byte order mark to encoding."""

_PIECE: Final = 256 * 1024
_START: Final = 4_096
_END: Final = 16_384
# What only Windows-1252 has: quotes, dashes and the euro, where ISO 8859 has control characters.
_OF_WINDOWS: Final = re.compile(rb"[\x80\x82-\x8c\x8e\x91-\x9c\x9e\x9f]")
_IN_NONE: Final = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
# Here the two differ: the euro and three letters in ISO 8859-15, signs and fractions in Windows-1252.
_DIFFERENT: Final = re.compile(rb"[\xa4\xa6\xa8\xb4\xb8\xbc-\xbe]")
_ACCENTED: Final = re.compile(rb"[\xc0-\xff]")
# Not from within a word: of a long one without accents, each letter would begin another search.
_ACCENTED_WORD: Final = re.compile(rb"(?<![A-Za-z])[A-Za-z]*+[\xc0-\xff][A-Za-z\xc0-\xff]*")
# Most letters of Western European words are plain; where they are not, the file is of another alphabet.
_MOST_ACCENTED: Final = 0.5
_SEQUENCE: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)


def look_at_text(stream: io.BufferedReader, name: str, given: str | None) -> tuple[str, str]:
    """Read a stream to its end; return the encoding of its text, recognised if it is not given, and its last lines.

    A file with characters that are valid UTF-8 is UTF-8, with damaged rows if other bytes are not.

    Raises:
        FileUnreadable: the encoding cannot be recognised; the error asks for it.
    """
    start = bytes(stream.peek(_START)[:_START])
    marked = next((encoding for mark, encoding in MARKS.items() if start.startswith(mark)), None)
    known = given or marked or _sixteen_bits(start)
    seen = None if known is not None else _Seen()
    end, size = b"", 0
    while piece := stream.read(_PIECE):
        size += len(piece)
        end = (end + piece)[-_END:]
        if seen is not None:
            seen.add(piece)
    if known is None and seen is not None:
        seen.add(b"", is_last=True)
        known = "utf-8" if seen.is_utf_8 or seen.has_sequences else seen.choose(name)
    encoding = known or "utf-8"
    if encoding in ("utf-16", "utf-16-le", "utf-16-be") and (size - len(end)) % 2:
        end = end[1:]
    return encoding, end.decode(marked or encoding, "replace")


def as_utf_8(stream: io.BufferedReader, encoding: str, name: str) -> io.BufferedReader:
    """Return the stream's text as UTF-8, without a byte order mark.

    The bytes of a file of UTF-8 are passed on as they are; those of another encoding that have no meaning in it raise
    `FileUnreadable` where they are read.
    """
    for mark, marked in MARKS.items():
        if stream.peek(len(mark)).startswith(mark) and encoding in (marked, marked[:6]):
            stream.read(len(mark))
            encoding = marked
    if encoding == "utf-8":
        return stream
    return io.BufferedReader(_Recoded(stream, encoding, name), _PIECE)


class _Seen:
    """What the bytes seen so far say about the encoding."""

    def __init__(self) -> None:
        self.is_utf_8 = True
        self.has_sequences = False
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._found: dict[re.Pattern[bytes], bool] = dict.fromkeys(
            (_OF_WINDOWS, _IN_NONE, _DIFFERENT), False
        )
        self._accented = self._letters = 0
        self._rest = b""

    def add(self, piece: bytes, *, is_last: bool = False) -> None:
        """Look at the next piece."""
        if self.is_utf_8:
            try:
                self._decoder.decode(piece, is_last)
            except UnicodeDecodeError:
                self.is_utf_8 = False
        if piece.isascii() and not self._rest:
            return
        whole, self._rest = self._rest + piece, b""
        self.has_sequences = self.has_sequences or _SEQUENCE.search(whole) is not None
        if not is_last and whole[-1:] >= b"\x80":
            self._rest = whole[-3:]
        for pattern, is_found in self._found.items():
            self._found[pattern] = is_found or pattern.search(whole) is not None
        words = _ACCENTED_WORD.findall(piece)
        self._letters += sum(map(len, words))
        self._accented += sum(len(_ACCENTED.findall(word)) for word in words)

    def choose(self, name: str) -> str:
        """Return the encoding of a file that is not UTF-8. Raises FileUnreadable if it is not recognised."""
        if not self._found[_IN_NONE] and self._accented <= _MOST_ACCENTED * self._letters:
            if self._found[_OF_WINDOWS] or not self._found[_DIFFERENT]:
                return "windows-1252"
            raise _unknown(
                f"{name} is not UTF-8; it may be Windows-1252 or ISO-8859-15, which differ in bytes that it has."
            )
        raise _unknown(f"{name} is not UTF-8, and its encoding is not recognised.")


def _unknown(detail: str) -> FileUnreadable:
    return FileUnreadable(
        detail,
        cure='Set --encoding, or encoding = "windows-1252" in a mapping, to what it has, or save it as UTF-8.',
    )


def _sixteen_bits(start: bytes) -> str | None:
    """Return UTF-16 without a mark, where every second byte is zero as in no other text of mostly plain letters."""
    halves = start[0::2].count(0), start[1::2].count(0)
    length = len(start) // 2
    if length < 2 or max(halves) < 0.4 * length or min(halves) > 0.05 * length:
        return None
    return "utf-16-be" if halves[0] > halves[1] else "utf-16-le"


class _Recoded(io.RawIOBase):
    """The text of a stream in another encoding, as bytes of UTF-8."""

    def __init__(self, stream: IO[bytes], encoding: str, name: str) -> None:
        self._stream = stream
        self._encoding = encoding
        self._name = name
        # Half a pair of UTF-16 is no character, but only its row is refused.
        errors = "surrogatepass" if encoding.startswith("utf-16") else "strict"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # it gets a writable buffer
        while not self._ready:
            piece = self._stream.read(_PIECE)
            try:
                text = self._decoder.decode(piece, not piece)
            except UnicodeDecodeError as error:
                raise FileUnreadable(
                    f"{self._name} is not {self._encoding}: {error.reason}.",
                    cure="Set encoding to what the program wrote the file with, or save it as UTF-8.",
                ) from error
            self._ready = text.encode("utf-8", "surrogatepass")
            if not piece and not self._ready:
                return 0
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count
