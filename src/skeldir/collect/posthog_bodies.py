"""How PostHog's libraries write a body: JSON, packed with gzip, as Base64, in a form, or in the query. Pure."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from skeldir.collect.visits import object_of, parse_json, text_of
from skeldir.errors import SkeldirError
from skeldir.ingest import BatchBounds, UnreadableItem, unreadable_text

MOST_BYTES: Final = 5 * 1024 * 1024
"""The most bytes of a body after unpacking: as many as a body may have that is not packed."""
_GZIP: Final = b"\x1f\x8b"
_STARTS_OF_JSON: Final = (b"{", b"[", b"\xef\xbb\xbf")
_OLD_COMPRESSIONS: Final = frozenset({"lz64", "lz-string"})
_LONGEST_KEY: Final = 100
_MANY: Final = 50
# Undoing this many takes a few milliseconds. Of Base64, which a form holds, one character in thirty is escaped.
_MOST_FIELDS: Final = 100
_MOST_ESCAPES: Final = 30_000


class Envelope(NamedTuple):
    """The messages of a body and what stands beside them. `key` is that of all messages, if they have one."""

    messages: tuple[object, ...] = ()
    sent_at: object = None
    key: str | None = None


def parse(body: bytes, query: Mapping[str, str], content_type: str) -> object:
    """Return the JSON value of a body, or an `UnreadableItem`.

    gzip is known by its first two bytes, since the browser library names it nowhere else. A form, and the query of a
    request without a body, have the value in `data`, as Base64 or as it is.
    """
    if query.get("compression", "").lower() in _OLD_COMPRESSIONS:
        return _unreadable(f"The compression {query['compression'][:20]} is not supported.", body)
    text: bytes | UnreadableItem = body
    if not body.strip() and "data" in query:
        text = _from_base64(query["data"])
    elif body.startswith(b"data=") or "form-urlencoded" in content_type:
        text = _from_form(body)
    elif query.get("compression") == "base64":
        text = _from_base64(body.decode("ascii", "replace"))
    if isinstance(text, bytes) and text.startswith(_GZIP):
        text = _unpack(text)
    if isinstance(text, bytes) and text is not body:
        text = _require_few_values(text)
    return text if isinstance(text, UnreadableItem) else parse_json(text, query, content_type)


def key_of(value: object, query: Mapping[str, str]) -> str | None:
    """Return the key beside the messages, in the first message that has one, or in the query."""
    envelope = open_envelope(value)
    if envelope.key is not None:
        return envelope.key
    for message in envelope.messages:
        if (key := key_of_message(message)) is not None:
            return key
    return _key_in(query, "api_key", "token")


def key_of_message(message: object) -> str | None:
    """Return the key that a message of a list has of its own."""
    if not isinstance(message, Mapping):
        return None
    return _key_in(message, "api_key", "token", "$token") or _key_in(
        object_of(message, "properties"), "token"
    )


def open_envelope(value: object) -> Envelope:
    """Return the messages of a body's value: those of its `batch`, of a list, or the value itself."""
    if isinstance(value, list):
        return Envelope(tuple(value))
    if not isinstance(value, Mapping):
        return Envelope((value,))
    batch = value.get("batch", value.get("data"))
    if not isinstance(batch, list):
        return Envelope((value,), value.get("sent_at"), key_of_message(value))
    key = _key_in(value, "api_key", "token", "$token")
    return Envelope(tuple(batch), value.get("sent_at"), key)


def has_many(value: object) -> bool:
    """Return whether a body's value has many messages, which take long to read; packed, they may be a short body."""
    return len(open_envelope(value).messages) > _MANY


def _key_in(fields: Mapping[str, object], *names: str) -> str | None:
    for name in names:
        if (key := text_of(fields.get(name), _LONGEST_KEY)) is not None:
            return key
    return None


def _from_form(body: bytes) -> bytes | UnreadableItem:
    """Return the value of `data` in a form."""
    if body.count(b"&") > _MOST_FIELDS or body.count(b"%") > _MOST_ESCAPES:
        return unreadable_text("field_too_long", "The form has too many fields or escapes.", body)
    for pair in body.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name == b"data":
            return _from_base64(unquote_plus(value.decode("ascii", "replace")))
    return unreadable_text("json_invalid", "The form has no field data.", body)


def _from_base64(text: str) -> bytes | UnreadableItem:
    """Return what a Base64 text says; a text that is JSON already is returned as it is."""
    raw = text.strip().encode(errors="replace")
    if raw.startswith(_STARTS_OF_JSON):
        return raw
    # A plus sign that was not escaped has become a space.
    standard = raw.replace(b" ", b"+").replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    try:
        return base64.b64decode(standard + b"=" * (-len(standard) % 4), validate=True)
    except binascii.Error:
        return unreadable_text("json_invalid", "The data is neither JSON nor Base64.", raw)


def _unpack(packed: bytes) -> bytes | UnreadableItem:
    """Return what one complete gzip stream holds, at most MOST_BYTES: a small body may expand to a very large one."""
    stream = zlib.decompressobj(wbits=31)
    try:
        text = stream.decompress(packed, MOST_BYTES + 1)
    except zlib.error:
        return _unreadable("The body begins like gzip, and is none.", packed)
    if len(text) > MOST_BYTES:
        return _unreadable(f"The body has more than {MOST_BYTES} bytes when unpacked.", packed)
    if not stream.eof or stream.unused_data:
        return _unreadable("The gzip stream ends too early, or something follows it.", packed)
    return text


def _require_few_values(text: bytes) -> bytes | UnreadableItem:
    """Return a text that was packed, unless it has more values than a body that is not packed may have."""
    try:
        BatchBounds("").inspect(text)
    except SkeldirError as error:
        return _unreadable(error.detail, text)
    return text


def _unreadable(detail: str, body: bytes) -> UnreadableItem:
    return unreadable_text("compression_invalid", detail, body)
