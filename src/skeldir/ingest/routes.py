"""`POST /v1/touches` and `POST /v1/conversions`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from skeldir.http.bodies import read_body
from skeldir.http.deps import AppDatabase
from skeldir.http.problems import Problem
from skeldir.ingest.batches import split_batch
from skeldir.ingest.receive import Receipt, origin_of, receive_conversions, receive_touches
from skeldir.ingest.schemas import ConversionItem, ReceiptOut, TouchItem, batch_request_body
from skeldir.tenants.access import IngestKey, TenantTransaction, tenant_transaction

router = APIRouter(prefix="/v1", tags=["ingest"])
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 413, 415, 500, 503)
}


class Batch:
    """The items of a request, read whole before a connection is taken, and the name of their delivery."""

    def __init__(self, items: list[object], origin: str) -> None:
        self.items = items
        self.origin = origin


async def _read_batch(request: Request, key: IngestKey) -> Batch:  # noqa: ARG001 - the key is checked before the body is read
    body = await read_body(request)
    return Batch(split_batch(body, request.headers.get("content-type", "")), origin_of(body))


ItemBatch = Annotated[Batch, Depends(_read_batch)]


async def _open(
    database: AppDatabase,
    key: IngestKey,
    batch: ItemBatch,  # noqa: ARG001 - a slow sender must not hold a connection
) -> AsyncIterator[TenantTransaction]:
    async with tenant_transaction(database, key) as transaction:
        yield transaction


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
    return _out(
        await receive_touches(
            transaction.connection, transaction.profile, batch.items, origin=batch.origin
        )
    )


@router.post(
    "/conversions",
    response_model=ReceiptOut,
    responses=_PROBLEMS,
    openapi_extra=batch_request_body(ConversionItem),
    summary="Post conversions to the ledger",
)
async def post_conversions(batch: ItemBatch, transaction: IngestTransaction) -> dict[str, object]:
    """Post up to 10,000 captures, refunds, disputes and their reversals to the ledger."""
    return _out(
        await receive_conversions(
            transaction.connection, transaction.profile, batch.items, origin=batch.origin
        )
    )


def _out(receipt: Receipt) -> dict[str, object]:
    return asdict(receipt)
