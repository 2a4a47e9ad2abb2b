"""A request body becomes a list of items; what cannot be parsed stays in its place as `Refused`."""

from __future__ import annotations

import json

import orjson

from skeldir.http.bodies import BodyTooLarge, BodyUnreadable
from skeldir.ingest.rejections import refuse_text

MAX_ITEMS = 10_000


def split_batch(body: bytes, content_type: str) -> list[object]:
    """Return the items of a JSON array, of a single JSON object, or of NDJSON (one object a line).

    A line that is not JSON costs only itself; an array is one document, so a fault in it costs the request.

    Raises:
        BodyUnreadable: the document is not JSON, or neither an array nor an object.
        BodyTooLarge: more than MAX_ITEMS items.
    """
    items = _lines(body) if "ndjson" in content_type.lower() else _document(body)
    if len(items) > MAX_ITEMS:
        raise BodyTooLarge(
            f"The request has {len(items)} items.", cure=f"Send at most {MAX_ITEMS} in a request."
        )
    return items


def _document(body: bytes) -> list[object]:
    document = _parse(body)
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        return [document]
    raise BodyUnreadable("The body is a bare JSON value.", cure="Send a JSON array of objects.")


def _parse(body: bytes) -> object:
    """Parse fast and strictly; where that fails, leniently, so that one odd value costs only its own item.

    The lenient parser lets through lone surrogates and numbers beyond all bounds, which are refused item by item.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as strict:
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise BodyUnreadable(
                f"The body is not JSON: {strict}.",
                cure="Send a JSON array of objects, or one object a line as application/x-ndjson.",
            ) from strict


def _lines(body: bytes) -> list[object]:
    items: list[object] = []
    for line in body.splitlines():
        if not line.strip():
            continue
        try:
            items.append(orjson.loads(line))
        except orjson.JSONDecodeError as error:
            code = "json_invalid" if _is_utf8(line) else "encoding_invalid"
            items.append(refuse_text(code, f"The line is not JSON: {error}.", line))
    return items


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
