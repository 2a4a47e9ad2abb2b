"""Rejected items are kept as dead events: with the reason, and reduced to the fields that may be kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import orjson

from skeldir.db import new_hex_ids
from skeldir.ingest.canonical import hash_journey_key
from skeldir.ingest.fields import CONVERSION_FIELDS, TOUCH_FIELDS
from skeldir.ingest.landing import host_of, keep_kinds, path_of
from skeldir.ingest.rejections import Rejection, UnreadableItem
from skeldir.ingest.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.tenants import TenantProfile

ItemKind = Literal["touch", "conversion"]
_FIELDS = {"touch": TOUCH_FIELDS, "conversion": CONVERSION_FIELDS}
_LONGEST_VALUE = 500
# The word around an @ or its URL encoding. A match begins where a word does, which keeps the search linear.
_E_MAIL = re.compile(r"(?<!\S)\S*?(?:@|%40)\S*")
_NOT_TEXT = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class PackedDeadEvents:
    """Dead events as one JSON text: sending it costs the driver a tenth of what arrays of their columns would."""

    kind: ItemKind
    count: int
    json: str


@dataclass(frozen=True, slots=True)
class DeadEvent:
    """A rejected item as it is stored."""

    recorded_at: datetime
    item_kind: str
    origin: str
    code: str
    detail: str
    cure: str
    item: object

    @property
    def source(self) -> str:
        """Where it came from: `file:` and the beginning of a fingerprint, or `api:` and a digest."""
        return ":".join(self.origin.split(":")[:2])

    @property
    def place(self) -> int:
        """Its place in the request, or the number of its row in the file, or that of its `part`."""
        return int(self.origin.rpartition(":")[2])

    @property
    def part(self) -> str | None:
        """What its place numbers, of a file whose rows make several items each: `journey` or `touch`."""
        words = self.origin.split(":")
        return words[2] if len(words) > 3 and words[2] in ("journey", "touch") else None


@dataclass(frozen=True, slots=True)
class DeadEventCount:
    """How many items from a source were rejected with a code, and when the last one."""

    source: str
    item_kind: str
    code: str
    items: int
    last_at: datetime


def pack_dead_events(
    profile: TenantProfile,
    kind: ItemKind,
    rejections: Sequence[Rejection],
    items: Mapping[int, object],
) -> PackedDeadEvents:
    """Reduce rejected items, which are found in `items` by their places, to what is stored of them."""
    if not rejections:
        return PackedDeadEvents(kind, 0, "[]")
    ids = new_hex_ids(len(rejections))
    packed = [
        {
            "id": id_,
            "place": rejection.index,
            "code": rejection.code,
            "detail": _without_e_mail(rejection.detail),
            "cure": rejection.cure,
            "item": reduce_item(items[rejection.index], kind, profile),
        }
        for id_, rejection in zip(ids, rejections, strict=True)
    ]
    return PackedDeadEvents(kind, len(packed), orjson.dumps(packed).decode())


async def record_dead_events(
    connection: Connection, tenant_id: UUID, packed: PackedDeadEvents, *, origin: str
) -> None:
    """Store the dead events of the delivery `origin`; those already stored, of a repeated delivery, are skipped."""
    if packed.count:
        await queries.insert_dead_events(
            connection,
            tenant_id=tenant_id,
            item_kind=packed.kind,
            origin=origin,
            dead_events=packed.json,
        )


async def list_dead_events(
    connection: Connection,
    tenant_id: UUID,
    *,
    sources: Sequence[str] | None = None,
    code: str | None = None,
    most: int = 100,
) -> list[DeadEvent]:
    """Return the dead events of the transaction's tenant, of some sources or all, newest first."""
    rows = await queries.select_dead_events(
        connection, tenant_id=tenant_id, sources=sources, code=code, most=most
    )
    return [
        DeadEvent(
            recorded_at=row["recorded_at"],
            item_kind=row["item_kind"],
            origin=row["origin"],
            code=row["code"],
            detail=row["detail"],
            cure=row["cure"],
            item=orjson.loads(row["item"]),
        )
        for row in rows
    ]


async def count_dead_events(
    connection: Connection, tenant_id: UUID, *, most: int = 1_000
) -> list[DeadEventCount]:
    """Return how many items of the transaction's tenant were rejected, by source and code, the latest first."""
    rows = await queries.count_dead_events(connection, tenant_id=tenant_id, most=most)
    return [DeadEventCount(**row) for row in rows]


async def list_refused_rows(connection: Connection, tenant_id: UUID, origin: str) -> set[int]:
    """Return the numbers of the rows of a file from which an item was rejected."""
    rows = await queries.select_refused_rows(connection, tenant_id=tenant_id, origin=origin)
    return {row["number"] for row in rows}


async def forget_dead_events(connection: Connection, *, most: int) -> int:
    """Delete up to `most` expired dead events of the transaction's tenant; return how many were deleted.

    They expire with the tenant's retention of touches, and after 90 days at the latest.
    """
    return await queries.forget_dead_events(connection, most=most)


def reduce_item(item: object, kind: ItemKind, profile: TenantProfile) -> dict[str, object]:
    """Return the known fields of an item: scalars only, shortened, e-mail addresses masked, the journey key hashed."""
    fields = item.fields if isinstance(item, UnreadableItem) else item
    if not isinstance(fields, Mapping):
        return {"type": type(item).__name__}
    kept = {name: _scalar(value) for name, value in fields.items() if name in _FIELDS[kind]}
    for name, part_of in (("referrer_host", host_of), ("landing_path", path_of)):
        if isinstance(kept.get(name), str):
            kept[name] = _scalar(part_of(str(fields[name])))
    if isinstance(kept.get("click_ids"), list):
        names = (str(part) for part in fields["click_ids"] if isinstance(part, str))
        kept["click_ids"] = list(keep_kinds(tuple(names)))
    if kept.get("journey_key"):
        kept["journey_key"] = _hide_journey(fields["journey_key"], profile)
    if isinstance(item, UnreadableItem):
        kept |= {name: fields[name] for name in ("sha256", "bytes") if name in fields}
    return kept


def _hide_journey(journey_key: object, profile: TenantProfile) -> str:
    """Return the hash that the journey's facts are stored under; for a value that is no text, its type."""
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
