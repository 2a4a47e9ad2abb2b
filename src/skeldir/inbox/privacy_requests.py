"""Requests of privacy laws that shops pass on: stored, then fulfilled by a job or answered by an export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

import orjson

from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.inbox.erasing import ErasureTarget, erase, find_payments
from skeldir.inbox.kinds import ERASE
from skeldir.inbox.store import queries
from skeldir.jobs import enqueue

if TYPE_CHECKING:
    from skeldir.db import Connection, Database
    from skeldir.inbox.saying import Erasure
    from skeldir.inbox.store import SelectPrivacyRequestRow
    from skeldir.jobs import Job

RequestKind: TypeAlias = Literal["data_request", "redact_customer", "redact_shop"]

TIME_TO_ANSWER: Final = timedelta(days=30)
"""How long after its delivery a request must be answered: the laws' month, and the time that Shopify gives."""
_BY_DELIVERY: Final = "delivery"
_PAYMENTS_AT_ONCE: Final = 500
_ORDER_NAME: Final = "shopify:order:"


class PrivacyRequestUnknown(SkeldirError):
    """The tenant has no such request."""

    code = "privacy_request_unknown"
    status = 404
    title = "The privacy request is not known"


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    """A request, how many orders it names, and until when it must be answered; `answered_at` is None until it is."""

    id: UUID
    kind: RequestKind
    orders: int
    received_at: datetime
    due_at: datetime
    answered_at: datetime | None


async def store_requests(
    connection: Connection, tenant_id: UUID, deliveries: Sequence[tuple[UUID, UUID, Erasure | None]]
) -> None:
    """Store the requests of deliveries, given as (id, endpoint, request), and enqueue the erasures."""
    requests = [(id_, endpoint, one) for id_, endpoint, one in deliveries if one is not None]
    if not requests:
        return
    packed = [
        {"id": id_.hex, "endpoint_id": endpoint.hex, "kind": one.kind, "order_refs": one.order_refs}
        for id_, endpoint, one in requests
    ]
    await queries.insert_privacy_requests(
        connection,
        tenant_id=tenant_id,
        due_at=utc_now() + TIME_TO_ANSWER,
        requests=orjson.dumps(packed).decode(),
    )
    for id_, _, one in requests:
        if one.kind != "data_request":
            await enqueue(connection, tenant_id, ERASE, {"request_id": str(id_)})


async def list_requests(
    connection: Connection, tenant_id: UUID, *, most: int
) -> list[PrivacyRequest]:
    """Return the requests of the transaction's tenant: the open ones first, the most urgent first."""
    rows = await queries.select_privacy_requests(connection, tenant_id=tenant_id, most=most)
    return [PrivacyRequest(**row) for row in rows]


async def export_orders(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str], refs: Sequence[str] = ()
) -> dict[str, object]:
    """Return all rows about orders as JSON values: payments, deliveries, entries, and touches of their journeys."""
    payment_ids = await find_payments(connection, tenant_id, order_ids, refs)
    held = await queries.select_held_payments(
        connection, tenant_id=tenant_id, payment_ids=payment_ids
    )
    payments = orjson.loads(held["payments"])
    orders = {*order_ids, *(one["order_id"] for one in payments if one["order_id"] is not None)}
    facts = await queries.select_held_facts(
        connection, tenant_id=tenant_id, order_ids=sorted(orders)
    )
    return {
        "orders": sorted(orders),
        "payments": payments,
        "deliveries": orjson.loads(held["deliveries"]),
        "entries": orjson.loads(facts["entries"]),
        "touches": orjson.loads(facts["touches"]),
    }


async def answer_request(
    connection: Connection, tenant_id: UUID, request_id: UUID
) -> dict[str, object]:
    """Return what is held of the orders of a request, and mark the request of a customer's data as answered.

    Raises:
        PrivacyRequestUnknown: the tenant has no such request.
    """
    request = await _find(connection, tenant_id, request_id)
    orders = await _orders_of(connection, tenant_id, request)
    held = await export_orders(connection, tenant_id, orders, request["order_refs"])
    if request["kind"] == "data_request":
        await queries.answer_privacy_request(connection, tenant_id=tenant_id, id=request_id)
    return held


