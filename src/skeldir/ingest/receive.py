"""Taking in a batch: each item is recorded, known already, or refused with a reason, in the caller's transaction."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from skeldir.attribution import (
    ingest_lock,
    mark_orders_of_conversions,
    mark_orders_reached_by_touches,
)
from skeldir.clock import utc_now
from skeldir.db.columns import pack_column, unpack_column
from skeldir.db.ids import new_ids
from skeldir.db.locks import share_lock
from skeldir.db.plans import plan_for_each_list
from skeldir.ingest.canonical import (
    Conversion,
    Touch,
    hash_journey_key,
    read_conversion,
    read_touch,
)
from skeldir.ingest.dead_letters import (
    DeadLetter,
    ItemKind,
    PackedLetters,
    bury,
    pack_letters,
)
from skeldir.ingest.rejections import CURES, ItemRejected
from skeldir.ingest.store import queries
from skeldir.revenue import (
    FlaggedOrder,
    LedgerBatch,
    LedgerRow,
    Posting,
    pack_entries,
    post_entries,
)

if TYPE_CHECKING:
    from skeldir.db.pool import Connection
    from skeldir.tenants import TenantProfile

_Item = TypeVar("_Item", Touch, Conversion)


# Without slots: 10,000 of them are unpickled in half the time, when they come from another process.
@dataclass(frozen=True)
class Rejected:
    """One refused item: its place in the batch (or file), the kind of fault, and the cure."""

    index: int
    code: str
    detail: str
    cure: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: `accepted + duplicates + len(rejected)` is the number of its items.

    `flagged` names the orders of accepted conversions that are `awaiting_capture` or `over_refunded`.
    """

    accepted: int
    duplicates: int
    rejected: tuple[Rejected, ...]
    flagged: tuple[FlaggedOrder, ...] = ()


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
    rejected: tuple[Rejected, ...]
    letters: PackedLetters


@dataclass(frozen=True, slots=True)
class PreparedTouches:
    """`count` touches that have been read and hashed, column by column, and their deliveries; no database was asked."""

    delivered: Sequence[Delivered]
    count: int
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PreparedConversions:
    """The ledger's rows of conversions that have been read at a moment, and their deliveries."""

    delivered: Sequence[Delivered]
    read_at: datetime
    batch: LedgerBatch


@dataclass(frozen=True, slots=True)
class Refusal:
    """Items that are refused, and what is kept of them."""

    rejected: tuple[Rejected, ...]
    letters: PackedLetters


RefuseReused = Callable[[datetime, frozenset[str]], Awaitable[Refusal]]
"""Does `refuse_reused_keys` for the items of a delivery, wherever these are, given `read_at` and `keys`."""


class DeliveriesClash(Exception):
    """One delivery's conversions cannot be judged beside another's: each has to be posted by itself."""


def prepare_touches(profile: TenantProfile, deliveries: Sequence[Delivery]) -> PreparedTouches:
    """Read items, which are mappings with the fields of `canonical.TOUCH_FIELDS` or `Refused`, and hash their journeys.

    This is the part of taking in that needs the processor and not the database; where there are many items it is done
    in another process.
    """
    now = utc_now()
    touches, delivered = _read_deliveries(
        profile,
        "touch",
        deliveries,
        lambda item: read_touch(item, now=now, own_channels=profile.own_channels),
    )
    columns = _touch_columns(profile, _in_lock_order(touches))
    return PreparedTouches(delivered, len(touches), columns)


async def record_touches(
    connection: Connection, profile: TenantProfile, prepared: PreparedTouches
) -> list[Receipt]:
    """Record prepared touches of the transaction's tenant, and mark the orders that they can earn from.

    Return a receipt for each delivery.
    """
    await share_lock(connection, ingest_lock(profile.tenant_id))
    delivered = prepared.delivered
    arrived, arrived_keys = 0, frozenset[str]()
    if prepared.count:
        await plan_for_each_list(connection, prepared.count)
        new = await queries.insert_touches(
            connection,
            tenant_id=profile.tenant_id,
            tells_keys=len(delivered) > 1,
            **prepared.columns,
        )
        arrived = new["arrived"]
        arrived_keys = frozenset(unpack_column(new["arrived_keys"]))
        await mark_orders_reached_by_touches(
            connection,
            profile.tenant_id,
            list(zip(new["journey_keys"], new["moments"], strict=True)),
        )
    for delivery in delivered:
        await bury(connection, profile.tenant_id, delivery.letters, origin=delivery.origin)
    if len(delivered) == 1:
        return [_receipt(delivered[0], arrived)]
    return [
        _receipt(delivery, len(delivery.brought.keys() & arrived_keys)) for delivery in delivered
    ]


