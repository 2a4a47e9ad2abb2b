"""Taking in a batch: each item is recorded, known already, or refused with a reason, in the caller's transaction."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from skeldir.attribution import (
    ingest_lock,
    mark_orders_of_conversions,
    mark_orders_reached_by_touches,
)
from skeldir.clock import utc_now
from skeldir.db.columns import pack_column
from skeldir.db.ids import new_ids
from skeldir.db.locks import share_lock
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
from skeldir.revenue import FlaggedOrder, LedgerBatch, LedgerRow, pack_entries, post_entries

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
class PreparedTouches:
    """Touches that have been read and hashed, column by column, and what was refused of them; no database was asked."""

    count: int
    columns: Mapping[str, str]
    rejected: tuple[Rejected, ...]
    letters: PackedLetters


@dataclass(frozen=True, slots=True)
class PreparedConversions:
    """Conversions that have been read at a moment, the ledger's rows they make, and what was refused of them."""

    count: int
    read_at: datetime
    batch: LedgerBatch
    rejected: tuple[Rejected, ...]
    letters: PackedLetters


@dataclass(frozen=True, slots=True)
class Refusal:
    """Items that are refused, and what is kept of them."""

    rejected: tuple[Rejected, ...]
    letters: PackedLetters


RefuseReused = Callable[[datetime, frozenset[str]], Awaitable[Refusal]]
"""Does `refuse_reused_keys` for the items of a delivery, wherever these are, given `read_at` and `keys`."""


def prepare_touches(
    profile: TenantProfile, items: Sequence[object], *, places: Sequence[int] | None = None
) -> PreparedTouches:
    """Read items, which are mappings with the fields of `canonical.TOUCH_FIELDS` or `Refused`, and hash their journeys.

    `places` are the items' places in their delivery, 0, 1, 2 … when left out. This is the part of taking in that
    needs the processor and not the database; where there are many items it is done in another process.
    """
    now = utc_now()
    places = range(len(items)) if places is None else places
    touches, rejected = _read_items(
        items, places, lambda item: read_touch(item, now=now, own_channels=profile.own_channels)
    )
    columns = _touch_columns(profile, _in_lock_order(touches))
    letters = _letters(profile, "touch", dict(zip(places, items, strict=True)), rejected)
    return PreparedTouches(len(items), columns, tuple(rejected), letters)


async def record_touches(
    connection: Connection, profile: TenantProfile, prepared: PreparedTouches, *, origin: str
) -> Receipt:
    """Record prepared touches of the transaction's tenant, and mark the orders that they can earn from.

    `origin` names the delivery, so that the dead letters of the same delivery are kept once.
    """
    await share_lock(connection, ingest_lock(profile.tenant_id))
    arrived = 0
    if prepared.columns["keys"]:
        new = await queries.insert_touches(
            connection, tenant_id=profile.tenant_id, **prepared.columns
        )
        arrived = new["arrived"]
        await mark_orders_reached_by_touches(
            connection,
            profile.tenant_id,
            list(zip(new["journey_keys"], new["moments"], strict=True)),
        )
    await bury(connection, profile.tenant_id, prepared.letters, origin=origin)
    rejected = prepared.rejected
    return Receipt(arrived, prepared.count - len(rejected) - arrived, rejected)


async def receive_touches(
    connection: Connection,
    profile: TenantProfile,
    items: Sequence[object],
    *,
    origin: str,
    places: Sequence[int] | None = None,
) -> Receipt:
    """Prepare and record touches; `places` are the items' places in the delivery `origin`."""
    prepared = prepare_touches(profile, items, places=places)
    return await record_touches(connection, profile, prepared, origin=origin)


