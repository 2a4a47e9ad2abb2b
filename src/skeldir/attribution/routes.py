"""`GET /v1/attribution/channels` and `GET /v1/attribution/orders/{order_id}`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import TypeAdapter

from skeldir.attribution.explain import explain_order
from skeldir.attribution.order_facts import OrderFacts, read_order
from skeldir.attribution.reports import ChannelReport, report_channels
from skeldir.attribution.schemas import ChannelsPage, ChannelsQuery, OrderExplanationOut
from skeldir.http import (
    READ_PROBLEMS,
    DirectRoute,
    NoQuery,
    Problem,
    ReadKey,
    database_of,
    offload_of,
    reading_transaction,
)

router = APIRouter(prefix="/v1/attribution", tags=["attribution"])
polled_router = APIRouter(prefix="/v1/attribution", tags=["attribution"], route_class=DirectRoute)
_REPORT = TypeAdapter(ChannelReport)


@polled_router.get(
    "/channels",
    response_model=ChannelsPage,
    responses=READ_PROBLEMS | {404: {"model": Problem}},
    summary="Credited revenue, conversions, spend and ROAS by channel",
)
async def get_channels(
    query: Annotated[ChannelsQuery, Query()], request: Request, caller: ReadKey
) -> Response:
    """Say what the models give each channel, side by side, by the day of the ledger entry that was credited.

    A model that is named and is not in force is refused with `model_not_in_force`.
    """
    async with reading_transaction(database_of(request), caller) as transaction:
        report = await report_channels(transaction.connection, caller.tenant_id, query)
    # To check 1,000 rows against their schema would keep the loop three times as long as to write them.
    return Response(_REPORT.dump_json(report), media_type="application/json")


# An order id may hold a slash, so it is the rest of the path.
@router.get(
    "/orders/{order_id:path}",
    response_model=OrderExplanationOut,
    responses=READ_PROBLEMS | {404: {"model": Problem}},
    summary="Explain an order's credit",
)
async def get_order(
    order_id: Annotated[
        str, Path(min_length=1, max_length=200, description="as it was sent", examples=["991"])
    ],
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    caller: ReadKey,
) -> Response:
    """Show what an order's credit was worked out from.

    Of a long order the newest touches and the first entries are shown, while all count, and `left_out` counts the rest.
    When that is nothing, the answer is enough to recompute the credit by hand, unless touches were forgotten before
    journeys were stored. A forgotten touch is shown by channel and age.
    """
    async with reading_transaction(database_of(request), caller) as transaction:
        facts = await read_order(transaction.connection, caller.tenant_id, order_id)
    if facts.is_short:
        body = _write_explanation(facts)
    else:
        body = await offload_of(request).run(caller.tenant_id, partial(_write_explanation, facts))
    return Response(body, media_type="application/json")


def _write_explanation(facts: OrderFacts) -> bytes:
    """Return the answer's body. To check a long one against its schema would take longer than to write it."""
    return orjson.dumps(explain_order(facts), option=orjson.OPT_UTC_Z)
