"""Taking in a batch: each item is recorded, known already, or refused with a reason, in the caller's transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING

from skeldir.attribution import (
    ingest_lock,
    mark_orders_of_conversions,
    mark_orders_reached_by_touches,
)
from skeldir.clock import utc_now
from skeldir.db import new_ids, pack_column, plan_for_each_list, share_lock, unpack_column
from skeldir.ingest.canonical import (
    Conversion,
    Touch,
    hash_journey_key,
    read_conversion,
    read_touch,
)
from skeldir.ingest.dead_letters import (
    PackedLetters,
    bury,
)
from skeldir.ingest.deliveries import (
    Delivered,
    DeliveriesClash,
    Delivery,
    ItemT,
    Receipt,
    Rejections,
    letters_of,
    pack_rejections,
    read_deliveries,
    receipt_for,
    refused,
    reused,
)
from skeldir.ingest.rejections import ItemRejected
from skeldir.ingest.store import queries
from skeldir.revenue import (
    LedgerBatch,
    LedgerRow,
    Posting,
    pack_entries,
    post_entries,
)

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.tenants import TenantProfile


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
    """All refused items of a delivery, and what is kept of those that were not known to be when it was prepared."""

    rejected: Rejections
    letters: PackedLetters


RefuseReused = Callable[[datetime, frozenset[str]], Awaitable[Refusal]]
"""Does `refuse_reused_keys` for the items of a delivery, wherever these are, given `read_at` and `keys`."""


def prepare_touches(profile: TenantProfile, deliveries: Sequence[Delivery]) -> PreparedTouches:
    """Read items, which are mappings with the fields of `canonical.TOUCH_FIELDS` or `Refused`, and hash their journeys.

    This is the part of taking in that needs the processor and not the database; where there are many items it is done
    in another process.
    """
    now = utc_now()
    touches, delivered = read_deliveries(
        profile,
        "touch",
        deliveries,
        lambda item: read_touch(item, now=now, own_channels=profile.own_channels),
    )
    columns = _touch_columns(profile, _in_lock_order(touches))
    return PreparedTouches(delivered, len(touches), columns)


async def record_touches(
    connection: Connection,
    profile: TenantProfile,
    prepared: PreparedTouches,
    *,
    is_locked: bool = False,
) -> list[Receipt]:
    """Record prepared touches of the transaction's tenant, and mark the orders that they can earn from.

    Return a receipt for each delivery. `is_locked` says that the transaction shares `ingest_lock` already.
    """
    if not is_locked:
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
        return [receipt_for(delivered[0], arrived)]
    return [
        receipt_for(delivery, len(delivery.brought.keys() & arrived_keys)) for delivery in delivered
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
    conversions, delivered = read_deliveries(
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
    """Refuse those items, prepared before at `read_at`, whose keys turned out to stand for other conversions.

    That is the first of each key and whatever says the same; what says something else was refused before.
    """
    items = delivery.by_place()
    first: dict[str, Conversion] = {}
    rejected, again = [], []
    for place, item in items.items():
        try:
            conversion = read_conversion(item, now=read_at)
        except ItemRejected as fault:
            rejected.append(refused(place, fault))
            continue
        key = conversion.idempotency_key
        if first.setdefault(key, conversion) != conversion:
            rejected.append(reused(place))
        elif key in keys:
            again.append(reused(place))
            rejected.append(again[-1])
    return Refusal(pack_rejections(rejected), letters_of(profile, "conversion", items, again))


async def record_conversions(
    connection: Connection,
    profile: TenantProfile,
    prepared: PreparedConversions,
    *,
    refuse_reused: RefuseReused,
    source: str = "api",
    is_locked: bool = False,
) -> list[Receipt]:
    """Post prepared conversions of the transaction's tenant to the ledger, and mark their orders.

    Return a receipt for each delivery. A key that stands for a conversion of other content already is refused: money
    is never silently dropped. Only the database knows of such keys, so the items of a delivery that stands by itself
    are asked for once more. `is_locked` says that the transaction shares `ingest_lock` already.

    Raises:
        DeliveriesClash: there is such a key, and more than one delivery; the transaction must be rolled back.
    """
    if not is_locked:
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
        rejected = refusal.rejected
    return [
        receipt_for(
            replace(delivered[0], rejected=rejected), posting.count, flagged=posting.flagged
        )
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
    return receipt_for(delivery, accepted, flagged=flagged)


def _in_lock_order(facts: Sequence[ItemT]) -> list[ItemT]:
    """Return the facts by key: deliveries that overlap wait for each other key by key, and never in a circle."""
    return sorted(facts, key=attrgetter("idempotency_key"))


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
