"""Whether a JSON file is one page of an API's answer, with more pages behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import orjson

from skeldir.ingest.files.names import plain_name
from skeldir.ingest.nothing import is_nothing

_DEEPEST: Final = 3
# There is more if one of these is true.
_MORE: Final = frozenset(
    [
        "has_more",
        "more",
        "has_next",
        "has_next_page",
        "more_results",
        "has_more_results",
        "has_more_items",
        "more_items",
        "is_truncated",
        "truncated",
        "incomplete_results",
    ]
)
# There is more if one of these is false.
_ENDED: Final = frozenset(["last", "is_last", "is_last_page", "last_page", "done"])
# There is more if one of these says where.
_NEXT: Final = frozenset(
    [
        "next",
        "next_page",
        "next_cursor",
        "next_link",
        "next_url",
        "next_uri",
        "next_href",
        "next_token",
        "next_page_token",
        "next_page_url",
        "next_page_link",
        "next_page_uri",
        "next_page_cursor",
        "next_offset",
        "next_start",
        "next_records_url",
        "odata_next_link",
        "cursor",
        "continuation",
        "continuation_token",
    ]
)
# There is more than this page if one of these is above 1.
_PAGES: Final = frozenset(["total_pages", "page_count", "pages_count", "num_pages", "last_page"])
_SHOWN: Final = 60


def find_more(around: bytes) -> str | None:
    """Return what of an answer says that it has more pages, such as `"has_more": true`; None if nothing does.

    `around` is the object around the array of rows, without these. A value that is false, null, empty or a placeholder
    says that there is no more.
    """
    try:
        answer = orjson.loads(around)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(answer, dict):
        return None
    return next(_claims(answer, "", _DEEPEST), None)


def _claims(answer: Mapping[str, object], path: str, depth: int) -> Iterator[str]:
    for name, value in answer.items():
        shown = f"{path}{name}"
        if _says_more(plain_name(name), value):
            yield f'"{shown}": {orjson.dumps(value).decode()[:_SHOWN]}'
        elif isinstance(value, dict) and depth > 1:
            yield from _claims(value, f"{shown}.", depth - 1)


def _says_more(name: str, value: object) -> bool:
    if name in _MORE and value in (True, "true", "True"):
        return True
    if name in _ENDED and value in (False, "false", "False") and isinstance(value, bool | str):
        return True
    if name in _PAGES and isinstance(value, int) and not isinstance(value, bool):
        return value > 1
    return name in _NEXT and _leads_on(value)


def _leads_on(value: object) -> bool:
    """Return whether the place of the next page is one: an address, a cursor, a number, an object with an address."""
    if isinstance(value, dict):
        return any(_leads_on(inner) for inner in value.values())
    if isinstance(value, list):
        return any(map(_leads_on, value))
    if isinstance(value, str):
        return value.casefold() not in ("", "0", "false") and not is_nothing(value)
    return bool(value)
