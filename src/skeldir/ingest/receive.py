"""Receiving a batch: each item is recorded, a duplicate, or rejected with a reason, in the caller's transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution import mark_orders_of_conversions, mark_orders_reached_by_touches
from skeldir.clock import utc_now
from skeldir.db import new_hex_ids, pack_column, plan_for_each_list, share_lock, unpack_column
from skeldir.ingest.canonical import (
    Conversion,
    Touch,
    hash_journey_key,
    journey_hasher,
    read_conversion,
)
from skeldir.ingest.channels import compiled_rules
from skeldir.ingest.crowds import NO_JOURNEYS, JourneyCounts, count_journeys
from skeldir.ingest.dead_letters import (
    PackedDeadEvents,
    pack_dead_events,
    record_dead_events,
)
from skeldir.ingest.deliveries import (
    Delivered,
    DeliveriesClash,
    Delivery,
    ItemT,
    Receipt,
    Rejections,
    is_other,
    pack_rejections,
    read_deliveries,
    receipt_for,
    rejection_of,
    reused_key,
)
from skeldir.ingest.rejections import ItemRejected, attempt
from skeldir.ingest.store import queries
from skeldir.ingest.touch_columns import read_touches
from skeldir.revenue import (
    LedgerBatch,
    LedgerRow,
    Posting,
    pack_entries,
    post_entries,
)
from skeldir.rollups import ingest_lock

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.tenants import TenantProfile

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class PreparedTouches:
    """`count` touches, read and hashed, column by column, and their deliveries; made without the database."""

    delivered: Sequence[Delivered]
    count: int
    delivery: UUID
    columns: Mapping[str, str]
    journeys: JourneyCounts


@dataclass(frozen=True, slots=True)
class PreparedConversions:
    """The ledger rows of conversions that were read at `read_at`, and their deliveries."""

    delivered: Sequence[Delivered]
    read_at: datetime
    batch: LedgerBatch


@dataclass(frozen=True, slots=True)
class LateRejections:
    """All rejections of a delivery, and the dead events of those found only after it was prepared."""

    rejected: Rejections
    dead_events: PackedDeadEvents


RejectReused = Callable[[datetime, frozenset[str]], Awaitable[LateRejections]]
"""Calls `reject_reused_keys` with `read_at` and `keys`, in the process that has the items of the delivery."""


def prepare_touches(profile: TenantProfile, deliveries: Sequence[Delivery]) -> PreparedTouches:
    """Read items, which are mappings with the fields of TOUCH_FIELDS or `UnreadableItem`, and hash their journeys.

    This is the part of receiving that needs the processor and not the database; for many items it runs in another
    process.
    """
    now = utc_now()
    read = partial(
        read_touches,
        now=now,
        own_channels=profile.own_channels,
        own_hosts=profile.own_hosts,
        own_rules=compiled_rules(profile.rules_version, profile.rules_document),
    )
    touches, delivered = read_deliveries(profile, "touch", deliveries, read)
    in_order = _in_lock_order(touches)
    columns = _touch_columns(profile, in_order) if touches else {}
    journeys = count_journeys(unpack_column(columns["journey_keys"])) if touches else NO_JOURNEYS
    columns["deliveries"] = pack_column(one.hex for one in _deliveries_of(in_order, delivered))
    return PreparedTouches(delivered, len(touches), delivered[0].id, columns, journeys)


async def record_touches(
    connection: Connection,
    profile: TenantProfile,
    prepared: PreparedTouches,
    *,
    is_locked: bool = False,
) -> list[Receipt]:
    """Record prepared touches of the transaction's tenant, and mark the orders whose credit they can change.

    Return a receipt for each delivery. `is_locked` says that the transaction already shares `ingest_lock`.
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
            delivery=prepared.delivery,
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
        await record_dead_events(
            connection, profile.tenant_id, delivery.dead_events, origin=delivery.origin
        )
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
    """Prepare and record touches; `places[i]` is the position of item i in the delivery that `origin` identifies."""
    prepared = prepare_touches(profile, [Delivery(items, origin, places)])
    (receipt,) = await record_touches(connection, profile, prepared)
    return receipt


def prepare_conversions(
    profile: TenantProfile, deliveries: Sequence[Delivery]
) -> PreparedConversions:
    """Read items, which are mappings with the fields of CONVERSION_FIELDS or `UnreadableItem`, as for touches.

    Raises:
        DeliveriesClash: the deliveries use one idempotency key for different conversions.
    """
    now = utc_now()
    read = partial(read_conversion, now=now)
    conversions, delivered = read_deliveries(
        profile, "conversion", deliveries, lambda items: [attempt(read, item) for item in items]
    )
    in_order = _in_lock_order(conversions)
    batch = pack_entries(
        [_ledger_row(conversion, profile.journey_secret) for conversion in in_order],
        delivery=delivered[0].id,
        deliveries=_deliveries_of(in_order, delivered),
    )
    return PreparedConversions(delivered, now, batch)


def reject_reused_keys(
    profile: TenantProfile, delivery: Delivery, *, read_at: datetime, keys: frozenset[str]
) -> LateRejections:
    """Reject those items, prepared earlier at `read_at`, whose keys turned out to name other conversions.

    These are the first item of each key and its duplicates; items that differ from the first were rejected before.
    """
    items = delivery.by_place()
    first: dict[str, Conversion] = {}
    rejections, late = [], []
    for place, item in items.items():
        try:
            conversion = read_conversion(item, now=read_at)
        except ItemRejected as error:
            rejections.append(rejection_of(place, error))
            continue
        key = conversion.idempotency_key
        known = first.setdefault(key, conversion)
        if is_other(conversion, known, is_by_order=delivery.is_by_order):
            rejections.append(reused_key(place))
        elif key in keys:
            late.append(reused_key(place))
            rejections.append(late[-1])
    dead_events = pack_dead_events(profile, "conversion", late, items)
    return LateRejections(pack_rejections(rejections), dead_events)


