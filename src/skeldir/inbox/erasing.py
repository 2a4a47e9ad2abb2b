"""Erases the personal traces of orders and journeys, and keeps a receipt. Amounts and credit stay."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

import orjson

from skeldir.attribution import credit_dirty_orders
from skeldir.db import new_id, wait_for_lock
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.inbox.store import queries
from skeldir.ingest import hash_journey_key
from skeldir.rollups import credit_lock, ingest_lock
from skeldir.tenants import load_profile

if TYPE_CHECKING:
    from skeldir.db import Connection, Database
    from skeldir.jobs import Job

TargetKind: TypeAlias = Literal["order", "journey", "customer", "shop"]

# How soon to look again while another worker is crediting the tenant.
_RETRY_S: Final = 0.5


class ErasureUnknown(SkeldirError):
    """The tenant has no receipt with this id."""

    code = "erasure_unknown"
    status = 404
    title = "The erasure is not known"


class ErasureTargetUnknown(SkeldirError):
    """The tenant has nothing that leads from an order or a journey to a person, so there is nothing to erase."""

    code = "erasure_target_unknown"
    status = 404
    title = "Nothing is held of what is to be erased"


class _Preview(Exception):
    """Rolls back what a preview erased."""


@dataclass(frozen=True, slots=True)
class ErasureTarget:
    """What is to be erased; what belongs to it is found by the database.

    `name` distinguishes targets of a kind; only its digest is stored. `journey_key` is the stored hash of a token.
    """

    kind: TargetKind
    name: bytes
    order_ids: Sequence[str] = ()
    payment_ids: Sequence[UUID] = ()
    journey_key: bytes | None = None


@dataclass(frozen=True, slots=True)
class ErasureReceipt:
    """Who had traces erased, when and why, and how many rows that changed or deleted.

    `target_digest` is a SHA-256 of what was named, and `digest` one of the receipt. `request_id` is that of the
    request of a privacy law that was fulfilled, if any.
    """

    id: UUID
    request_id: UUID | None
    target_kind: TargetKind
    target_digest: str
    reason: str
    requested_by: str
    erased_at: datetime
    counts: Mapping[str, int]
    digest: str


async def erase_order(
    database: Database, tenant_id: UUID, order_id: str, *, reason: str, requested_by: str
) -> ErasureReceipt:
    """Erase the traces of an order of the ledger, of its journeys, and of all other orders of these journeys.

    Raises:
        InputInvalid: the order or the reason is empty.
        ErasureTargetUnknown: the order is not known; no receipt is kept.
    """
    target = await find_order(database, tenant_id, order_id)
    return await erase(
        database, tenant_id, target, reason=reason, requested_by=requested_by, must_exist=True
    )


async def erase_journey(
    database: Database, tenant_id: UUID, token: str, *, reason: str, requested_by: str
) -> ErasureReceipt:
    """Erase a journey, given as the token that its sender uses, and the traces of all its orders.

    Raises:
        InputInvalid: the token or the reason is empty.
        ErasureTargetUnknown: nothing is held of the journey; no receipt is kept.
    """
    target = await find_journey(database, tenant_id, token)
    return await erase(
        database, tenant_id, target, reason=reason, requested_by=requested_by, must_exist=True
    )


async def find_order(database: Database, tenant_id: UUID, order_id: str) -> ErasureTarget:
    """Return an order, known or not, as what is to be erased. Raises InputInvalid if it is empty."""
    _require_text("order", order_id)
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        payment_ids = await find_payments(connection, tenant_id, [order_id])
    return ErasureTarget("order", order_id.encode(), [order_id], payment_ids)


async def find_journey(database: Database, tenant_id: UUID, token: str) -> ErasureTarget:
    """Return a journey, known or not, as what is to be erased. Raises InputInvalid if the token is empty."""
    _require_text("journey token", token)
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        profile = await load_profile(connection, tenant_id)
    key = hash_journey_key(profile.journey_secret, token)
    return ErasureTarget("journey", key, journey_key=key)


async def preview_erasure(
    database: Database, tenant_id: UUID, target: ErasureTarget
) -> Mapping[str, int]:
    """Return how many rows an erasure would change or delete, as its receipt would; nothing is changed.

    Raises:
        ErasureTargetUnknown: nothing is held of the target.
    """
    counts: Mapping[str, int] = {}
    try:
        async with database.tenant(tenant_id, locked=ingest_lock(tenant_id)) as connection:
            await wait_for_lock(connection, credit_lock(tenant_id))
            counts = await _erase_traces(
                connection, tenant_id, target, new_id(), reason="preview", requested_by="preview"
            )
            _require_any(counts, target)
            raise _Preview
    except _Preview:
        return counts


async def find_payments(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str], refs: Sequence[str] = ()
) -> list[UUID]:
    """Return the payments of orders, given by their ids in the ledger or as names of `Said.refs`."""
    named = [*refs, *(f"order:{order_id}" for order_id in order_ids)]
    rows = await queries.select_payments_of_orders(
        connection, tenant_id=tenant_id, order_ids=list(order_ids), refs=named
    )
    return [row["id"] for row in rows]


async def erase(
    database: Database,
    tenant_id: UUID,
    target: ErasureTarget,
    *,
    reason: str,
    requested_by: str,
    request_id: UUID | None = None,
    job: Job | None = None,
    must_exist: bool = False,
) -> ErasureReceipt:
    """Erase what leads from a target to a person, in one transaction; return the stored receipt.

    Orders that wait for credit get it first, because their touches are deleted. With a `job`, the transaction is fenced
    by it.

    Raises:
        InputInvalid: the reason is empty.
        ErasureTargetUnknown: it `must_exist`, and nothing is held of it.
    """
    _require_text("reason", reason)
    await _credit_what_waits(database, tenant_id, job)
    erasure_id = new_id()
    async with database.tenant(tenant_id, locked=ingest_lock(tenant_id)) as connection:
        await wait_for_lock(connection, credit_lock(tenant_id))
        counts = await _erase_traces(
            connection,
            tenant_id,
            target,
            erasure_id,
            reason=reason.strip(),
            requested_by=requested_by,
            request_id=request_id,
        )
        if must_exist:
            _require_any(counts, target)
        if job is not None:
            await job.hold(connection)
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        return await read_erasure(connection, tenant_id, erasure_id)


async def _erase_traces(
    connection: Connection,
    tenant_id: UUID,
    target: ErasureTarget,
    erasure_id: UUID,
    *,
    reason: str,
    requested_by: str,
    request_id: UUID | None = None,
) -> Mapping[str, int]:
    counts: Mapping[str, int] = orjson.loads(
        await queries.erase_traces(
            connection,
            erasure=erasure_id,
            request=request_id,
            target_kind=target.kind,
            target_digest=_digest(tenant_id, target),
            reason=reason,
            requested_by=requested_by,
            order_ids=list(target.order_ids),
            payment_ids=list(target.payment_ids),
            journey_key=target.journey_key,
        )
    )
    return counts


def _require_any(counts: Mapping[str, int], target: ErasureTarget) -> None:
    """Refuse a target of which nothing is held, in its transaction, so that no receipt of nothing is kept."""
    if any(counts.values()):
        return
    is_order = target.kind == "order"
    cure = (
        "Give the order's id as in the ledger, with the endpoint's prefix: `skeldir webhooks payments TENANT` shows "
        "it for orders that webhooks reported."
        if is_order
        else "Give the token as the shop sends it. Of one that was erased before, `skeldir privacy erasures TENANT` "
        "has the receipt."
    )
    raise ErasureTargetUnknown(f"Nothing is held of this {target.kind}.", cure=cure)


async def read_erasure(connection: Connection, tenant_id: UUID, erasure_id: UUID) -> ErasureReceipt:
    """Return a receipt. Raises ErasureUnknown."""
    for receipt in await _select(connection, tenant_id, erasure_id, most=1):
        return receipt
    raise ErasureUnknown(
        "The tenant has no such erasure.", cure="`skeldir privacy erasures TENANT` lists them."
    )


async def list_erasures(
    connection: Connection, tenant_id: UUID, *, most: int
) -> list[ErasureReceipt]:
    """Return the receipts of the transaction's tenant, the newest first."""
    return await _select(connection, tenant_id, None, most=most)


async def _select(
    connection: Connection, tenant_id: UUID, erasure_id: UUID | None, *, most: int
) -> list[ErasureReceipt]:
    rows = await queries.select_erasures(connection, tenant_id=tenant_id, id=erasure_id, most=most)
    return [
        ErasureReceipt(
            row["id"],
            row["request_id"],
            row["target_kind"],
            row["target_digest"],
            row["reason"],
            row["requested_by"],
            row["erased_at"],
            orjson.loads(row["counts"]),
            row["digest"],
        )
        for row in rows
    ]


def _digest(tenant_id: UUID, target: ErasureTarget) -> str:
    parts = (tenant_id.bytes, target.kind.encode(), target.name)
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def _require_text(what: str, text: str) -> None:
    if not text.strip():
        raise InputInvalid(f"The {what} is empty.", cure=f"Give the {what}.")


async def _credit_what_waits(database: Database, tenant_id: UUID, job: Job | None) -> None:
    fence = None if job is None else job.hold
    while True:
        report = await credit_dirty_orders(database, tenant_id=tenant_id, fence=fence)
        if report.is_complete:
            return
        await asyncio.sleep(_RETRY_S)
