"""Records what requests brought: touches, orders as reports of the inbox or as claims, and dead events, at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.collect.claims import Claim, read_claim, record_claims
from skeldir.collect.mapped import DropReason, Mapped, OrderEvent, Protocol
from skeldir.collect.saying import say_event
from skeldir.db import wait_for_lock
from skeldir.http import Caller, SharedCommits, TenantTransaction, tenant_transaction
from skeldir.inbox import (
    Arrival,
    Recorded,
    SdkProvider,
    inbox_lock,
    order_arrival,
    record_arrivals,
)
from skeldir.ingest import (
    CURES,
    Delivery,
    PreparedTouches,
    Rejection,
    UnreadableItem,
    journey_hasher,
    pack_dead_events,
    prepare_touches,
    record_dead_events,
    record_touches,
)
from skeldir.rollups import ingest_lock
from skeldir.tenants import COLLECT

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.tenants import KeyHolder, TenantProfile

_DIGITS_OF_ORIGIN: Final = 32
# Booking this many takes about 20 ms, for which other requests wait.
_ORDERS_AT_ONCE: Final = 200
# The protocols that have orders, as the inbox names them.
_PROVIDERS: Final[Mapping[Protocol, SdkProvider]] = {
    "segment": "segment",
    "ga4": "ga4",
    "posthog": "posthog",
    "snowplow": "snowplow",
    "matomo": "matomo",
}


@dataclass(frozen=True, slots=True)
class Orders:
    """What the messages of a request say of orders, each with its place."""

    arrivals: tuple[tuple[int, Arrival], ...] = ()
    claims: tuple[tuple[int, Claim], ...] = ()
    unreadable: tuple[tuple[int, UnreadableItem], ...] = ()


NO_ORDERS: Final = Orders()


@dataclass(frozen=True, slots=True)
class Collected:
    """What a request brought, which may share a transaction with others of its tenant.

    `prepared` has the touches if they were prepared in another process, and with which profile of the tenant.
    """

    caller: Caller
    protocol: Protocol
    delivery: Delivery
    orders: Orders
    dropped: Mapping[DropReason, int]
    prepared: tuple[TenantProfile, PreparedTouches] | None = None

    @property
    def tenant_id(self) -> UUID:
        """The tenant of the sender's key."""
        return self.caller.tenant_id

    @property
    def size(self) -> int:
        """How many items it holds."""
        return len(self.delivery.items) + len(self.orders.arrivals) + len(self.orders.claims)


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the messages of a request.

    `orders` became reports, all but `dead_orders` understood; `claimed` are only claims. `duplicates` were known,
    `rejected` are dead events.
    """

    touches: int
    orders: int
    dead_orders: int
    claimed: int
    duplicates: int
    rejected: int
    dropped: Mapping[DropReason, int]


def delivery_of(protocol: Protocol, body: bytes, mapped: Mapped) -> Delivery:
    """Return the touches of a request; the same bytes sent again are the same delivery."""
    digest = hashlib.sha256(body).hexdigest()[:_DIGITS_OF_ORIGIN]
    return Delivery(
        [item for _, item in mapped.touches],
        f"{protocol}:{digest}",
        [place for place, _ in mapped.touches],
    )


def prepare_collected(
    profile: TenantProfile, deliveries: Sequence[tuple[Protocol, Delivery]]
) -> PreparedTouches:
    """Prepare touches of requests, as `prepare_touches`.

    Ids of messages and sessions are hashed with the tenant's secret, as journey keys are: a library's id of a visitor,
    which may be a person's, is part of some. Those of the collector are random, and its coverage reads them.
    """
    hash_key = journey_hasher(profile.journey_secret)
    hashed = [
        one if protocol == "collector" else _hash_ids(hash_key, protocol, one)
        for protocol, one in deliveries
    ]
    return prepare_touches(profile, hashed)


def _hash_ids(hash_key: Callable[[str], bytes], protocol: Protocol, delivery: Delivery) -> Delivery:
    """Return a delivery with ids that are hashed, each after the protocol's name."""
    items: list[object] = []
    for item in delivery.items:
        if isinstance(item, Mapping):
            key, session = item["idempotency_key"], item["session_id"]
            hashed = {"idempotency_key": f"{protocol}:{hash_key(key).hex()}"}
            if session is not None:
                hashed["session_id"] = f"{protocol}:{hash_key(session).hex()}"
            items.append({**item, **hashed})
        else:
            items.append(item)
    return Delivery(items, delivery.origin, delivery.places)


