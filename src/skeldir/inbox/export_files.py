"""Reads files of a provider's objects: JSON as its API lists them, or a JSON value in each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from skeldir.errors import InputInvalid
from skeldir.inbox.fields import Json, JsonUnreadable, read_value

LARGEST_VALUE: Final = 200 * 1024 * 1024
"""Bytes of a file that is one JSON value, and of a line of others."""
# Under these names lists come: Stripe's, PayPal's, and those of Shopify's resources.
_LISTS: Final = ("data", "events", "orders", "transactions", "refunds", "disputes", "captures")
_MARK: Final = b"\xef\xbb\xbf"


class ExportUnreadable(InputInvalid):
    """A file is not JSON, or one of its values is too large."""

    code = "export_unreadable"
    title = "The file cannot be read"


class ExportForeign(InputInvalid):
    """A file has objects of another provider than the endpoint's."""

    code = "export_foreign"
    title = "The file is another provider's"


def read_objects(path: Path) -> Iterator[Json]:
    """Yield the objects of a file, one after the other; of a file with a value in each line only a line is in memory.

    A list, and an object without an id that has a list under a name of an API, stand for the objects in them.

    Raises:
        ExportUnreadable: a value is not JSON, or too large. The objects before it were given.
    """
    with path.open("rb") as file:
        first = file.readline(LARGEST_VALUE + 1).removeprefix(_MARK)
        try:
            value = read_value(first)
        except JsonUnreadable:
            # The value goes on in the next line.
            yield from _objects_in(_read(first + file.read(LARGEST_VALUE + 1 - len(first)), 1))
            return
        yield from _objects_in(value)
        number = 1
        while line := file.readline(LARGEST_VALUE + 1):
            number += 1
            if line.strip():
                yield from _objects_in(_read(line, number))


def _read(text: bytes, line: int) -> object:
    if len(text) > LARGEST_VALUE:
        raise ExportUnreadable(
            f"The value that begins in line {line:,} is larger than {LARGEST_VALUE // 1024**2} MiB.",
            cure="Write one object in each line, as `jq -c '.data[]'` does; such a file may have any size.",
        )
    try:
        return read_value(text)
    except JsonUnreadable as error:
        raise ExportUnreadable(
            f"The value that begins in line {line:,} is unreadable: {error.trouble.detail}",
            cure="Give the answer of the provider's API as it is, or one JSON object in each line. What came before "
            "was recorded, and is not recorded twice.",
        ) from None


def _objects_in(value: object) -> Iterator[Json]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, Mapping))
    elif isinstance(value, Mapping):
        inner = next((value[name] for name in _LISTS if isinstance(value.get(name), list)), None)
        if inner is None or "id" in value:
            yield value
        else:
            yield from _objects_in(inner)