async def fulfil_request(database: Database, tenant_id: UUID, job: Job, request_id: UUID) -> None:
    """Erase what a request wants erased, then mark it as answered and end the job. Repeating it changes nothing.

    Raises:
        PrivacyRequestUnknown: the tenant has no such request.
    """
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        request = await _find(connection, tenant_id, request_id)
    if request["answered_at"] is None:
        if request["kind"] == "redact_customer":
            await _erase_customer(database, tenant_id, job, request_id, request)
        elif request["kind"] == "redact_shop":
            await _erase_shop(database, tenant_id, job, request_id, request)
    async with database.tenant(tenant_id) as connection:
        if request["kind"] != "data_request":
            await queries.answer_privacy_request(connection, tenant_id=tenant_id, id=request_id)
        await job.finish(connection)


async def erase_merged(database: Database, tenant_id: UUID, job: Job, payment_id: UUID) -> None:
    """Erase a payment again: it was erased, and turned out to be the same as one that was not. End the job."""
    target = ErasureTarget("order", payment_id.bytes, payment_ids=[payment_id])
    await erase(
        database,
        tenant_id,
        target,
        reason="The order is one whose traces were erased before.",
        requested_by=_BY_DELIVERY,
        job=job,
    )
    async with database.tenant(tenant_id) as connection:
        await job.finish(connection)


async def _find(
    connection: Connection, tenant_id: UUID, request_id: UUID
) -> SelectPrivacyRequestRow:
    request = await queries.select_privacy_request(connection, tenant_id=tenant_id, id=request_id)
    if request is None:
        raise PrivacyRequestUnknown(
            "The tenant has no such privacy request.",
            cure="`skeldir privacy requests TENANT` lists them.",
        )
    return request


async def _orders_of(
    connection: Connection, tenant_id: UUID, request: SelectPrivacyRequestRow
) -> list[str]:
    """Return the ids that a request's orders have in the ledger if files brought them, not deliveries."""
    rows = await queries.select_endpoints_of_shop(
        connection, tenant_id=tenant_id, endpoint_id=request["endpoint_id"]
    )
    prefixes = {row["order_prefix"] for row in rows}
    numbers = [ref.removeprefix(_ORDER_NAME) for ref in request["order_refs"]]
    return sorted(f"{prefix}{number}" for prefix in prefixes for number in numbers)


async def _erase_customer(
    database: Database,
    tenant_id: UUID,
    job: Job,
    request_id: UUID,
    request: SelectPrivacyRequestRow,
) -> None:
    refs = request["order_refs"]
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        orders = await _orders_of(connection, tenant_id, request)
        payment_ids = await find_payments(connection, tenant_id, orders, refs)
    target = ErasureTarget("customer", "\n".join(refs).encode(), orders, payment_ids)
    await erase(
        database,
        tenant_id,
        target,
        reason="The shop passed on a customer's request.",
        requested_by=_BY_DELIVERY,
        request_id=request_id,
        job=job,
    )


async def _erase_shop(
    database: Database,
    tenant_id: UUID,
    job: Job,
    request_id: UUID,
    request: SelectPrivacyRequestRow,
) -> None:
    """Erase all payments of a shop, some at a time, each time with a receipt."""
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        rows = await queries.select_endpoints_of_shop(
            connection, tenant_id=tenant_id, endpoint_id=request["endpoint_id"]
        )
    endpoint_ids = [row["id"] for row in rows]
    has_receipt = False
    while True:
        async with database.tenant(tenant_id, is_read_only=True) as connection:
            found = await queries.select_payments_to_erase(
                connection, tenant_id=tenant_id, endpoint_ids=endpoint_ids, most=_PAYMENTS_AT_ONCE
            )
        if not found and has_receipt:
            return
        target = ErasureTarget(
            "shop", request["endpoint_id"].bytes, payment_ids=[row["id"] for row in found]
        )
        await erase(
            database,
            tenant_id,
            target,
            reason="The shop asked for its erasure.",
            requested_by=_BY_DELIVERY,
            request_id=request_id,
            job=job,
        )
        has_receipt = True


def read_arguments(arguments: Mapping[str, object]) -> tuple[UUID | None, UUID | None]:
    """Return the request and the payment that a job of the kind ERASE names; one of them is None."""
    request, payment = arguments.get("request_id"), arguments.get("payment_id")
    return (
        None if request is None else UUID(str(request)),
        None if payment is None else UUID(str(payment)),
    )
