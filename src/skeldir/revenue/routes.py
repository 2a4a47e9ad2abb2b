"""`GET /v1/revenue/daily` and `GET /v1/revenue/realtime`."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import TypeAdapter

from skeldir.http import (
    READ_PROBLEMS,
    DirectRoute,
    Filter,
    NoQuery,
    ReadKey,
    ReadTransaction,
    database_of,
    reading_transaction,
)
from skeldir.revenue.reports import list_daily_revenue, read_realtime_revenue
from skeldir.revenue.schemas import DailyPage, DailyQuery, RealtimeTotals

router = APIRouter(prefix="/v1/revenue", tags=["revenue"])
polled_router = APIRouter(prefix="/v1/revenue", tags=["revenue"], route_class=DirectRoute)
_TOTALS = TypeAdapter(RealtimeTotals)
_TAG = re.compile(r'"([^"]*)"')
_TAGGED = {
    "headers": {
        "ETag": {
            "description": "the tag of this content, for If-None-Match",
            "schema": {"type": "string", "pattern": '^"[0-9a-f]{32}"$'},
        }
    }
}
_CACHING = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


@router.get("/daily", responses=READ_PROBLEMS, summary="Money by day and state")
async def get_daily(
    query: Annotated[DailyQuery, Query()], transaction: ReadTransaction
) -> DailyPage:
    """List the amount and number of ledger entries per UTC day, currency and state, the earliest day first."""
    return await list_daily_revenue(transaction.connection, transaction.profile.tenant_id, query)


@polled_router.get(
    "/realtime",
    response_model=RealtimeTotals,
    responses=READ_PROBLEMS
    | {
        200: _TAGGED,
        304: {"description": "The content still matches an ETag that was sent"} | _TAGGED,
    },
    summary="Money so far",
)
async def get_realtime(
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ReadKey,
    if_none_match: Annotated[
        Filter[str],
        Header(description="ETags of stored responses, or *; if one matches, the answer is 304"),
    ] = None,
) -> Response:
    """Report captured, refunded, disputed and net money of each currency over all days; a few seconds old at most."""
    async with reading_transaction(database_of(request), caller) as transaction:
        totals = await read_realtime_revenue(transaction.connection, caller.tenant_id)
    body = _TOTALS.dump_json(totals)
    digest = sha256(body).hexdigest()[:32]
    headers = {"ETag": f'"{digest}"'} | _CACHING
    if _matches(digest, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _matches(digest: str, if_none_match: str | None) -> bool:
    """Compare weakly, as required by RFC 9110, 13.1.2: a `W/` before a tag does not matter."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or digest in _TAG.findall(if_none_match)