async def record_conversions(
    connection: Connection,
    profile: TenantProfile,
    prepared: PreparedConversions,
    *,
    reject_reused: RejectReused,
    source: str = "api",
    is_locked: bool = False,
) -> list[Receipt]:
    """Post prepared conversions of the transaction's tenant to the ledger, and mark their orders.

    Return a receipt for each delivery. An item whose key already names a different conversion is rejected: money is
    never silently dropped. Only the database knows such keys, so the items of a delivery that was prepared alone are
    read a second time. `is_locked` says that the transaction already shares `ingest_lock`.

    Raises:
        DeliveriesClash: there is such a key, and more than one delivery; the transaction must be rolled back.
    """
    if not is_locked:
        await share_lock(connection, ingest_lock(profile.tenant_id))
    delivered = prepared.delivered
    posting = await post_entries(
        connection,
        profile.tenant_id,
        prepared.batch,
        source=source,
        tells_keys=len(delivered) > 1,
        is_by_order=any(delivery.is_by_order for delivery in delivered),
    )
    if posting.reused_keys and len(delivered) > 1:
        raise DeliveriesClash
    await mark_orders_of_conversions(connection, profile.tenant_id, posting.order_ids)
    for delivery in delivered:
        await record_dead_events(
            connection, profile.tenant_id, delivery.dead_events, origin=delivery.origin
        )
    if len(delivered) > 1:
        return [_receipt_of_shared(delivery, posting) for delivery in delivered]
    rejected = delivered[0].rejected
    if posting.reused_keys:
        late = await reject_reused(prepared.read_at, posting.reused_keys)
        await record_dead_events(
            connection, profile.tenant_id, late.dead_events, origin=delivered[0].origin
        )
        rejected = late.rejected
    return [
        receipt_for(
            replace(delivered[0], rejected=rejected), posting.count, flagged=posting.flagged
        )
    ]


async def record_delivery(
    connection: Connection,
    profile: TenantProfile,
    delivery: Delivery,
    prepared: PreparedConversions,
    *,
    source: str = "api",
) -> Receipt:
    """Post the conversions of a delivery that was prepared alone and whose items are in this process."""

    async def reject_reused(read_at: datetime, keys: frozenset[str]) -> LateRejections:
        return await asyncio.to_thread(
            reject_reused_keys, profile, delivery, read_at=read_at, keys=keys
        )

    (receipt,) = await record_conversions(
        connection, profile, prepared, reject_reused=reject_reused, source=source
    )
    return receipt


async def receive_conversions(
    connection: Connection,
    profile: TenantProfile,
    items: Sequence[object],
    *,
    origin: str,
    places: Sequence[int] | None = None,
) -> Receipt:
    """Prepare and post conversions; `places[i]` is the position of item i in the delivery that `origin` identifies."""
    delivery = Delivery(items, origin, places)
    prepared = prepare_conversions(profile, [delivery])
    return await record_delivery(connection, profile, delivery, prepared)


def _receipt_of_shared(delivery: Delivered, posting: Posting) -> Receipt:
    orders = {order_id for key, order_id in delivery.brought.items() if key in posting.posted_keys}
    flagged = tuple(order for order in posting.flagged if order.order_id in orders)
    accepted = len(delivery.brought.keys() & posting.posted_keys)
    return receipt_for(delivery, accepted, flagged=flagged)


def _in_lock_order(facts: Sequence[ItemT]) -> list[ItemT]:
    """Return the facts ordered by key, so that overlapping deliveries cannot deadlock."""
    return sorted(facts, key=attrgetter("idempotency_key"))


def _deliveries_of(facts: Sequence[ItemT], delivered: Sequence[Delivered]) -> list[UUID]:
    """Return the delivery of each fact, if there are more than one."""
    if len(delivered) == 1:
        return []
    of_key = {key: one.id for one in delivered for key in one.brought}
    return [of_key[fact.idempotency_key] for fact in facts]


def _touch_columns(profile: TenantProfile, touches: Sequence[Touch]) -> dict[str, str]:
    columns = dict(zip(Touch._fields, zip(*touches, strict=True), strict=True))
    hash_key = journey_hasher(profile.journey_secret)
    return {
        "ids": pack_column(new_hex_ids(len(touches))),
        "keys": pack_column(columns["idempotency_key"]),
        "microseconds": pack_column(map(_microseconds, columns["occurred_at"])),
        "journey_keys": pack_column(hash_key(key).hex() for key in columns["journey_key"]),
        "session_ids": pack_column(columns["session_id"]),
        "channel_codes": pack_column(columns["channel_code"]),
        "channel_rules": pack_column(columns["channel_rule"]),
        "sources": pack_column(columns["source"]),
        "mediums": pack_column(columns["medium"]),
        "campaigns": pack_column(columns["campaign"]),
        "referrer_hosts": pack_column(columns["referrer_host"]),
        "landing_paths": pack_column(columns["landing_path"]),
        "click_id_kinds": pack_column(map(" ".join, columns["click_id_kinds"])),
    }


def _microseconds(moment: datetime) -> str:
    """Return the microseconds since 1970; ISO 8601 takes four times as long to write, and longer to read."""
    return str((moment - _EPOCH) // _MICROSECOND)


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
