"""Reads deliveries and payments, for people who look what came in and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, get_args
from uuid import UUID

import orjson

from skeldir.inbox.booking import Unbooked
from skeldir.inbox.endpoints import FIRST_MOMENT
from skeldir.inbox.settling import SOURCE
from skeldir.inbox.states import PaymentState
from skeldir.inbox.store import queries
from skeldir.revenue import read_standing_of_orders

if TYPE_CHECKING:
    from skeldir.db import Connection

_MOST_IDS: Final = 6
_REFS_AT_ONCE: Final = 5_000
# Stripe names what an object is of without "_id".
_ID_NAMES: Final = frozenset({"id", "charge", "payment_intent"})
STATES: Final[tuple[PaymentState, ...]] = get_args(PaymentState)


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A delivery. `dead`: it could not be understood, and `trouble` and `detail` say why.

    `event_id` is the provider's, or ""; `ids` are the first ones in the body, each with the name of its field.
    """

    id: UUID
    received_at: datetime
    provider: str
    event_id: str
    type: str
    outcome: Literal["recorded", "ignored", "dead"]
    trouble: str | None
    detail: str | None
    order_id: str | None
    ids: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class BookedSum:
    """What is booked of a payment in a currency, in minor units; reversals are taken off what they reverse."""

    currency: str
    captured: int = 0
    refunded: int = 0
    disputed: int = 0

    @property
    def balance(self) -> int:
        """What is left."""
        return self.captured - self.refunded - self.disputed


@dataclass(frozen=True, slots=True)
class PaymentReport:
    """A payment; `booked` is in the ledger, by currency; `waiting` and `evidence` are not (see `booking.Booking`)."""

    id: UUID
    order_id: str | None
    state: str
    flags: tuple[str, ...]
    is_renewal: bool | None
    journey: str | None
    providers: tuple[str, ...]
    changed_at: datetime
    waiting: tuple[Unbooked, ...]
    evidence: tuple[Unbooked, ...]
    booked: tuple[BookedSum, ...]


async def list_deliveries(
    connection: Connection,
    tenant_id: UUID,
    *,
    is_dead: bool,
    most: int,
    since: datetime = FIRST_MOMENT,
) -> list[DeliveryReport]:
    """Return the latest deliveries of the transaction's tenant, newest first; with `is_dead` only dead ones.

    Those from before `since` are left out.
    """
    return [
        DeliveryReport(
            id=row["id"],
            received_at=row["received_at"],
            provider=row["provider"],
            event_id=row["event_id"],
            type=row["type"],
            outcome=outcome_of(row["trouble"], is_ignored=row["is_ignored"]),
            trouble=row["trouble"],
            detail=row["detail"],
            order_id=row["order_id"],
            ids=tuple(islice(_ids_in(orjson.loads(row["kept"])), _MOST_IDS)),
        )
        for row in await queries.select_deliveries(
            connection, tenant_id=tenant_id, is_dead=is_dead, since=since, most=most
        )
    ]


def _ids_in(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the ids in the kept fields of a body, the outer ones first, each with the name of its field."""
    inner: list[Mapping[str, Any]] = []
    for name, value in fields.items():
        if isinstance(value, dict):
            inner.append(value)
        elif name in _ID_NAMES or name.endswith("_id"):
            yield name, str(value)
    for one in inner:
        yield from _ids_in(one)


def outcome_of(trouble: str | None, *, is_ignored: bool) -> Literal["recorded", "ignored", "dead"]:
    """Return what became of a delivery."""
    if trouble is not None:
        return "dead"
    return "ignored" if is_ignored else "recorded"


async def list_payments(
    connection: Connection,
    tenant_id: UUID,
    *,
    state: PaymentState | None,
    is_flagged: bool,
    most: int,
) -> list[PaymentReport]:
    """Return the payments of the transaction's tenant that changed last, the latest first."""
    rows = await queries.select_payments(
        connection, tenant_id=tenant_id, state=state, is_flagged=is_flagged, most=most
    )
    orders = [row["order_id"] for row in rows if row["order_id"] is not None]
    booked = await sum_booked(connection, tenant_id, orders)
    return [
        PaymentReport(
            id=row["id"],
            order_id=row["order_id"],
            state=row["state"],
            flags=tuple(row["flags"]),
            is_renewal=row["is_renewal"],
            journey=row["journey"],
            providers=tuple(row["providers"]),
            changed_at=row["changed_at"],
            waiting=read_unbooked(row["waiting"]),
            evidence=read_unbooked(row["evidence"]),
            booked=tuple(booked[row["order_id"] or ""].values()),
        )
        for row in rows
    ]


async def sum_booked(
    connection: Connection, tenant_id: UUID, orders: Sequence[str]
) -> Mapping[str, Mapping[str, BookedSum]]:
    """Return what webhooks booked of orders, by order and currency."""
    sums: dict[str, dict[str, BookedSum]] = defaultdict(dict)
    entries = await read_standing_of_orders(connection, tenant_id, orders) if orders else ()
    for entry in sorted(entries, key=lambda one: one["currency"]):
        if entry["source"] != SOURCE:
            continue
        currency, cents = entry["currency"], entry["amount_cents"]
        of_order = sums[entry["order_id"]].setdefault(currency, BookedSum(currency))
        match entry["kind"]:
            case "capture":
                of_order.captured += cents
            case "refund" | "refund_reversal":
                of_order.refunded -= cents
            case _:
                of_order.disputed -= cents
    return sums


def read_unbooked(text: str) -> tuple[Unbooked, ...]:
    """Return the stored movements that are not booked."""
    packed: list[dict[str, Any]] = orjson.loads(text)
    return tuple(Unbooked(**one) for one in packed)


async def read_orders_of_refs(
    connection: Connection, tenant_id: UUID, refs: Collection[str]
) -> dict[str, str]:
    """Return the order's id in the ledger for names of payments, such as "stripe:charge:ch_1", that have one."""
    wanted = sorted(refs)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _REFS_AT_ONCE):
        rows = await queries.select_orders_of_refs(
            connection, tenant_id=tenant_id, refs=wanted[start : start + _REFS_AT_ONCE]
        )
        found.update((row["ref"], row["order_id"]) for row in rows)
    return found