async def receive_touches(
    connection: Connection,
    profile: TenantProfile,
    items: Sequence[object],
    *,
    origin: str,
    places: Sequence[int] | None = None,
) -> Receipt:
    """Prepare and record touches; `places` are the items' places in the delivery `origin`."""
    prepared = prepare_touches(profile, [Delivery(items, origin, places)])
    (receipt,) = await record_touches(connection, profile, prepared)
    return receipt


def prepare_conversions(
    profile: TenantProfile, deliveries: Sequence[Delivery]
) -> PreparedConversions:
    """Read items, which are mappings with the fields of `canonical.CONVERSION_FIELDS` or `Refused`; as for touches.

    Raises:
        DeliveriesClash: the deliveries use one idempotency key for different conversions.
    """
    now = utc_now()
    conversions, delivered = _read_deliveries(
        profile, "conversion", deliveries, lambda item: read_conversion(item, now=now)
    )
    batch = pack_entries(
        [
            _ledger_row(conversion, profile.journey_secret)
            for conversion in _in_lock_order(conversions)
        ]
    )
    return PreparedConversions(delivered, now, batch)


def refuse_reused_keys(
    profile: TenantProfile, delivery: Delivery, *, read_at: datetime, keys: frozenset[str]
) -> Refusal:
    """Refuse those items, prepared before at `read_at`, whose keys turned out to stand for other conversions."""
    items = delivery.by_place()
    conversions, _ = _read_items(items, {}, lambda item: read_conversion(item, now=read_at))
    reused = [
        _reused(place)
        for place, conversion in conversions.items()
        if conversion.idempotency_key in keys
    ]
    return Refusal(tuple(reused), _letters(profile, "conversion", items, reused))


async def record_conversions(
    connection: Connection,
    profile: TenantProfile,
    prepared: PreparedConversions,
    *,
    refuse_reused: RefuseReused,
    source: str = "api",
) -> list[Receipt]:
    """Post prepared conversions of the transaction's tenant to the ledger, and mark their orders.

    Return a receipt for each delivery. A key that stands for a conversion of other content already is refused: money
    is never silently dropped. Only the database knows of such keys, so the items of a delivery that stands by itself
    are asked for once more.

    Raises:
        DeliveriesClash: there is such a key, and more than one delivery; the transaction must be rolled back.
    """
    await share_lock(connection, ingest_lock(profile.tenant_id))
    delivered = prepared.delivered
    posting = await post_entries(
        connection, profile.tenant_id, prepared.batch, source=source, tells_keys=len(delivered) > 1
    )
    if posting.reused_keys and len(delivered) > 1:
        raise DeliveriesClash
    await mark_orders_of_conversions(connection, profile.tenant_id, posting.order_ids)
    for delivery in delivered:
        await bury(connection, profile.tenant_id, delivery.letters, origin=delivery.origin)
    if len(delivered) > 1:
        return [_receipt_of_shared(delivery, posting) for delivery in delivered]
    rejected = delivered[0].rejected
    if posting.reused_keys:
        refusal = await refuse_reused(prepared.read_at, posting.reused_keys)
        await bury(connection, profile.tenant_id, refusal.letters, origin=delivered[0].origin)
        rejected = tuple(sorted([*rejected, *refusal.rejected], key=attrgetter("index")))
    return [
        _receipt(replace(delivered[0], rejected=rejected), posting.count, flagged=posting.flagged)
    ]


async def receive_conversions(
    connection: Connection,
    profile: TenantProfile,
    items: Sequence[object],
    *,
    origin: str,
    places: Sequence[int] | None = None,
    source: str = "api",
) -> Receipt:
    """Prepare and post conversions; `places` are the items' places in the delivery `origin`."""
    delivery = Delivery(items, origin, places)

    async def refuse_reused(read_at: datetime, keys: frozenset[str]) -> Refusal:
        return await asyncio.to_thread(
            refuse_reused_keys, profile, delivery, read_at=read_at, keys=keys
        )

    prepared = prepare_conversions(profile, [delivery])
    (receipt,) = await record_conversions(
        connection, profile, prepared, refuse_reused=refuse_reused, source=source
    )
    return receipt


def _receipt_of_shared(delivery: Delivered, posting: Posting) -> Receipt:
    orders = {order_id for key, order_id in delivery.brought.items() if key in posting.posted_keys}
    flagged = tuple(order for order in posting.flagged if order.order_id in orders)
    accepted = len(delivery.brought.keys() & posting.posted_keys)
    return _receipt(delivery, accepted, flagged=flagged)


