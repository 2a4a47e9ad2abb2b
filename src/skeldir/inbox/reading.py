"""Reads deliveries and payments, for people who look what came in and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, get_args
from uuid import UUID

import orjson

from skeldir.inbox.booking import Unbooked
from skeldir.inbox.states import PaymentState
from skeldir.inbox.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

STATES: Final[tuple[PaymentState, ...]] = get_args(PaymentState)


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A delivery. `dead`: it could not be understood, and `trouble` and `detail` say why."""

    received_at: datetime
    provider: str
    type: str
    outcome: Literal["recorded", "ignored", "dead"]
    trouble: str | None
    detail: str | None
    order_id: str | None


@dataclass(frozen=True, slots=True)
class PaymentReport:
    """A payment; `waiting` and `evidence` are movements that are not booked (see `booking.Booking`)."""

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


async def list_deliveries(
    connection: Connection, tenant_id: UUID, *, is_dead: bool, most: int
) -> list[DeliveryReport]:
    """Return the latest deliveries of the transaction's tenant, newest first; with `is_dead` only dead ones."""
    return [
        DeliveryReport(
            received_at=row["received_at"],
            provider=row["provider"],
            type=row["type"],
            outcome=outcome_of(row["trouble"], row["payment_id"]),
            trouble=row["trouble"],
            detail=row["detail"],
            order_id=row["order_id"],
        )
        for row in await queries.select_deliveries(
            connection, tenant_id=tenant_id, is_dead=is_dead, most=most
        )
    ]


def outcome_of(
    trouble: str | None, payment_id: UUID | None
) -> Literal["recorded", "ignored", "dead"]:
    """Return what became of a delivery."""
    if trouble is not None:
        return "dead"
    return "ignored" if payment_id is None else "recorded"


async def list_payments(
    connection: Connection,
    tenant_id: UUID,
    *,
    state: PaymentState | None,
    is_flagged: bool,
    most: int,
) -> list[PaymentReport]:
    """Return the payments of the transaction's tenant that changed last, the latest first."""
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
        )
        for row in await queries.select_payments(
            connection, tenant_id=tenant_id, state=state, is_flagged=is_flagged, most=most
        )
    ]


def read_unbooked(text: str) -> tuple[Unbooked, ...]:
    """Return the stored movements that are not booked."""
    packed: list[dict[str, Any]] = orjson.loads(text)
    return tuple(Unbooked(**one) for one in packed)
