"""`POST /v1/touches`, `POST /v1/conversions` and `GET /v1/dead-events`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from skeldir.http.bodies import read_body
from skeldir.http.deps import AppDatabase
from skeldir.http.paging import READ_PROBLEMS, Page
from skeldir.http.problems import Problem
from skeldir.ingest.batches import split_batch
from skeldir.ingest.dead_letters import ItemKind
from skeldir.ingest.receive import Receipt, origin_of, receive_conversions, receive_touches
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
from skeldir.tenants.access import IngestKey, ReadTransaction, TenantTransaction, tenant_transaction

router = APIRouter(prefix="/v1", tags=["ingest"])
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 408, 413, 415, 422, 429, 500, 503)
}


class Batch:
    """The items of a request, read whole before a connection is taken, and the name of their delivery.

    What became of them is left here by the route, to be counted once it is committed.
    """

    def __init__(self, items: list[object], origin: str) -> None:
        self.items = items
        self.origin = origin
        self.outcome: tuple[ItemKind, Receipt] | None = None


async def _read_batch(request: Request, key: IngestKey) -> Batch:  # noqa: ARG001 - the key is checked before the body is read
    body = await read_body(request)
    return Batch(split_batch(body, request.headers.get("content-type", "")), origin_of(body))


ItemBatch = Annotated[Batch, Depends(_read_batch)]


async def _open(
    database: AppDatabase,
    key: IngestKey,
    batch: ItemBatch,  # a slow sender must not hold a connection, so it is read before
) -> AsyncIterator[TenantTransaction]:
    async with tenant_transaction(database, key) as transaction:
        yield transaction
    if batch.outcome is not None:
        _count(*batch.outcome)


# Function scope: the commit comes before the answer is sent, so a 200 is never a lie.
IngestTransaction = Annotated[TenantTransaction, Depends(_open, scope="function")]


@router.post(
    "/touches",
    response_model=ReceiptOut,
    responses=_PROBLEMS,
    openapi_extra=batch_request_body(TouchItem),
    summary="Record touches",
)
async def post_touches(batch: ItemBatch, transaction: IngestTransaction) -> dict[str, object]:
    """Record up to 10,000 touches. A bad item never sinks the batch: it is reported and kept with its reason."""
    receipt = await receive_touches(
        transaction.connection, transaction.profile, batch.items, origin=batch.origin
    )
    batch.outcome = ("touch", receipt)
    return asdict(receipt)


@router.post(
    "/conversions",
    response_model=ReceiptOut,
    responses=_PROBLEMS,
    openapi_extra=batch_request_body(ConversionItem),
    summary="Post conversions to the ledger",
)
async def post_conversions(batch: ItemBatch, transaction: IngestTransaction) -> dict[str, object]:
    """Post up to 10,000 captures, refunds, disputes and their reversals to the ledger."""
    receipt = await receive_conversions(
        transaction.connection, transaction.profile, batch.items, origin=batch.origin
    )
    batch.outcome = ("conversion", receipt)
    return asdict(receipt)


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
