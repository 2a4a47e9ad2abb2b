"""`POST /v1/spend` and `POST /v1/claims`: days of campaigns, each at any time again."""

from __future__ import annotations

import hashlib
from codecs import BOM_UTF8
from collections.abc import Callable, Collection
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request

from skeldir.http import (
    BodyTooLarge,
    BodyUnreadable,
    Caller,
    IngestKey,
    NoQuery,
    Problem,
    database_of,
    held_bytes_of,
    read_body,
    tenant_transaction,
)
from skeldir.ingest import Rejection
from skeldir.spend.days import AdDay, AdKey
from skeldir.spend.items import (
    UNREADABLE,
    AdItemRejected,
    ClaimItem,
    SpendItem,
    read_claim,
    read_spend,
    rejected,
)
from skeldir.spend.recording import (
    Load,
    find_rivals,
    keep_given,
    read_given_channels,
    record_days,
)
from skeldir.spend.schemas import MOST_BYTES, MOST_ITEMS, AdReceipt, items_request_body
from skeldir.tenants import describe_key

router = APIRouter(prefix="/v1", tags=["spend"])
NoQueryHere = Annotated[NoQuery, Query()]
Read = Callable[[object, Collection[str]], AdDay]

_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem} for status in (400, 401, 403, 408, 413, 415, 422, 429, 500, 503)
}


@router.post(
    "/spend",
    responses=_PROBLEMS,
    openapi_extra=items_request_body(SpendItem),
    summary="Record what campaigns cost",
)
async def post_spend(
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: IngestKey,
) -> AdReceipt:
    """Record up to 1,000 days of campaigns. An equal item changes nothing; another one restates its day."""
    return await _record(request, caller, read_spend, "/v1/spend")


@router.post(
    "/claims",
    responses=_PROBLEMS,
    openapi_extra=items_request_body(ClaimItem),
    summary="Record what platforms claim",
)
async def post_claims(
    query: NoQueryHere,  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: IngestKey,
) -> AdReceipt:
    """Record up to 1,000 days of conversions that a platform claims; what the days cost stays as it is."""
    return await _record(request, caller, read_claim, "/v1/claims")


async def _record(request: Request, caller: Caller, read: Read, route: str) -> AdReceipt:
    with held_bytes_of(request).of(caller.tenant_id) as holding:
        body = await read_body(request, holding, most=MOST_BYTES)
    items = _split(body, has_lines="ndjson" in request.headers.get("content-type", "").lower())
    if len(items) > MOST_ITEMS:
        raise BodyTooLarge(
            f"The request has more than {MOST_ITEMS} items.",
            cure=f"Send at most {MOST_ITEMS} in a request.",
        )
    async with tenant_transaction(database_of(request), caller) as transaction:
        connection, tenant_id = transaction.connection, caller.tenant_id
        days, refused = _read_items(items, read, transaction.profile.own_channels)
        rivals = await find_rivals(connection, tenant_id, list(days.values()))
        for index, day in list(days.items()):
            if day.key in rivals:
                detail = rivals[day.key].describe()
                refused.append(_rejection(index, rejected("day_stored_otherwise", detail)))
                del days[index]
        platforms = {day.key.platform for day in days.values()}
        chosen = await read_given_channels(connection, tenant_id, platforms)
        recorded_by = await describe_key(connection, tenant_id, caller.holder.key_id)
        load = Load("api", route, hashlib.sha256(body).hexdigest(), recorded_by, len(items))
        kept = keep_given(list(days.values()), chosen)
        recorded = await record_days(connection, tenant_id, load, kept)
    return AdReceipt(
        recorded.load_id,
        recorded.new,
        recorded.restated,
        recorded.unchanged,
        dict(recorded.spent_after),
        sorted(refused, key=lambda rejection: rejection.index),
    )


def _split(body: bytes, *, has_lines: bool) -> list[object]:
    """Return the items of a JSON array, of one object, or of NDJSON, with UNREADABLE for a line that is not JSON.

    Raises:
        BodyUnreadable: the document is not JSON, or neither an array nor an object.
    """
    body = body.removeprefix(BOM_UTF8)
    if has_lines:
        return [_read_line(line) for line in body.splitlines() if line.strip()]
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BodyUnreadable(
            "The body is not valid JSON.", cure="Send a JSON array of objects."
        ) from error
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        return [document]
    raise BodyUnreadable("The body is a bare JSON value.", cure="Send a JSON array of objects.")


def _read_line(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return UNREADABLE


def _read_items(
    items: list[object], read: Read, own_channels: Collection[str]
) -> tuple[dict[int, AdDay], list[Rejection]]:
    """Return the days by the places of their items, and the items that describe none, or one twice."""
    days: dict[int, AdDay] = {}
    refused = []
    seen: set[AdKey] = set()
    for index, item in enumerate(items):
        try:
            day = read(item, own_channels)
            if day.key in seen:
                raise rejected("day_repeated", "The request has the same campaign and day before.")
        except AdItemRejected as error:
            refused.append(_rejection(index, error))
            continue
        seen.add(day.key)
        days[index] = day
    return days, refused


def _rejection(index: int, error: AdItemRejected) -> Rejection:
    return Rejection(index, error.item_code, error.detail, error.cure)
