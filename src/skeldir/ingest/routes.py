"""`POST /v1/touches`, `POST /v1/conversions` and `GET /v1/dead-events`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from skeldir.db.pool import Database
from skeldir.http.bodies import AppHeldBytes, read_body
from skeldir.http.deps import AppDatabase
from skeldir.http.offload import AppOffload, Offload
from skeldir.http.paging import READ_PROBLEMS, Page
from skeldir.http.problems import Problem
from skeldir.ingest.batches import is_heavy, split_batch
from skeldir.ingest.dead_letters import ItemKind
from skeldir.ingest.receive import (
    PreparedConversions,
    PreparedTouches,
    Receipt,
    Refusal,
    RefuseReused,
    origin_of,
    prepare_conversions,
    prepare_touches,
    record_conversions,
    record_touches,
    refuse_reused_keys,
)
from skeldir.ingest.reports import DeadEventReport, page_dead_events
from skeldir.ingest.schemas import (
    ConversionItem,
    DeadEventsPage,
    DeadEventsQuery,
    ReceiptOut,
    TouchItem,
    batch_request_body,
)
from skeldir.observability.metrics import INGEST_ITEMS
from skeldir.tenants import KeyHolder, TenantProfile, load_profile
from skeldir.tenants.access import IngestKey, ReadTransaction, TenantTransaction, tenant_transaction

router = APIRouter(prefix="/v1", tags=["ingest"])
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 408, 413, 415, 422, 429, 500, 503)
}


PreparedT = TypeVar("PreparedT", PreparedTouches, PreparedConversions)
ResultT = TypeVar("ResultT")


@dataclass(slots=True)
class Intake(Generic[PreparedT]):
    """The items of a request, ready to be recorded, and the transaction to record them in.

    What became of them is left here by the route, to be counted once it is committed.
    """

    transaction: TenantTransaction
    prepared: PreparedT
    origin: str
    refuse_reused: RefuseReused
    receipt: Receipt | None = None


class _Opening(Generic[PreparedT]):
    """Reads a request's body, prepares its items and opens the transaction that writes them.

    No connection is held while a body arrives, or while a heavy one is prepared aside, for which the tenant's
    profile is read in a short transaction before. A light one, such as a single event, is prepared at once, with the
    profile that its transaction finds anyway.
    """

    def __init__(
        self, kind: ItemKind, prepare: Callable[[TenantProfile, list[object]], PreparedT]
    ) -> None:
        self._kind = kind
        self._prepare: Callable[[TenantProfile, list[object]], PreparedT] = prepare

    async def __call__(
        self,
        request: Request,
        database: AppDatabase,
        offload: AppOffload,
        key: IngestKey,
        held: AppHeldBytes,
    ) -> AsyncIterator[Intake[PreparedT]]:
        with held.of(key.tenant_id) as holding:
            body = await read_body(request, holding)
            content_type = request.headers.get("content-type", "")
            if is_heavy(body):
                opened = self._open_heavy(database, offload, key, body, content_type)
            else:
                opened = self._open_light(database, key, body, content_type)
            async with opened as intake:
                yield intake
        if intake.receipt is not None:
            _count(self._kind, intake.receipt)

    @asynccontextmanager
    async def _open_light(
        self, database: Database, key: KeyHolder, body: bytes, content_type: str
    ) -> AsyncIterator[Intake[PreparedT]]:
        items = split_batch(body, content_type)
        async with tenant_transaction(database, key) as transaction:
            profile = transaction.profile

            async def refuse_reused(read_at: datetime, keys: frozenset[str]) -> Refusal:
                return refuse_reused_keys(profile, items, read_at=read_at, keys=keys)

            prepared = self._prepare(profile, items)
            yield Intake(transaction, prepared, origin_of(body), refuse_reused)

    @asynccontextmanager
    async def _open_heavy(
        self,
        database: Database,
        offload: Offload,
        key: KeyHolder,
        body: bytes,
        content_type: str,
    ) -> AsyncIterator[Intake[PreparedT]]:
        async with database.tenant(key.tenant_id, is_read_only=True) as connection:
            profile = await load_profile(connection, key.tenant_id)

        def aside(
            work: Callable[..., ResultT], **options: object
        ) -> Awaitable[tuple[ResultT, str]]:
            given = partial(_work_on, work, profile, body, content_type, **options)
            return offload.run(key.tenant_id, given)

        async def refuse_reused(read_at: datetime, keys: frozenset[str]) -> Refusal:
            refusal, _ = await aside(refuse_reused_keys, read_at=read_at, keys=keys)
            return refusal

        while True:
            prepared, origin = await aside(self._prepare)
            async with tenant_transaction(database, key) as transaction:
                if transaction.profile == profile:
                    yield Intake(transaction, prepared, origin, refuse_reused)
                    return
                # The tenant was changed while its items were prepared, say by a channel of its own that is gone.
                profile = transaction.profile


def _work_on(
    work: Callable[..., ResultT],
    profile: TenantProfile,
    body: bytes,
    content_type: str,
    **options: object,
) -> tuple[ResultT, str]:
    """Return what `work` makes of a body's items for a tenant, and the origin of the body."""
    return work(profile, split_batch(body, content_type), **options), origin_of(body)


