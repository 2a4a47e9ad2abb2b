"""`GET /v1/rates` and `POST /v1/rates`: exchange rates, each day at any time again."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request

from skeldir.http import (
    READ_PROBLEMS,
    IngestKey,
    NoQuery,
    Problem,
    ReadTransaction,
    database_of,
    held_bytes_of,
    read_body,
    tenant_transaction,
)
from skeldir.rates.pages import RatesQuery, page_rates
from skeldir.rates.recording import record_rates
from skeldir.rates.schemas import (
    MOST_BYTES,
    RatesPage,
    RatesReceipt,
    rates_request_body,
    read_rates_sent,
)
from skeldir.rates.stating import Rate, read_currency, read_day, read_rate
from skeldir.tenants import describe_key

router = APIRouter(prefix="/v1/rates", tags=["rates"])
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem} for status in (400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 503)
}


@router.get("", responses=READ_PROBLEMS, summary="Exchange rates with their revisions")
async def get_rates(
    query: Annotated[RatesQuery, Query()], transaction: ReadTransaction
) -> RatesPage:
    """List the recorded rates by source, quote and day: the latest of each day, or every revision."""
    return await page_rates(transaction.connection, transaction.profile.tenant_id, query)


@router.post(
    "",
    responses=_PROBLEMS,
    openapi_extra=rates_request_body(),
    summary="Record exchange rates",
)
async def post_rates(
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: IngestKey,
) -> RatesReceipt:
    """Record rates of a source. An equal one changes nothing; another one restates its day.

    A source has one base currency. If one rate is wrong, none is recorded.
    """
    with held_bytes_of(request).of(caller.tenant_id) as holding:
        sent = read_rates_sent(await read_body(request, holding, most=MOST_BYTES))
    base = read_currency(sent.base, "base")
    rates = [
        Rate(
            read_currency(item.quote, f"rates.{index}.quote"),
            read_day(item.day, f"rates.{index}.day"),
            read_rate(item.rate, f"rates.{index}.rate"),
        )
        for index, item in enumerate(sent.rates)
    ]
    async with tenant_transaction(database_of(request), caller) as transaction:
        connection, tenant_id = transaction.connection, caller.tenant_id
        recorded = await record_rates(
            connection,
            tenant_id,
            sent.source,
            base,
            rates,
            reason="POST /v1/rates",
            recorded_by=await describe_key(connection, tenant_id, caller.holder.key_id),
            accepts_jumps=sent.accept_jumps,
        )
    return RatesReceipt(recorded.new, recorded.restated, recorded.unchanged)
