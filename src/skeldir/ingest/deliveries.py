"""Deliveries: items that arrive together, the facts read from them, and the receipt returned for them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar
from uuid import UUID

import orjson
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

from skeldir.ingest.canonical import Conversion, Touch
from skeldir.ingest.dead_letters import ItemKind, PackedDeadEvents, pack_dead_events
from skeldir.ingest.rejections import CURES, ItemRejected, Rejection
from skeldir.revenue import FlaggedOrder

if TYPE_CHECKING:
    from skeldir.tenants import TenantProfile

ItemT = TypeVar("ItemT", Touch, Conversion)
Read: TypeAlias = Callable[[Sequence[object]], "Sequence[ItemT | ItemRejected]"]
"""Reads items; returns for each the fact that it describes, or why it is rejected."""


@dataclass(frozen=True, slots=True)
class Rejections:
    """The rejections of a delivery, by place, as a JSON array: passing 10,000 objects would block the event loop."""

    count: int
    json: bytes

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Describe the text as the list that it holds."""
        return handler.generate_schema(list[Rejection])

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Rejection]:
        return (Rejection(**fields) for fields in orjson.loads(self.json))


NO_REJECTIONS = Rejections(0, b"[]")


def pack_rejections(rejections: Sequence[Rejection]) -> Rejections:
    """Return rejections, which are ordered by place, as one text."""
    return Rejections(len(rejections), orjson.dumps(rejections))


@dataclass(frozen=True, slots=True)
class Receipt:
    """`accepted + duplicates + len(rejected)` is the number of items sent.

    `flagged` lists orders that need attention: `awaiting_capture` or `over_refunded`.
    """

    accepted: int
    duplicates: int
    rejected: Rejections
    flagged: tuple[FlaggedOrder, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Items that arrive together, in a request or a piece of a file. An equal `origin` means the same delivery again.

    `places` are the items' places in it; they default to 0, 1, 2 … `is_by_order`: the key of a capture names its
    order, so that the same money of it at another moment is the same sale reported again. Facts remember `brought_by`
    instead of `origin` if it is given: rows that are replayed are listed under the origin of their file.
    """

    items: Sequence[object]
    origin: str
    places: Sequence[int] | None = None
    is_by_order: bool = False
    brought_by: str | None = None

    @property
    def id(self) -> UUID:
        """By which facts remember what brought them."""
        return delivery_id(self.brought_by or self.origin)

    def by_place(self) -> dict[int, object]:
        """Return the items by their places."""
        places = range(len(self.items)) if self.places is None else self.places
        return dict(zip(places, self.items, strict=True))


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery after its items were read: how many there were, and which were rejected.

    `brought` has an entry for each fact that no earlier delivery of the transaction contains: idempotency key to
    order id ("" for a touch). It is empty for a delivery that is prepared alone: all new facts are its own.
    """

    origin: str
    id: UUID
    count: int
    brought: Mapping[str, str]
    rejected: Rejections
    dead_events: PackedDeadEvents
    is_by_order: bool = False


class DeliveriesClash(Exception):
    """Two deliveries use one key for different conversions: each has to be posted alone."""


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
        good, rejections = read_items(items, seen, read, is_by_order=delivery.is_by_order)
        facts = good.values() if is_shared else ()
        brought = {fact.idempotency_key: getattr(fact, "order_id", "") for fact in facts}
        packed = pack_rejections(rejections)
        dead_events = pack_dead_events(profile, kind, rejections, items)
        delivered.append(
            Delivered(
                delivery.origin,
                delivery.id,
                len(items),
                brought,
                packed,
                dead_events,
                delivery.is_by_order,
            )
        )
    return list(seen.values()), delivered


def read_items(
    items: Mapping[int, object],
    known: dict[str, ItemT],
    read: Read[ItemT],
    *,
    is_by_order: bool = False,
) -> tuple[dict[int, ItemT], list[Rejection]]:
    """Read every item; return the first fact of each idempotency key by its place, and the rejections.

    Facts of earlier deliveries, in `known`, are left out; the new ones are added to `known`.

    Raises:
        DeliveriesClash: an earlier delivery has a different conversion with the same key.
    """
    good: dict[int, ItemT] = {}
    own: set[str] = set()
    rejections: list[Rejection] = []
    for index, fact in zip(items, read(list(items.values())), strict=True):
        if isinstance(fact, ItemRejected):
            rejections.append(rejection_of(index, fact))
            continue
        first = known.setdefault(fact.idempotency_key, fact)
        if first is fact:
            good[index] = fact
            own.add(fact.idempotency_key)
        elif is_other(fact, first, is_by_order=is_by_order):
            if fact.idempotency_key not in own:
                raise DeliveriesClash
            rejections.append(reused_key(index))
    return good, rejections


def is_other(fact: object, first: object, *, is_by_order: bool) -> bool:
    """Return whether a conversion is another than the first with its key; `is_by_order` as for `Delivery`.

    A touch never is: its key alone says that it is the same.
    """
    if not isinstance(fact, Conversion) or not isinstance(first, Conversion):
        return False
    return _money_of(fact) != _money_of(first) if is_by_order else fact != first


def _money_of(conversion: Conversion) -> tuple[str, str, int, str]:
    return conversion.order_id, conversion.kind, conversion.amount_cents, conversion.currency


def receipt_for(
    delivery: Delivered, accepted: int, *, flagged: tuple[FlaggedOrder, ...] = ()
) -> Receipt:
    """Return the receipt for a delivery; `accepted` of its items were new."""
    duplicates = delivery.count - len(delivery.rejected) - accepted
    return Receipt(accepted, duplicates, delivery.rejected, flagged)


def rejection_of(index: int, error: ItemRejected) -> Rejection:
    """Return the rejection of an item that cannot be read."""
    return Rejection(index, error.item_code, error.detail, error.cure)


def reused_key(index: int) -> Rejection:
    """Return the rejection of an item whose key already names another conversion."""
    code = "idempotency_key_reused"
    return Rejection(
        index, code, "The idempotency key already names a different conversion.", CURES[code]
    )


def delivery_id(origin: str) -> UUID:
    """Return the id by which facts remember the delivery that brought them: the beginning of its origin's SHA-256."""
    return UUID(bytes=hashlib.sha256(origin.encode()).digest()[:16])


def origins_of_file(fingerprint: str, *, replay: int | None = None) -> tuple[str, str]:
    """Return the origins of the deliveries from an imported file: of its rows, and of refunds beside an order.

    Each replay of refused rows, numbered from 1, has deliveries of its own.
    """
    origin = f"file:{fingerprint[:16]}"
    if replay is not None:
        origin = f"{origin}:replay:{replay}"
    return origin, f"{origin}:refund"


def origin_of(body: bytes) -> str:
    """Return the origin of an HTTP delivery: the same bytes sent again are the same delivery."""
    return "api:" + hashlib.sha256(body).hexdigest()[:32]