def prepare_conversions(
    profile: TenantProfile, items: Sequence[object], *, places: Sequence[int] | None = None
) -> PreparedConversions:
    """Read items, which are mappings with the fields of `canonical.CONVERSION_FIELDS` or `Refused`; as for touches."""
    now = utc_now()
    places = range(len(items)) if places is None else places
    conversions, rejected = _read_conversions(items, places, now)
    batch = pack_entries(
        [
            _ledger_row(conversion, profile.journey_secret)
            for conversion in _in_lock_order(conversions)
        ]
    )
    letters = _letters(profile, "conversion", dict(zip(places, items, strict=True)), rejected)
    return PreparedConversions(len(items), now, batch, tuple(rejected), letters)


def refuse_reused_keys(
    profile: TenantProfile,
    items: Sequence[object],
    *,
    places: Sequence[int] | None = None,
    read_at: datetime,
    keys: frozenset[str],
) -> Refusal:
    """Refuse those items, prepared before at `read_at`, whose keys turned out to stand for other conversions."""
    places = range(len(items)) if places is None else places
    conversions, _ = _read_conversions(items, places, read_at)
    reused = [
        _reused(place)
        for place, conversion in conversions.items()
        if conversion.idempotency_key in keys
    ]
    letters = _letters(profile, "conversion", dict(zip(places, items, strict=True)), reused)
    return Refusal(tuple(reused), letters)


async def record_conversions(
    connection: Connection,
    profile: TenantProfile,
    prepared: PreparedConversions,
    *,
    origin: str,
    refuse_reused: RefuseReused,
    source: str = "api",
) -> Receipt:
    """Post prepared conversions of the transaction's tenant to the ledger, and mark their orders.

    A key that stands for a conversion of other content already is refused: money is never silently dropped. Only the
    database knows of such keys, so their items are asked for once more.
    """
    await share_lock(connection, ingest_lock(profile.tenant_id))
    posting = await post_entries(connection, profile.tenant_id, prepared.batch, source=source)
    await mark_orders_of_conversions(connection, profile.tenant_id, posting.order_ids)
    await bury(connection, profile.tenant_id, prepared.letters, origin=origin)
    rejected = prepared.rejected
    if posting.reused_keys:
        refusal = await refuse_reused(prepared.read_at, posting.reused_keys)
        await bury(connection, profile.tenant_id, refusal.letters, origin=origin)
        rejected = tuple(sorted([*rejected, *refusal.rejected], key=attrgetter("index")))
    return Receipt(
        posting.count, prepared.count - len(rejected) - posting.count, rejected, posting.flagged
    )


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

    async def refuse_reused(read_at: datetime, keys: frozenset[str]) -> Refusal:
        refuse = partial(refuse_reused_keys, profile, items, places=places)
        return await asyncio.to_thread(refuse, read_at=read_at, keys=keys)

    prepared = prepare_conversions(profile, items, places=places)
    return await record_conversions(
        connection,
        profile,
        prepared,
        origin=origin,
        refuse_reused=refuse_reused,
        source=source,
    )


def _read_conversions(
    items: Sequence[object], places: Sequence[int], now: datetime
) -> tuple[dict[int, Conversion], list[Rejected]]:
    return _read_items(items, places, lambda item: read_conversion(item, now=now))


def _read_items(
    items: Sequence[object], places: Sequence[int], read: Callable[[object], _Item]
) -> tuple[dict[int, _Item], list[Rejected]]:
    """Read every item; return the first of each idempotency key by its place, and what was refused."""
    good: dict[int, _Item] = {}
    seen: dict[str, _Item] = {}
    rejected: list[Rejected] = []
    for index, item in zip(places, items, strict=True):
        try:
            fact = read(item)
        except ItemRejected as fault:
            rejected.append(Rejected(index, fault.item_code, fault.detail, fault.cure))
            continue
        first = seen.setdefault(fact.idempotency_key, fact)
        if first is fact:
            good[index] = fact
        elif fact != first and isinstance(fact, Conversion):
            rejected.append(_reused(index))
    return good, rejected


def _in_lock_order(facts: Mapping[int, _Item]) -> list[_Item]:
    """Return the facts by key: deliveries that overlap wait for each other key by key, and never in a circle."""
    return sorted(facts.values(), key=attrgetter("idempotency_key"))


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
