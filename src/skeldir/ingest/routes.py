"""`POST /v1/touches`, `POST /v1/conversions` and `GET /v1/dead-events`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from skeldir.db import Database
from skeldir.http import (
    READ_PROBLEMS,
    Caller,
    DirectRoute,
    IngestKey,
    Problem,
    ReadTransaction,
    SharedCommits,
    TenantTransaction,
    database_of,
    held_bytes_of,
    offload_of,
    read_body,
    reading_transaction,
    tenant_transaction,
)
from skeldir.ingest.batches import BatchBounds, is_heavy, split_batch
from skeldir.ingest.crowds import CrowdWatch
from skeldir.ingest.dead_letters import ItemKind
from skeldir.ingest.deliveries import Delivery, Receipt, origin_of
from skeldir.ingest.fields import ConversionItem, TouchItem
from skeldir.ingest.receive import (
    LateRejections,
    PreparedConversions,
    PreparedTouches,
    RejectReused,
    prepare_conversions,
    prepare_touches,
    record_conversions,
    record_touches,
    reject_reused_keys,
)
from skeldir.ingest.repeats import refuse_repeated_conversions, refuse_repeated_touches
from skeldir.ingest.reports import page_dead_events
from skeldir.ingest.schemas import DeadEventsPage, DeadEventsQuery, batch_request_body
from skeldir.observability import INGEST_ITEMS
from skeldir.rollups import ingest_lock
from skeldir.tenants import TenantProfile

router = APIRouter(prefix="/v1", tags=["ingest"])
intake_router = APIRouter(prefix="/v1", tags=["ingest"], route_class=DirectRoute)
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 408, 413, 415, 422, 429, 500, 503)
}


PreparedT = TypeVar("PreparedT", PreparedTouches, PreparedConversions)
ResultT = TypeVar("ResultT")
Record = Callable[[TenantTransaction, PreparedT, RejectReused], Awaitable[list[Receipt]]]


@dataclass(frozen=True, slots=True)
class LightDelivery:
    """A light body, which may share a transaction, and who sent it."""

    caller: Caller
    delivery: Delivery

    @property
    def tenant_id(self) -> UUID:
        """The tenant of the sender's key."""
        return self.caller.tenant_id

    @property
    def size(self) -> int:
        """How many items the body holds."""
        return len(self.delivery.items)


def _open_shared(
    database: Database, requests: Sequence[LightDelivery]
) -> AbstractAsyncContextManager[TenantTransaction]:
    callers = [request.caller for request in requests]
    return tenant_transaction(database, *callers, shared=ingest_lock(callers[0].tenant_id))


class _Intake(Generic[PreparedT]):
    """Reads a request's body and records its items; returns the receipt once they are committed.

    No connection is held while a body arrives, or while a heavy one is prepared in another process; the tenant's
    profile is read for that in a short transaction of its own. A light body, such as a single event, shares a
    transaction with others that wait, and is prepared with the profile that this transaction reads anyway.
    """

    def __init__(
        self,
        kind: ItemKind,
        prepare: Callable[[TenantProfile, Sequence[Delivery]], PreparedT],
        record: Record[PreparedT],
    ) -> None:
        self._kind: ItemKind = kind
        self._prepare: Callable[[TenantProfile, Sequence[Delivery]], PreparedT] = prepare
        self._record: Record[PreparedT] = record

    async def __call__(
        self,
        request: Request,
        caller: IngestKey,
    ) -> Receipt:
        with held_bytes_of(request).of(caller.tenant_id) as holding:
            content_type = request.headers.get("content-type", "")
            body = await read_body(request, holding, BatchBounds(content_type).inspect)
            if is_heavy(body):
                receipt = await self._take_heavy(request, caller, body, content_type)
            else:
                delivery = Delivery(split_batch(body, content_type), origin_of(body))
                line = self._line_of(request)
                receipt = await line.deliver(database_of(request), LightDelivery(caller, delivery))
        _count(self._kind, receipt)
        return receipt

    def _line_of(self, request: Request) -> SharedCommits[LightDelivery, Receipt]:
        """Return the line in which this application's requests of the kind wait for each other."""
        lines: dict[str, SharedCommits[LightDelivery, Receipt]] = request.app.state.shared_commits
        if self._kind not in lines:
            lines[self._kind] = SharedCommits(_open_shared, self._record_light)
        return lines[self._kind]

    async def _record_light(
        self, transaction: TenantTransaction, requests: Sequence[LightDelivery]
    ) -> list[Receipt]:
        profile = transaction.profile
        deliveries = [request.delivery for request in requests]

        async def reject_reused(read_at: datetime, keys: frozenset[str]) -> LateRejections:
            (delivery,) = deliveries
            return reject_reused_keys(profile, delivery, read_at=read_at, keys=keys)

        return await self._record(transaction, self._prepare(profile, deliveries), reject_reused)

    async def _take_heavy(
        self, request: Request, caller: Caller, body: bytes, content_type: str
    ) -> Receipt:
        database, offload = database_of(request), offload_of(request)
        async with reading_transaction(database, caller) as transaction:
            profile = transaction.profile

        def aside(work: Callable[[TenantProfile, Delivery], ResultT]) -> Awaitable[ResultT]:
            return offload.run(
                caller.tenant_id, partial(_work_on, work, profile, body, content_type)
            )

        async def reject_reused(read_at: datetime, keys: frozenset[str]) -> LateRejections:
            return await aside(partial(reject_reused_keys, read_at=read_at, keys=keys))

        while True:
            prepared = await aside(partial(_prepare_one, self._prepare))
            shared = ingest_lock(caller.tenant_id)
            async with tenant_transaction(database, caller, shared=shared) as transaction:
                if transaction.profile == profile:
                    (receipt,) = await self._record(transaction, prepared, reject_reused)
                    return receipt
                # The tenant changed while its items were prepared, for example a channel was added.
                profile = transaction.profile