# Function scope: the commit comes before the answer is sent, so a 200 is never a lie.
TouchIntake = Annotated[
    Intake[PreparedTouches], Depends(_Opening("touch", prepare_touches), scope="function")
]
ConversionIntake = Annotated[
    Intake[PreparedConversions],
    Depends(_Opening("conversion", prepare_conversions), scope="function"),
]


@router.post(
    "/touches",
    response_model=ReceiptOut,
    responses=_PROBLEMS,
    openapi_extra=batch_request_body(TouchItem),
    summary="Record touches",
)
async def post_touches(intake: TouchIntake) -> Response:
    """Record up to 10,000 touches. A bad item never sinks the batch: it is reported and kept with its reason."""
    transaction = intake.transaction
    intake.receipt = await record_touches(
        transaction.connection, transaction.profile, intake.prepared, origin=intake.origin
    )
    return _answer(intake.receipt)


@router.post(
    "/conversions",
    response_model=ReceiptOut,
    responses=_PROBLEMS,
    openapi_extra=batch_request_body(ConversionItem),
    summary="Post conversions to the ledger",
)
async def post_conversions(intake: ConversionIntake) -> Response:
    """Post up to 10,000 captures, refunds, disputes and their reversals to the ledger."""
    transaction = intake.transaction
    intake.receipt = await record_conversions(
        transaction.connection,
        transaction.profile,
        intake.prepared,
        origin=intake.origin,
        refuse_reused=intake.refuse_reused,
    )
    return _answer(intake.receipt)


def _answer(receipt: Receipt) -> Response:
    """Write a receipt as JSON; checked against `ReceiptOut` once more, 10,000 rejections would keep the loop."""
    return Response(orjson.dumps(receipt), media_type="application/json")


def _count(kind: ItemKind, receipt: Receipt) -> None:
    INGEST_ITEMS.labels(kind, "accepted").inc(receipt.accepted)
    INGEST_ITEMS.labels(kind, "duplicate").inc(receipt.duplicates)
    INGEST_ITEMS.labels(kind, "rejected").inc(len(receipt.rejected))


@router.get(
    "/dead-events",
    response_model=DeadEventsPage,
    responses=READ_PROBLEMS,
    summary="Refused items",
)
async def get_dead_events(
    query: Annotated[DeadEventsQuery, Query()], transaction: ReadTransaction
) -> Page[DeadEventReport]:
    """List the items that were refused, with their reasons, the newest first."""
    return await page_dead_events(transaction.connection, transaction.profile.tenant_id, query)
