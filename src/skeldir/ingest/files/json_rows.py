"""The objects of a JSON file as a stream: one a line, one after another over lines, or in an array.

A file of lines is read line by line. In any other file the ends of its objects are found without parsing what is
between them: an object that is not valid rejects only itself, and nesting costs no memory.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Final

import orjson

from skeldir.ingest.files.json_paths import value_reader
from skeldir.ingest.files.layout import LONGEST_ROW, FileUnreadable, LineNumbers, Row
from skeldir.ingest.rejections import UnreadableItem, unreadable_text

PIECE: Final = 256 * 1024
"""Bytes that are looked through at a time."""

# Groups that repeat are atomic, not possessive: before Python 3.11.5 those give back too little (gh-106052).
_IN_TEXT: Final = re.compile(rb'[^"\\]*+(["\\])')
# All up to a bracket, with whole texts; or up to a text that has escapes, or goes on in the next piece.
_INSIDE: Final = re.compile(rb'(?>(?:[^"{}\[\]]++|"[^"\\]*+")*)(["{}\[\]])')
_BETWEEN: Final = re.compile(rb'(?>(?:[^"{}\[\],]++|"[^"\\]*+")*)(["{}\[\],])')
# A whole object without another in it, which takes one step; in an array, with the comma behind it.
_FLAT: Final = rb'(\{(?>(?:[^"{}\[\]]++|"[^"\\]*+")*)\})'
_FLAT_AT: Final = (re.compile(_FLAT), re.compile(_FLAT + rb"\s*+,"))
_BLANK_AT: Final = (re.compile(rb"\s*+"), re.compile(rb"[\s,]*+"))
# Around an array, as APIs answer; an order's lines, such as line_items, are none of these.
_WRAPPERS: Final = frozenset(
    b"charges data docs entries events hits items orders payments purchases records refunds result results rows"
    b" sessions transactions value values visits".split()
)
# What a single order may have as well, beside fields of its own.
_OF_ORDERS: Final = frozenset(b"charges items payments refunds transactions".split())
_FIELD: Final = re.compile(
    rb'"(?:order_?id|order_?number|currency|amount|total_?price)"\s*:', re.IGNORECASE
)
# A text, or the beginning of one that is cut off: else every quote in it would begin another search.
_TEXT: Final = re.compile(rb'"(?>(?:[^"\\]++|\\.)*)"?', re.DOTALL)
# A text, of which a beginning may be cut off, or a bracket.
_TOKEN: Final = re.compile(rb'"(?>(?:[^"\\]++|\\.)*)"?|[{}\[\]]', re.DOTALL)
# What is made of values, such as keys, goes into them by recursion.
_DEEPEST: Final = 100
_KEY_OF_ARRAY: Final = re.compile(rb'"([^"\\]{1,60})"\s*:\s*\[')


class JsonFile:
    """The objects of a JSON file, each as text with the line that it begins in."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self.lines = LineNumbers()
        self._texts: Iterator[tuple[int, bytes]] = iter(())
        start = bytes(stream.peek(PIECE))
        is_lines = _begins_with_line(start) and _has_second_line(start)
        self._skipped = b"" if is_lines else start[: wrapped_at(start)]
        self._is_array = bool(self._skipped) or start.lstrip().startswith(b"[")
        self.has_lines = not self._is_array and _begins_with_line(start)
        self._size = 0  # bytes of the objects that were read
        # The object around the array, without its rows; known when all of the file was read.
        self.around = b""

    @property
    def is_wrapped(self) -> bool:
        """Return whether the rows stand in an array within an object, as APIs answer."""
        return self._skipped != b""

    def bytes_read(self) -> int:
        """Return how many bytes the objects have that were read."""
        return self._size

    def objects(self) -> Iterator[dict[str, object] | UnreadableItem]:
        """Yield each object, or the reason why it is none.

        Raises:
            EOFError: an array, or an object over several lines, is not closed.
        """
        self._texts = self._read_texts()
        for number, (line, text) in enumerate(self._texts, 1):
            self.lines.note(number, line)
            self._size += len(text)
            yield _read_object(text)

    def _read_texts(self) -> Iterator[tuple[int, bytes]]:
        if self.has_lines:
            yield from self._read_lines()
        else:
            self._stream.read(len(self._skipped))
            finder = _Elements(
                1 + self._skipped.count(b"\n"),
                is_array=self._is_array,
                ends_with_it=bool(self._skipped),
            )
            yield from self._read_elements(finder)

    def read_to_end(self) -> None:
        """Read what is left of the file, without parsing it. Raises as `objects`."""
        for _ in self._texts:
            pass

    def rows(self, wanted: Sequence[str], skip: int) -> Iterator[Row]:
        """Yield the wanted values of each object after the first `skip`, by their keys or paths."""
        reads = [value_reader(name) for name in wanted]
        is_flat = not any("." in name for name in wanted)
        for number, item in enumerate(self.objects(), 1):
            if number > skip:
                if isinstance(item, UnreadableItem):
                    yield number, item
                elif is_flat:
                    get = item.get
                    yield number, [get(name) for name in wanted]
                else:
                    yield number, [read(item) for read in reads]

    def _read_lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield lines that are not blank; of one that is too long, a beginning that exceeds the limit."""
        number = 0
        while line := self._stream.readline(LONGEST_ROW + 1):
            number += 1
            rest = line
            while len(line) > LONGEST_ROW and rest and not rest.endswith(b"\n"):
                rest = self._stream.readline(LONGEST_ROW)
            if not line.isspace():
                yield number, line

    def _read_elements(self, finder: _Elements) -> Iterator[tuple[int, bytes]]:
        while not finder.has_ended and (piece := self._stream.read(PIECE)):
            yield from finder.find(piece)
        if finder.is_open:
            raise EOFError("an array or object is not closed")
        yield from finder.flush()
        if finder.has_ended:
            rest = finder.rest + (self._stream.read(LONGEST_ROW) or b"")
            _check_rest(rest)
            self.around = self._skipped + b"[]" + rest


def wrapped_at(start: bytes) -> int:
    """Return where the array begins that an object is wrapped around, such as {"orders": […]}; 0 if there is none.

    The array is the object's first value, or has the name of one that APIs answer with. The `items` of an order, behind
    its own id or currency, are none: a file may have one order.
    """
    depth, is_first, is_order = 0, True, False
    for found in _TOKEN.finditer(start):
        token = found[0]
        if depth == 0 and token != b"{":
            return 0
        if token in (b"[", b"{"):
            depth += 1
        elif token in (b"]", b"}"):
            depth -= 1
            if depth == 0:
                return 0
        elif depth == 1:
            key = _KEY_OF_ARRAY.match(start, found.start())
            is_order = is_order or _FIELD.match(start, found.start()) is not None
            name = b"" if key is None else key[1].lower()
            is_wrapper = is_first or (name in _WRAPPERS and not (is_order and name in _OF_ORDERS))
            if key is not None and is_wrapper:
                return key.end() - 1
            is_first = False
    return 0


def _without_texts(text: bytes) -> bytes:
    return _TEXT.sub(b"", text)


def _begins_with_line(start: bytes) -> bool:
    """Return whether the first line that is not blank holds a whole object, or something that is no object at all."""
    first = start.lstrip().partition(b"\n")[0]
    bare = _without_texts(first)
    return not bare.startswith(b"{") or bare.count(b"{") == bare.count(b"}")


def _has_second_line(start: bytes) -> bool:
    """Return whether another object follows a first line: then each line is an object by itself."""
    return start.lstrip().partition(b"\n")[2].lstrip().startswith(b"{")


class _Elements:
    """Finds the elements of an array, or objects one after another: by brackets and texts, whatever is in them."""

    def __init__(self, line: int, *, is_array: bool, ends_with_it: bool) -> None:
        self.is_open = False
        self.has_ended = False
        # What of the last piece stands behind the array.
        self.rest = b""
        self._level = int(is_array)
        self._ends_with_it = ends_with_it
        self._depth = 0
        self._in_text = self._is_escaped = False
        self._line = self._begin = line
        self._element = bytearray()

    def find(self, piece: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the elements that end in a piece, with their first lines; of one that is too long, a beginning."""
        at = 0
        while at < len(piece) and not self.has_ended:
            if self._depth == self._level and not (self._element or self._in_text):
                at = self._pass(_BLANK_AT[self._level].match(piece, at), piece, at)
                if flat := _FLAT_AT[self._level].match(piece, at):
                    yield self._line, flat[1]
                    at = self._pass(flat, piece, at)
                    continue
            start, token, before = at, b"", self._depth
            if self._is_escaped:
                at, self._is_escaped = at + 1, False
            else:
                found = self._pattern().match(piece, at)
                at = found.end() if found else len(piece)
                token = found[1] if found else b""
            is_between = self._step(token)
            self._take(piece[start : at - len(token) if is_between else at])
            if is_between or (token == b"}" and self._depth == self._level == 0 < before):
                yield from self.flush()
            self._line += piece.count(b"\n", start, at)
        self.rest = piece[at:]

    def _pass(self, found: re.Match[bytes] | None, piece: bytes, at: int) -> int:
        """Count the lines of what was found, and return where it ends."""
        end = found.end() if found else at
        self._line += piece.count(b"\n", at, end)
        return end

    def flush(self) -> Iterator[tuple[int, bytes]]:
        """Yield what was collected, if it is not blank."""
        text = bytes(self._element)
        self._element.clear()
        if text.strip():
            yield self._begin, text

    def _pattern(self) -> re.Pattern[bytes]:
        if self._in_text:
            return _IN_TEXT
        return _BETWEEN if self._depth == self._level else _INSIDE

    def _step(self, token: bytes) -> bool:
        """Take a token into account; return whether it stands between elements."""
        if self._in_text:
            self._is_escaped = token == b"\\"
            self._in_text = token != b'"'
            return False
        self._in_text = token == b'"'
        before, level = self._depth, self._level
        if token in (b"{", b"["):
            self._depth += 1
        elif token in (b"}", b"]"):
            self._depth = max(0, before - 1)
            self.has_ended = self._ends_with_it and self._depth == 0
        self.is_open = self._depth > 0
        return (
            (token == b"," and before == level)
            or (level == 1 and token == b"[" and before == 0)
            or (level == 1 and token == b"]" and before == 1)
        )

    def _take(self, part: bytes) -> None:
        if not self._element:
            blank = len(part) - len(part.lstrip())
            self._begin = self._line + part.count(b"\n", 0, blank)
            part = part[blank:]
        if len(self._element) <= LONGEST_ROW:
            self._element += part


