"""Orders that pages claim: anybody can send with a write key, so they are shown beside the ledger, and never in it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from skeldir.collect.mapped import OrderEvent, OrderKind, Protocol
from skeldir.collect.store import queries
from skeldir.db import new_id
from skeldir.inbox import MoneyUnreadable, read_currency, read_sum, reference_of
from skeldir.ingest import UnreadableItem

if TYPE_CHECKING:
    from skeldir.db import Connection

_MOST_AHEAD: Final = timedelta(days=1)
MOST_LISTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Claim:
    """What a page says of an order, in minor units of its currency; None where it says nothing."""

    protocol: Protocol
    digest: bytes
    kind: OrderKind
    order_id: str
    currency: str | None
    total_cents: int | None
    revenue_cents: int | None
    claimed_at: datetime


def digest_of_message(tenant_id: UUID, protocol: Protocol, message_id: str) -> bytes:
    """Return what makes a message the same again: its sender's id, in its tenant and protocol."""
    return hashlib.sha256(
        b"\x1f".join((tenant_id.bytes, protocol.encode(), message_id.encode(errors="replace")))
    ).digest()


def read_claim(
    tenant_id: UUID, protocol: Protocol, order: OrderEvent, now: datetime
) -> Claim | UnreadableItem:
    """Return what a page claims of an order, or why that cannot be read."""
    order_id = reference_of(order.order_id)
    if order_id is None:
        return _unreadable(
            order, None, "order_id_invalid", "The order's id is missing or is no id."
        )
    if order.at > now + _MOST_AHEAD:
        return _unreadable(
            order, order_id, "occurred_at_in_the_future", "The order is more than a day ahead."
        )
    try:
        sums = {name: getattr(order, name) for name in ("total", "revenue")}
        if all(value is None for value in sums.values()):
            if order.kind in ("completed", "updated"):
                raise MoneyUnreadable("amount_missing", "The order has no total and no revenue.")
            currency, cents = None, dict.fromkeys(sums)
        else:
            currency = read_currency(order.currency)
            cents = {
                name: None if value is None else read_sum(value, currency, name)
                for name, value in sums.items()
            }
    except MoneyUnreadable as problem:
        return _unreadable(order, order_id, problem.code, problem.detail)
    return Claim(
        protocol,
        digest_of_message(tenant_id, protocol, order.message_id),
        order.kind,
        order_id,
        currency,
        cents["total"],
        cents["revenue"],
        order.at,
    )


def _unreadable(order: OrderEvent, order_id: str | None, code: str, detail: str) -> UnreadableItem:
    return UnreadableItem(
        code,
        detail,
        {"order_id": order_id, "kind": order.kind, "occurred_at": order.at.isoformat()},
    )


async def record_claims(
    connection: Connection, tenant_id: UUID, claims: Sequence[tuple[UUID, Claim]]
) -> set[bytes]:
    """Record claims, each with the id of its key; return the digests of those that are new."""
    if not claims:
        return set()
    packed = [
        {
            "id": new_id().hex,
            "digest": claim.digest.hex(),
            "key_id": key_id.hex,
            "protocol": claim.protocol,
            "kind": claim.kind,
            "order_id": claim.order_id,
            "currency": claim.currency,
            "total_cents": claim.total_cents,
            "revenue_cents": claim.revenue_cents,
            "claimed_at": claim.claimed_at,
        }
        for key_id, claim in sorted(claims, key=lambda one: one[1].digest)
    ]
    rows = await queries.insert_claims(
        connection, tenant_id=tenant_id, claims=orjson.dumps(packed).decode()
    )
    return {row["digest"] for row in rows}


@dataclass(frozen=True, slots=True)
class ClaimedOrder:
    """An order that pages claimed, and what the ledger has of it: the sum of its captures, None without one."""

    order_id: str
    protocol: str
    currency: str | None
    total_cents: int | None
    revenue_cents: int | None
    claimed_at: datetime
    captured_cents: int | None


async def list_claims(
    connection: Connection, tenant_id: UUID, *, most: int = 100
) -> list[ClaimedOrder]:
    """Return the completed orders that pages claimed, the newest first, MOST_LISTED at most."""
    rows = await queries.select_claims(connection, tenant_id=tenant_id, most=min(most, MOST_LISTED))
    return [ClaimedOrder(**row) for row in rows]
