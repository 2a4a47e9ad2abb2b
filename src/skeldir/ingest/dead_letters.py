"""What was refused is kept with its reason, reduced to what may be kept at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import orjson

from skeldir.db import new_ids
from skeldir.ingest.canonical import (
    CONVERSION_FIELDS,
    TOUCH_FIELDS,
    hash_journey_key,
    host_of,
    path_of,
)
from skeldir.ingest.rejections import Refused
from skeldir.ingest.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.tenants import TenantProfile

ItemKind = Literal["touch", "conversion"]
_FIELDS = {"touch": TOUCH_FIELDS, "conversion": CONVERSION_FIELDS}
_LONGEST_VALUE = 500
# The whole word around an @ or its URL encoding. It can only begin where a word does, which keeps the search linear.
_E_MAIL = re.compile(r"(?<!\S)\S*?(?:@|%40)\S*")
_NOT_TEXT = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused item: its place in the delivery, why, and what may be kept of it."""

    place: int
    code: str
    detail: str
    cure: str
    item: object


@dataclass(frozen=True, slots=True)
class PackedLetters:
    """Dead letters as one JSON text: the driver sends that at a tenth of what arrays of their parts cost it."""

    kind: ItemKind
    count: int
    letters: str


@dataclass(frozen=True, slots=True)
class DeadEvent:
    """A dead letter as it is kept."""

    recorded_at: datetime
    item_kind: str
    origin: str
    code: str
    detail: str
    cure: str
    item: object


def pack_letters(
    profile: TenantProfile, kind: ItemKind, letters: Iterable[DeadLetter]
) -> PackedLetters:
    """Reduce refused items to what is kept of them: the processor's part of burying them."""
    letters = tuple(letters)
    if not letters:
        return PackedLetters(kind, 0, "[]")
    ids = new_ids(len(letters))
    packed = [
        {
            "id": id_,
            "place": letter.place,
            "code": letter.code,
            "detail": _without_e_mail(letter.detail),
            "cure": letter.cure,
            "item": _reduce(letter.item, kind, profile),
        }
        for id_, letter in zip(ids, letters, strict=True)
    ]
    return PackedLetters(kind, len(packed), orjson.dumps(packed).decode())


async def bury(
    connection: Connection, tenant_id: UUID, packed: PackedLetters, *, origin: str
) -> None:
    """Keep refused items of the delivery `origin`; one that is kept already is the same delivery again."""
    if packed.count:
        await queries.insert_dead_events(
            connection,
            tenant_id=tenant_id,
            item_kind=packed.kind,
            origin=origin,
            letters=packed.letters,
        )


async def list_dead_events(
    connection: Connection, tenant_id: UUID, *, most: int = 100
) -> list[DeadEvent]:
    """Return the refused items of the transaction's tenant, the latest first."""
    rows = await queries.select_dead_events(connection, tenant_id=tenant_id, most=most)
    return [DeadEvent(**{**row, "item": orjson.loads(row["item"])}) for row in rows]


async def forget_dead_events(connection: Connection, *, most: int) -> int:
    """Delete up to `most` refused items of the transaction's tenant that are too old; return how many it was.

    Too old are those that came before the touches' retention, and in any case more than 90 days ago.
    """
    gone: int = await queries.forget_dead_events(connection, most=most)
    return gone


def _reduce(item: object, kind: ItemKind, profile: TenantProfile) -> dict[str, object]:
    """Return the known fields of an item: scalars only, cut to length, e-mail addresses out, the journey hashed."""
    fields = item.fields if isinstance(item, Refused) else item
    if not isinstance(fields, Mapping):
        return {"type": type(item).__name__}
    kept = {name: _scalar(value) for name, value in fields.items() if name in _FIELDS[kind]}
    for name, part_of in (("referrer_host", host_of), ("landing_path", path_of)):
        if isinstance(kept.get(name), str):
            kept[name] = _scalar(part_of(str(fields[name])))
    if kept.get("journey_key"):
        kept["journey_key"] = _hide_journey(fields["journey_key"], profile)
    if isinstance(item, Refused):
        kept |= {name: fields[name] for name in ("sha256", "bytes") if name in fields}
    return kept


def _hide_journey(journey_key: object, profile: TenantProfile) -> str:
    """Return the hash under which the journey's facts stand, whatever the text; of anything else its type."""
    if isinstance(journey_key, str):
        return hash_journey_key(profile.journey_secret, _NOT_TEXT.sub("\ufffd", journey_key)).hex()
    return type(journey_key).__name__


def _scalar(value: object) -> object:
    if isinstance(value, str):
        text = value[:_LONGEST_VALUE]
        if not text.isprintable():
            text = _NOT_TEXT.sub("\ufffd", text)
        return _without_e_mail(text)[:_LONGEST_VALUE]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list | tuple):
        return [_scalar(part) for part in value[:20] if isinstance(part, str)]
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, int) and abs(value) >= 10**_LONGEST_VALUE:
        return "a whole number of more than 500 digits"
    return str(value)[:_LONGEST_VALUE]


def _without_e_mail(text: str) -> str:
    return _E_MAIL.sub("[e-mail]", text) if "@" in text or "%40" in text else text