def _check_rest(rest: bytes) -> None:
    """Check what stands behind the array that an object is wrapped around: it must hold no rows.

    Raises:
        EOFError: the object is not closed.
        FileUnreadable: there are more objects.
    """
    depth, in_array = 1, False
    for found in _TOKEN.finditer(rest):
        token = found[0]
        if token in (b"[", b"{"):
            in_array = in_array or (token == b"[" and depth == 1)
            depth += 1
        elif token in (b"]", b"}"):
            depth -= 1
            in_array = in_array and depth > 1
        if (in_array and token == b"{") or (depth == 0 and rest[found.end() :].strip()):
            raise FileUnreadable(
                "More objects stand behind the array that is read as the file's rows.",
                cure="Give each row as an object of its own, or all of them in one array.",
            )
        if depth == 0:
            return
    raise EOFError("the object around the array is not closed, or goes on for long")


def _read_object(text: bytes) -> dict[str, object] | UnreadableItem:
    if len(text) > LONGEST_ROW:
        return unreadable_text(
            "json_invalid", f"The object has more than {LONGEST_ROW} bytes.", text
        )
    try:
        item = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            text.decode()
        except UnicodeDecodeError:
            return unreadable_text("encoding_invalid", "The object is not UTF-8.", text)
        return unreadable_text("json_invalid", "The object is not valid JSON.", text)
    if text.count(b"[") + text.count(b"{") > _DEEPEST and _is_deeper(item, _DEEPEST):
        return unreadable_text(
            "json_invalid", f"The object is nested deeper than {_DEEPEST} levels.", text
        )
    if not isinstance(item, dict):
        return unreadable_text("item_not_an_object", "This is not a JSON object.", text)
    return item


def _is_deeper(item: object, most: int) -> bool:
    """Return whether objects and arrays are nested deeper than `most` levels."""
    level = [item]
    for _ in range(most + 1):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return any(isinstance(one, dict | list) for one in level)