def _prepare_one(
    prepare: Callable[[TenantProfile, Sequence[Delivery]], PreparedT],
    profile: TenantProfile,
    delivery: Delivery,
) -> PreparedT:
    return prepare(profile, [delivery])


def _work_on(
    work: Callable[[TenantProfile, Delivery], ResultT],
    profile: TenantProfile,
    body: bytes,
    content_type: str,
) -> ResultT:
    """Return what `work` returns for the items of a body."""
    return work(profile, Delivery(split_batch(body, content_type), origin_of(body)))


_crowds = CrowdWatch()


async def _record_touches(
    transaction: TenantTransaction,
    prepared: PreparedTouches,
    _reject_reused: RejectReused,  # a touch whose key is known is a duplicate, whatever its fields
) -> list[Receipt]:
    receipts = await record_touches(
        transaction.connection, transaction.profile, prepared, is_locked=True
    )
    tenant_id = transaction.profile.tenant_id
    await refuse_repeated_touches(transaction.connection, tenant_id, prepared, receipts)
    _crowds.add(tenant_id, prepared.journeys)
    return receipts


async def _record_conversions(
    transaction: TenantTransaction, prepared: PreparedConversions, reject_reused: RejectReused
) -> list[Receipt]:
    receipts = await record_conversions(
        transaction.connection,
        transaction.profile,
        prepared,
        reject_reused=reject_reused,
        is_locked=True,
    )
    tenant_id = transaction.profile.tenant_id
    await refuse_repeated_conversions(transaction.connection, tenant_id, prepared, receipts)
    return receipts


# The response is made after the commit, so a 200 is never a lie.
TouchReceipt = Annotated[Receipt, Depends(_Intake("touch", prepare_touches, _record_touches))]
ConversionReceipt = Annotated[
    Receipt, Depends(_Intake("conversion", prepare_conversions, _record_conversions))
]


@intake_router.post(
    "/touches",
    response_model=Receipt,
    responses=_PROBLEMS,
    openapi_extra=batch_request_body(TouchItem),
    summary="Record touches",
)
async def post_touches(receipt: TouchReceipt) -> Response:
    """Record up to 10,000 touches. A rejected item is reported, and kept as a dead event."""
    return _response_of(receipt)


@intake_router.post(
    "/conversions",
    response_model=Receipt,
    responses=_PROBLEMS,
    openapi_extra=batch_request_body(ConversionItem),
    summary="Post conversions to the ledger",
)
async def post_conversions(receipt: ConversionReceipt) -> Response:
    """Post up to 10,000 captures, refunds, disputes and their reversals to the ledger."""
    return _response_of(receipt)


def _response_of(receipt: Receipt) -> Response:
    """Return a receipt as JSON; its rejections, up to 10,000, are JSON already."""
    fields = {
        "accepted": receipt.accepted,
        "duplicates": receipt.duplicates,
        "rejected": orjson.Fragment(receipt.rejected.json),
        "flagged": receipt.flagged,
    }
    return Response(orjson.dumps(fields), media_type="application/json")


def _count(kind: ItemKind, receipt: Receipt) -> None:
    for outcome, count in (
        ("accepted", receipt.accepted),
        ("duplicate", receipt.duplicates),
        ("rejected", len(receipt.rejected)),
    ):
        if count:
            INGEST_ITEMS.labels(kind, outcome).inc(count)


@router.get("/dead-events", responses=READ_PROBLEMS, summary="Rejected items")
async def get_dead_events(
    query: Annotated[DeadEventsQuery, Query()], transaction: ReadTransaction
) -> DeadEventsPage:
    """List the rejected items with their reasons, newest first."""
    return await page_dead_events(transaction.connection, transaction.profile.tenant_id, query)