def _receipt(
    delivery: Delivered, accepted: int, *, flagged: tuple[FlaggedOrder, ...] = ()
) -> Receipt:
    duplicates = delivery.count - len(delivery.rejected) - accepted
    return Receipt(accepted, duplicates, delivery.rejected, flagged)


def _read_deliveries(
    profile: TenantProfile,
    kind: ItemKind,
    deliveries: Sequence[Delivery],
    read: Callable[[object], _Item],
) -> tuple[list[_Item], list[Delivered]]:
    """Read every item of every delivery; return the first of each idempotency key."""
    seen: dict[str, _Item] = {}
    delivered: list[Delivered] = []
    is_shared = len(deliveries) > 1
    for delivery in deliveries:
        items = delivery.by_place()
        good, rejected = _read_items(items, seen, read)
        facts = good.values() if is_shared else ()
        brought = {fact.idempotency_key: getattr(fact, "order_id", "") for fact in facts}
        letters = _letters(profile, kind, items, rejected)
        delivered.append(Delivered(delivery.origin, len(items), brought, tuple(rejected), letters))
    return list(seen.values()), delivered


def _read_items(
    items: Mapping[int, object], known: dict[str, _Item], read: Callable[[object], _Item]
) -> tuple[dict[int, _Item], list[Rejected]]:
    """Read every item; return the first of each idempotency key by its place, and what was refused.

    Those that are `known`, from deliveries before this one, are left out; the others are added to them.

    Raises:
        DeliveriesClash: a delivery before it has another conversion of the same key.
    """
    good: dict[int, _Item] = {}
    own: set[str] = set()
    rejected: list[Rejected] = []
    for index, item in items.items():
        try:
            fact = read(item)
        except ItemRejected as fault:
            rejected.append(Rejected(index, fault.item_code, fault.detail, fault.cure))
            continue
        first = known.setdefault(fact.idempotency_key, fact)
        if first is fact:
            good[index] = fact
            own.add(fact.idempotency_key)
        elif fact != first and isinstance(fact, Conversion):
            if fact.idempotency_key not in own:
                raise DeliveriesClash
            rejected.append(_reused(index))
    return good, rejected


def _in_lock_order(facts: Sequence[_Item]) -> list[_Item]:
    """Return the facts by key: deliveries that overlap wait for each other key by key, and never in a circle."""
    return sorted(facts, key=attrgetter("idempotency_key"))


def _reused(index: int) -> Rejected:
    code = "idempotency_key_reused"
    return Rejected(
        index, code, "The idempotency key already names a conversion of other content.", CURES[code]
    )


def _touch_columns(profile: TenantProfile, touches: Sequence[Touch]) -> dict[str, str]:
    secret = profile.journey_secret
    return {
        "ids": pack_column(id_.hex for id_ in new_ids(len(touches))),
        "keys": pack_column(touch.idempotency_key for touch in touches),
        "moments": pack_column(touch.occurred_at.isoformat() for touch in touches),
        "journey_keys": pack_column(
            hash_journey_key(secret, touch.journey_key).hex() for touch in touches
        ),
        "session_ids": pack_column(touch.session_id for touch in touches),
        "channel_codes": pack_column(touch.channel_code for touch in touches),
        "channel_rules": pack_column(touch.channel_rule for touch in touches),
        "sources": pack_column(touch.source for touch in touches),
        "mediums": pack_column(touch.medium for touch in touches),
        "campaigns": pack_column(touch.campaign for touch in touches),
        "referrer_hosts": pack_column(touch.referrer_host for touch in touches),
        "landing_paths": pack_column(touch.landing_path for touch in touches),
        "click_id_kinds": pack_column(" ".join(touch.click_id_kinds) for touch in touches),
    }


def _ledger_row(conversion: Conversion, secret: bytes) -> LedgerRow:
    return LedgerRow(
        business_key=conversion.idempotency_key,
        order_id=conversion.order_id,
        kind=conversion.kind,
        amount_cents=conversion.amount_cents,
        currency=conversion.currency,
        occurred_at=conversion.occurred_at,
        journey_key=None
        if conversion.journey_key is None
        else hash_journey_key(secret, conversion.journey_key),
    )


def _letters(
    profile: TenantProfile,
    kind: ItemKind,
    items: Mapping[int, object],
    rejected: Sequence[Rejected],
) -> PackedLetters:
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
