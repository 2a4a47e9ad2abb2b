"""`GET /v1/revenue/daily` and `GET /v1/revenue/realtime`."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from skeldir.http import (
    READ_PROBLEMS,
    DirectRoute,
    Filter,
    NoQuery,
    Page,
    ReadKey,
    ReadTransaction,
    database_of,
    reading_transaction,
)
from skeldir.revenue.reports import DailyRevenue, list_daily_revenue, read_realtime_revenue
from skeldir.revenue.schemas import DailyPage, DailyQuery, RealtimeOut

router = APIRouter(prefix="/v1/revenue", tags=["revenue"])
polled_router = APIRouter(prefix="/v1/revenue", tags=["revenue"], route_class=DirectRoute)
_TAG = re.compile(r'"([^"]*)"')
_TAGGED = {
    "headers": {
        "ETag": {
            "description": "of this content, for If-None-Match",
            "schema": {"type": "string", "pattern": '^"[0-9a-f]{32}"$'},
        }
    }
}
_CACHING = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


@router.get(
    "/daily", response_model=DailyPage, responses=READ_PROBLEMS, summary="Money by day and state"
)
async def get_daily(
    query: Annotated[DailyQuery, Query()], transaction: ReadTransaction
) -> Page[DailyRevenue]:
    """List amount and number of ledger entries per UTC day, currency and state, the earliest day first."""
    return await list_daily_revenue(transaction.connection, transaction.profile.tenant_id, query)


@polled_router.get(
    "/realtime",
    response_model=RealtimeOut,
    responses=READ_PROBLEMS
    | {
        200: _TAGGED,
        304: {"description": "The content still is the one of the ETag that was sent"} | _TAGGED,
    },
    summary="Money so far",
)
async def get_realtime(
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ReadKey,
    if_none_match: Annotated[
        Filter[str],
        Header(description="ETags of answers at hand, or *: none of them is sent again"),
    ] = None,
) -> Response:
    """Sum up captured, refunded, disputed and net money of each currency over all days, live: seconds old."""
    async with reading_transaction(database_of(request), caller) as transaction:
        totals = await read_realtime_revenue(transaction.connection, caller.tenant_id)
    body = RealtimeOut.model_validate({"data": totals}, from_attributes=True).model_dump_json()
    digest = sha256(body.encode()).hexdigest()[:32]
    headers = {"ETag": f'"{digest}"'} | _CACHING
    if _is_at_hand(digest, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _is_at_hand(digest: str, if_none_match: str | None) -> bool:
    """Compare as RFC 9110, 13.1.2 says: weakly, so that `W/` before a tag does not matter."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or digest in _TAG.findall(if_none_match)
