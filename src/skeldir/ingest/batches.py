"""A request body becomes a list of items; an `UnreadableItem` takes the place of each that cannot be parsed.

No single step here takes long: a parser holds the interpreter for the length of a call, and would block the event
loop even from a thread. So long bodies are parsed in pieces, and the values of a body and of a piece are counted and
limited before.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8

import orjson

from skeldir.http import BodyTooLarge, BodyUnreadable
from skeldir.ingest.rejections import unreadable_text

MAX_ITEMS = 10_000
MAX_VALUES = 50 * MAX_ITEMS
"""Commas and opening brackets that a body may have, slightly more than its values; an item with all fields has 14."""
MAX_VALUES_AT_ONCE = 15 * MAX_ITEMS
"""The same for a text that is parsed in one call, such as one item: 20 to 50 ms in the worst case."""
MAX_LINE_ENDS = 4 * MAX_ITEMS
"""CR and LF characters that NDJSON may have: items ended by CR LF, with an empty line after each."""

_PIECE_BYTES = 128 * 1024
_MOST_DIGITS = 1_000
_HEAVY_BYTES = 64 * 1024
_HEAVY_PARTS = 500


def is_heavy(body: bytes) -> bool:
    """Return whether preparing a body may take longer than a few milliseconds."""
    return (
        len(body) > _HEAVY_BYTES
        or body.count(b",") + body.count(b"\n") + body.count(b"\r") > _HEAVY_PARTS
    )


class BatchBounds:
    """Counts the values of a body and, in NDJSON, its line ends while it arrives; too many stop the reading."""

    def __init__(self, content_type: str) -> None:
        self._has_lines = _has_lines(content_type)
        self._values = 0
        self._line_ends = 0

    def inspect(self, piece: bytes) -> None:
        """Count another piece.

        Raises:
            BodyTooLarge: more than MAX_VALUES values or MAX_LINE_ENDS line ends so far.
        """
        self._values += _count_values(piece)
        _require_few_values(self._values, MAX_VALUES, "The request")
        if self._has_lines:
            self._line_ends += piece.count(b"\n") + piece.count(b"\r")
            if self._line_ends > MAX_LINE_ENDS:
                raise BodyTooLarge(
                    f"The request has more than {MAX_LINE_ENDS} line ends.",
                    cure=f"Send at most {MAX_ITEMS} lines in a request, without empty ones.",
                )


def split_batch(body: bytes, content_type: str) -> list[object]:
    """Return the items of a JSON array, of a single JSON object, or of NDJSON (one object per line).

    A line that is not JSON is rejected alone; an array is one document, so an error in it rejects the request.
    A byte order mark, which programs on Windows put at the start of a text, is skipped.

    Raises:
        BodyUnreadable: the document is not JSON, or neither an array nor an object.
        BodyTooLarge: more than MAX_ITEMS items, MAX_VALUES values or MAX_LINE_ENDS line ends.
    """
    BatchBounds(content_type).inspect(body)
    body = body.removeprefix(BOM_UTF8)
    items = _lines(body) if _has_lines(content_type) else _document(body)
    _require_few_items(items)
    return items


def _has_lines(content_type: str) -> bool:
    return "ndjson" in content_type.lower()


def _require_few_items(items: list[object] | list[bytes]) -> None:
    if len(items) > MAX_ITEMS:
        raise BodyTooLarge(
            f"The request has more than {MAX_ITEMS} items.",
            cure=f"Send at most {MAX_ITEMS} in a request.",
        )


def _count_values(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _require_few_values(count: int, most: int, what: str) -> None:
    if count > most:
        raise BodyTooLarge(
            f"{what} has more than {most} values.",
            cure="Send the documented fields only, and split the batch into several requests.",
        )


def _document(body: bytes) -> list[object]:
    if len(body) > _PIECE_BYTES and body.lstrip(b" \t\r\n").startswith(b"["):
        return _array(body)
    document = _parse(body)
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        return [document]
    raise BodyUnreadable("The body is a bare JSON value.", cure="Send a JSON array of objects.")


def _array(body: bytes) -> list[object]:
    """Parse a long array in pieces, each cut after the end of an object.

    A piece parses as an array only when the cut is between two items: elsewhere, brackets or quotation marks stay open.
    When a piece does not parse, the rest is parsed in one call.
    """
    items: list[object] = []
    begin = at = body.index(b"[") + 1
    while (cut := body.find(b"},", at + _PIECE_BYTES)) >= 0:
        piece = _parse_strictly(b"[%b]" % body[at : cut + 1])
        if not isinstance(piece, list):
            break
        items += piece
        _require_few_items(items)
        at = cut + 2
    rest = _parse(b"[%b" % body[at:] if at > begin else body)
    if not isinstance(rest, list) or (at > begin and not rest):
        raise _unreadable("a comma is followed by no item")
    return items + rest


def _parse_strictly(text: bytes) -> object:
    """Parse a piece; return None when it is not JSON, or too long to be parsed in one call."""
    if len(text) > 2 * _PIECE_BYTES and _count_values(text) > MAX_VALUES_AT_ONCE:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _parse(text: bytes) -> object:
    """Parse fast and strictly; if that fails, leniently, so that one odd value rejects only its own item.

    The lenient parser accepts lone surrogates and numbers of any size, which are rejected item by item.
    """
    _require_few_values(
        _count_values(text), MAX_VALUES_AT_ONCE, "A part that must be parsed in one step"
    )
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as strict:
        try:
            return json.loads(text, parse_int=_whole_number)
        except (ValueError, RecursionError):
            raise _unreadable(str(strict)) from strict


def _whole_number(digits: str) -> int:
    """Read a whole number; the time grows with the square of its digits."""
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number has too many digits")
    return int(digits)


def _unreadable(reason: str) -> BodyUnreadable:
    return BodyUnreadable(
        f"The body is not JSON: {reason}.",
        cure="Send a JSON array of objects, or one object per line as application/x-ndjson.",
    )


def _lines(body: bytes) -> list[object]:
    lines = [line for line in body.splitlines() if line and not line.isspace()]
    _require_few_items(lines)
    return [_line(line) for line in lines]


def _line(line: bytes) -> object:
    if len(line) > 2 * _PIECE_BYTES:
        _require_few_values(_count_values(line), MAX_VALUES_AT_ONCE, "A line")
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        code = "json_invalid" if _is_utf8(line) else "encoding_invalid"
        return unreadable_text(code, f"The line is not JSON: {error}.", line)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
