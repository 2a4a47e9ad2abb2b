"""Deliveries: the items that came together, what is read of them, and the receipt that is given for them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import orjson
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

from skeldir.ingest.canonical import Conversion, Touch
from skeldir.ingest.dead_letters import DeadLetter, ItemKind, PackedLetters, pack_letters
from skeldir.ingest.rejections import CURES, ItemRejected
from skeldir.revenue import FlaggedOrder

if TYPE_CHECKING:
    from skeldir.tenants import TenantProfile

ItemT = TypeVar("ItemT", Touch, Conversion)
Read: TypeAlias = Callable[[Sequence[object]], "Sequence[ItemT | ItemRejected]"]
"""Reads items, and returns for each the fact that it describes, or why it is refused."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item that was not taken in, by its place in the request; it is kept among the dead events."""

    index: int
    code: str
    detail: str
    cure: str


@dataclass(frozen=True, slots=True)
class Rejections:
    """Refused items by their places, as a JSON array: 10,000 objects would keep the loop to which they are handed."""

    count: int
    json: bytes

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Describe them as what the text holds."""
        return handler.generate_schema(list[Rejected])

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Rejected]:
        return (Rejected(**fields) for fields in orjson.loads(self.json))


NO_REJECTIONS = Rejections(0, b"[]")


def pack_rejections(rejected: Sequence[Rejected]) -> Rejections:
    """Return refused items, which come by their places, as one text."""
    return Rejections(len(rejected), orjson.dumps(rejected))


@dataclass(frozen=True, slots=True)
class Receipt:
    """`accepted + duplicates + len(rejected)` is the number of items sent."""

    accepted: int
    duplicates: int
    rejected: Rejections
    flagged: tuple[FlaggedOrder, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Items that came together, in a request or a piece of a file; the same `origin` again is the same delivery.

    `places` are the items' places in it, 0, 1, 2 … when left out.
    """

    items: Sequence[object]
    origin: str
    places: Sequence[int] | None = None

    def by_place(self) -> dict[int, object]:
        """Return the items by their places."""
        places = range(len(self.items)) if self.places is None else self.places
        return dict(zip(places, self.items, strict=True))


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was read of a delivery: how many items there were, and what was refused of them.

    `brought` are the order ids ("" of a touch) of the facts that no delivery before it brought, by idempotency key;
    empty for a delivery that is prepared by itself, of which nobody has to tell the facts apart.
    """

    origin: str
    count: int
    brought: Mapping[str, str]
    rejected: Rejections
    letters: PackedLetters


class DeliveriesClash(Exception):
    """One delivery's conversions cannot be judged beside another's: each has to be posted by itself."""


def read_deliveries(
    profile: TenantProfile,
    kind: ItemKind,
    deliveries: Sequence[Delivery],
    read: Read[ItemT],
) -> tuple[list[ItemT], list[Delivered]]:
    """Read every item of every delivery; return the first of each idempotency key."""
    seen: dict[str, ItemT] = {}
    delivered: list[Delivered] = []
    is_shared = len(deliveries) > 1
    for delivery in deliveries:
        items = delivery.by_place()
        good, rejected = read_items(items, seen, read)
        facts = good.values() if is_shared else ()
        brought = {fact.idempotency_key: getattr(fact, "order_id", "") for fact in facts}
        letters = letters_of(profile, kind, items, rejected)
        packed = pack_rejections(rejected)
        delivered.append(Delivered(delivery.origin, len(items), brought, packed, letters))
    return list(seen.values()), delivered


def read_items(
    items: Mapping[int, object], known: dict[str, ItemT], read: Read[ItemT]
) -> tuple[dict[int, ItemT], list[Rejected]]:
    """Read every item; return the first of each idempotency key by its place, and what was refused.

    Those that are `known`, from deliveries before this one, are left out; the others are added to them.

    Raises:
        DeliveriesClash: a delivery before it has another conversion of the same key.
    """
    good: dict[int, ItemT] = {}
    own: set[str] = set()
    rejected: list[Rejected] = []
    for index, fact in zip(items, read(list(items.values())), strict=True):
        if isinstance(fact, ItemRejected):
            rejected.append(refused(index, fact))
            continue
        first = known.setdefault(fact.idempotency_key, fact)
        if first is fact:
            good[index] = fact
            own.add(fact.idempotency_key)
        elif fact != first and isinstance(fact, Conversion):
            if fact.idempotency_key not in own:
                raise DeliveriesClash
            rejected.append(reused(index))
    return good, rejected


def receipt_for(
    delivery: Delivered, accepted: int, *, flagged: tuple[FlaggedOrder, ...] = ()
) -> Receipt:
    """Return the receipt for a delivery; `accepted` of its items were new."""
    duplicates = delivery.count - len(delivery.rejected) - accepted
    return Receipt(accepted, duplicates, delivery.rejected, flagged)


def refused(index: int, fault: ItemRejected) -> Rejected:
    """Return the refusal of an item that cannot be read."""
    return Rejected(index, fault.item_code, fault.detail, fault.cure)


def reused(index: int) -> Rejected:
    """Return the refusal of an item whose key stands for another conversion."""
    code = "idempotency_key_reused"
    return Rejected(
        index, code, "The idempotency key already names a conversion of other content.", CURES[code]
    )


def letters_of(
    profile: TenantProfile,
    kind: ItemKind,
    items: Mapping[int, object],
    rejected: Sequence[Rejected],
) -> PackedLetters:
    """Return what is kept of refused items, which stand in `items` by their places."""
    return pack_letters(
        profile,
        kind,
        (
            DeadLetter(fault.index, fault.code, fault.detail, fault.cure, items[fault.index])
            for fault in rejected
        ),
    )


def origin_of(body: bytes) -> str:
    """Return the origin of an HTTP delivery: the same bytes sent again are the same delivery."""
    return "api:" + hashlib.sha256(body).hexdigest()[:32]
