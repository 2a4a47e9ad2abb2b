"""`GET /v1/revenue/daily` and `GET /v1/revenue/realtime`."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import TypeAdapter

from skeldir.http import (
    READ_PROBLEMS,
    REPORT_PARAMETERS,
    DirectRoute,
    Filter,
    ReportReading,
    with_read_headers,
)
from skeldir.rates import target_of
from skeldir.revenue.converted import list_converted_days, read_converted_realtime
from skeldir.revenue.converted_schemas import ConvertedDailyPage, ConvertedRealtime
from skeldir.revenue.reports import list_daily_revenue, read_realtime_revenue
from skeldir.revenue.schemas import DailyPage, DailyQuery, RealtimeQuery, RealtimeTotals
from skeldir.rollups import require_of_now

router = APIRouter(prefix="/v1/revenue", tags=["revenue"])
polled_router = APIRouter(prefix="/v1/revenue", tags=["revenue"], route_class=DirectRoute)
_TOTALS = TypeAdapter(RealtimeTotals)
_CONVERTED = TypeAdapter(ConvertedRealtime)
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


@router.get(
    "/daily",
    responses=with_read_headers(READ_PROBLEMS),
    openapi_extra=REPORT_PARAMETERS,
    summary="Money by day and state",
)
async def get_daily(
    query: Annotated[DailyQuery, Query()], reading: ReportReading
) -> DailyPage | ConvertedDailyPage:
    """List the amount and number of ledger entries per local day, currency and state, the earliest day first.

    With `convert=true` all money is in the `currency` asked for, by each day's stored exchange rate.
    """
    target = target_of(
        convert=query.convert, currency=query.currency, rate_source=query.rate_source
    )
    if target is not None:
        require_of_now(query.known_at)
        return await reading.run(
            lambda opened: list_converted_days(
                opened.connection, opened.profile.tenant_id, query, target
            )
        )
    return await reading.run(
        lambda opened: list_daily_revenue(opened.connection, opened.profile.tenant_id, query)
    )


@polled_router.get(
    "/realtime",
    response_model=RealtimeTotals | ConvertedRealtime,
    responses=with_read_headers(
        READ_PROBLEMS
        | {
            200: _TAGGED,
            304: {"description": "The content still matches an ETag that was sent"} | _TAGGED,
        }
    ),
    openapi_extra=REPORT_PARAMETERS,
    summary="Money so far",
)
async def get_realtime(
    query: Annotated[RealtimeQuery, Query()],
    reading: ReportReading,
    if_none_match: Annotated[
        Filter[str],
        Header(description="ETags of stored responses, or *; if one matches, the answer is 304"),
    ] = None,
) -> Response:
    """Report captured, refunded, disputed and net money of each currency over all days; a few seconds old at most.

    With `convert=true` all money is in the `currency` asked for, by each day's stored exchange rate. This reads the
    sums of all days.
    """
    body = await _read_realtime(query, reading)
    digest = sha256(body).hexdigest()[:32]
    headers = {"ETag": f'"{digest}"'} | _CACHING
    if _matches(digest, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


async def _read_realtime(query: RealtimeQuery, reading: ReportReading) -> bytes:
    target = target_of(
        convert=query.convert, currency=query.currency, rate_source=query.rate_source
    )
    if target is not None:
        require_of_now(query.known_at)
        converted = await reading.run(
            lambda opened: read_converted_realtime(
                opened.connection, opened.profile.tenant_id, query, target
            )
        )
        return _CONVERTED.dump_json(converted)
    totals = await reading.run(
        lambda opened: read_realtime_revenue(
            opened.connection,
            opened.profile.tenant_id,
            renewals=query.renewals,
            currency=query.currency,
            known_at=query.known_at,
        )
    )
    return _TOTALS.dump_json(totals)


def _matches(digest: str, if_none_match: str | None) -> bool:
    """Compare weakly, as required by RFC 9110, 13.1.2: a `W/` before a tag does not matter."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or digest in _TAG.findall(if_none_match)