def sort_orders(caller: Caller, protocol: Protocol, mapped: Mapped, now: datetime) -> Orders:
    """Return what becomes of orders: reports with a private key, claims with most write keys."""
    provider = _PROVIDERS.get(protocol)
    if not mapped.orders or provider is None:
        return NO_ORDERS
    holder = caller.holder
    arrivals = [
        (place, order, _arrival_of(holder, provider, order, now)) for place, order in mapped.orders
    ]
    if COLLECT not in holder.scopes or holder.terms.books_orders:
        return Orders(arrivals=tuple((place, arrival) for place, _, arrival in arrivals))
    read = [(place, read_claim(protocol, order, arrival)) for place, order, arrival in arrivals]
    return Orders(
        claims=tuple((place, one) for place, one in read if isinstance(one, Claim)),
        unreadable=tuple((place, one) for place, one in read if isinstance(one, UnreadableItem)),
    )


def _arrival_of(
    holder: KeyHolder, provider: SdkProvider, order: OrderEvent, now: datetime
) -> Arrival:
    said = say_event(provider, order, now)
    return order_arrival(holder.tenant_id, holder.key_id, said, provider, order.message_id)


def make_line() -> SharedCommits[Collected, Counts]:
    """Return the line in which the requests of a tenant that wait share a commit."""
    return SharedCommits(_open_shared, record_collected)


def _open_shared(
    database: Database, requests: Sequence[Collected]
) -> AbstractAsyncContextManager[TenantTransaction]:
    callers = [request.caller for request in requests]
    return tenant_transaction(database, *callers, shared=ingest_lock(callers[0].tenant_id))


async def record_collected(
    transaction: TenantTransaction, requests: Sequence[Collected]
) -> list[Counts]:
    """Record what requests of the transaction's tenant brought; return the counts of each."""
    connection, profile = transaction.connection, transaction.profile
    touches, rejected = await _record_touches(transaction, requests)
    arrivals = [arrival for request in requests for _, arrival in request.orders.arrivals]
    recorded: list[Recorded] = []
    if arrivals:
        await wait_for_lock(connection, inbox_lock(profile.tenant_id))
        for start in range(0, len(arrivals), _ORDERS_AT_ONCE):
            some = arrivals[start : start + _ORDERS_AT_ONCE]
            recorded += await record_arrivals(connection, profile, some)
    claims = [
        (request.caller.holder.key_id, claim)
        for request in requests
        for _, claim in request.orders.claims
    ]
    new_claims = await record_claims(connection, profile.tenant_id, claims)
    for request in requests:
        await _record_unreadable(transaction, request)
    outcomes = []
    rest = iter(recorded)
    for request, new_touches, rejections in zip(requests, touches, rejected, strict=True):
        of_orders = [next(rest).outcome for _ in request.orders.arrivals]
        repeated = of_orders.count("repeated")
        claimed = 0
        for _, claim in request.orders.claims:
            if claim.digest in new_claims:  # of two equal ones in a transaction, the first is new
                new_claims.remove(claim.digest)
                claimed += 1
        known = len(request.delivery.items) - new_touches - rejections
        outcomes.append(
            Counts(
                touches=new_touches,
                orders=len(of_orders) - repeated,
                dead_orders=of_orders.count("dead"),
                claimed=claimed,
                duplicates=known + repeated + len(request.orders.claims) - claimed,
                rejected=rejections + len(request.orders.unreadable),
                dropped=request.dropped,
            )
        )
    return outcomes


async def _record_touches(
    transaction: TenantTransaction, requests: Sequence[Collected]
) -> tuple[list[int], list[int]]:
    """Record the touches of requests; return how many of each are new, and how many were rejected."""
    new, rejected = [0] * len(requests), [0] * len(requests)
    bringing = [index for index, request in enumerate(requests) if request.delivery.items]
    if bringing:
        first = requests[bringing[0]].prepared
        if len(bringing) == 1 and first is not None and first[0] == transaction.profile:
            prepared = first[1]
        else:
            collected = [(requests[one].protocol, requests[one].delivery) for one in bringing]
            prepared = prepare_collected(transaction.profile, collected)
        receipts = await record_touches(
            transaction.connection, transaction.profile, prepared, is_locked=True
        )
        for index, receipt in zip(bringing, receipts, strict=True):
            new[index], rejected[index] = receipt.accepted, len(receipt.rejected)
    return new, rejected


async def _record_unreadable(transaction: TenantTransaction, request: Collected) -> None:
    """Keep claims that cannot be read as dead events."""
    unreadable = request.orders.unreadable
    if not unreadable:
        return
    rejections = [
        Rejection(place, item.code, item.detail, CURES[item.code]) for place, item in unreadable
    ]
    packed = pack_dead_events(transaction.profile, "conversion", rejections, dict(unreadable))
    await record_dead_events(
        transaction.connection,
        transaction.profile.tenant_id,
        packed,
        origin=request.delivery.origin,
    )
