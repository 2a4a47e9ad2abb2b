"""Orders that pages claim: anybody can send with a write key, so they are shown beside the ledger, and never in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import orjson
from pydantic import Field

from skeldir.collect.mapped import OrderEvent, OrderKind, Protocol
from skeldir.collect.store import queries
from skeldir.db import new_id
from skeldir.inbox import OrderRefund, Standing
from skeldir.ingest import UnreadableItem
from skeldir.money import Cents, CurrencyCode

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.inbox import Arrival

MOST_CLAIMS: Final = 1_000
"""Claims in a list."""
# The inbox's names of troubles, and those of rejected items.
_CODES: Final = {
    "id_missing": "order_id_missing",
    "time_missing": "occurred_at_missing",
    "time_in_the_future": "occurred_at_in_the_future",
}


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


def read_claim(protocol: Protocol, order: OrderEvent, arrival: Arrival) -> Claim | UnreadableItem:
    """Return what a page claims of an order, or why that cannot be read; `arrival` has what it would be as a report."""
    said = arrival.said
    if said.trouble is not None or said.order_ref is None:
        code = "id_missing" if said.trouble is None else said.trouble.code
        detail = "The order has no id." if said.trouble is None else said.trouble.detail
        kept = {"kind": order.kind, "occurred_at": order.at.isoformat(), **said.kept}
        return UnreadableItem(_CODES.get(code, code), detail, kept)
    currency = total = revenue = None
    for fact in said.facts:
        if isinstance(fact, Standing | OrderRefund):
            currency, total, revenue = fact.currency, fact.total, fact.revenue
    if total is None and revenue is None:
        currency = None
    return Claim(
        protocol,
        arrival.digest,
        order.kind,
        said.order_ref,
        currency,
        total,
        revenue,
        order.at,
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
    """What a page claimed of an order, and what the ledger has of the order. A refund may state no sum."""

    order_id: str
    kind: OrderKind
    protocol: Annotated[str, Field(description="of the library that sent it")]
    currency: CurrencyCode | None
    total_cents: Cents | None
    revenue_cents: Annotated[Cents | None, Field(description="the total without tax and shipping")]
    claimed_at: datetime
    captured_cents: Annotated[
        Cents | None,
        Field(description="the sum of the order's captures in this currency; null without one"),
    ]


@dataclass(frozen=True, slots=True)
class ClaimedOrders:
    """What pages claimed of orders, the newest first."""

    data: list[ClaimedOrder]


async def list_claims(
    connection: Connection, tenant_id: UUID, *, most: int = 100
) -> list[ClaimedOrder]:
    """Return what pages claimed of orders, the newest first, MOST_CLAIMS at most."""
    rows = await queries.select_claims(connection, tenant_id=tenant_id, most=min(most, MOST_CLAIMS))
    return [ClaimedOrder(**row) for row in rows]
