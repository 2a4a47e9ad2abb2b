"""`GET /v1/attribution/channels`, `/v1/attribution/origins` and `/v1/attribution/orders/{order_id}`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import TypeAdapter

from skeldir.attribution.cause_schemas import ChangesReport
from skeldir.attribution.causes import ChangesAsked, report_changes
from skeldir.attribution.converted_reports import report_converted_channels
from skeldir.attribution.converted_schemas import ConvertedChannelsPage
from skeldir.attribution.explain import explain_order
from skeldir.attribution.explanations import OrderExplanation
from skeldir.attribution.kind_schemas import KindsReport
from skeldir.attribution.kinds_of_credit import report_kinds
from skeldir.attribution.known_pages import read_channel_page
from skeldir.attribution.order_facts import OrderFacts, read_order
from skeldir.attribution.origin_schemas import OriginsReport
from skeldir.attribution.origins import OriginsAsked, report_origins
from skeldir.attribution.schemas import (
    ChangesQuery,
    ChannelsPage,
    ChannelsQuery,
    KindsQuery,
    OriginsQuery,
)
from skeldir.http import (
    READ_PROBLEMS,
    REPORT_PARAMETERS,
    DirectRoute,
    NoQuery,
    Problem,
    ReportReading,
    offload_of,
    with_read_headers,
)
from skeldir.rates import target_of
from skeldir.revenue import LONGEST_KEY
from skeldir.rollups import require_of_now

router = APIRouter(prefix="/v1/attribution", tags=["attribution"])
polled_router = APIRouter(prefix="/v1/attribution", tags=["attribution"], route_class=DirectRoute)
_PAGE = TypeAdapter(ChannelsPage)
_CONVERTED = TypeAdapter(ConvertedChannelsPage)
_ORIGINS = TypeAdapter(OriginsReport)
_KINDS = TypeAdapter(KindsReport)
_CHANGES = TypeAdapter(ChangesReport)


@polled_router.get(
    "/channels",
    response_model=ChannelsPage | ConvertedChannelsPage,
    responses=with_read_headers(READ_PROBLEMS | {404: {"model": Problem}}),
    openapi_extra=REPORT_PARAMETERS,
    summary="Credited revenue, conversions, spend and ROAS by channel",
)
async def get_channels(
    query: Annotated[ChannelsQuery, Query()], reading: ReportReading
) -> Response:
    """Report the credit of each channel, models side by side, by the day of the credited ledger entry.

    A request for a model that is not in force is refused with `model_not_in_force`. With `convert=true` all money is
    in the `currency` asked for, by each day's stored exchange rate. With `known_at` the report is what it
    was at that moment, and with `compare` other figures stand beside each row.
    """
    target = target_of(
        convert=query.convert, currency=query.currency, rate_source=query.rate_source
    )
    if target is not None:
        require_of_now(query.known_at, query.compare)
        converted = await reading.run(
            lambda opened: report_converted_channels(
                opened.connection, opened.profile.tenant_id, query, target
            )
        )
        return Response(_CONVERTED.dump_json(converted), media_type="application/json")

    page = await reading.run(
        lambda opened: read_channel_page(opened.connection, opened.profile.tenant_id, query)
    )
    # Validating 1,000 rows against their schema would block the event loop three times as long as writing them.
    return Response(_PAGE.dump_json(page), media_type="application/json")


@router.get(
    "/origins",
    response_model=OriginsReport,
    responses=with_read_headers(READ_PROBLEMS | {404: {"model": Problem}}),
    openapi_extra=REPORT_PARAMETERS,
    summary="Credited revenue, conversions and spend of each channel by source or campaign",
)
async def get_origins(query: Annotated[OriginsQuery, Query()], reading: ReportReading) -> Response:
    """Divide the credit of each channel by the source or campaign of its touches, over all days asked for.

    `parts`, `others` and `not_known` add up to the channel's credit, to the unit, and their spend and
    `unmatched_spend_cents` to its spend. The report is computed from the facts
    of the days, so it takes about as long as crediting their orders; more than 10,000 orders are refused with
    `report_too_large`.
    """
    asked = OriginsAsked(
        query.by,
        (query.from_, query.to),
        query.model,
        query.currency,
        query.channel,
        query.top,
        without_renewals=query.renewals == "exclude",
    )
    report = await reading.run(
        lambda opened: report_origins(opened.connection, opened.profile.tenant_id, asked)
    )
    return Response(_ORIGINS.dump_json(report), media_type="application/json")


@router.get(
    "/kinds",
    response_model=KindsReport,
    responses=with_read_headers(READ_PROBLEMS | {404: {"model": Problem}}),
    openapi_extra=REPORT_PARAMETERS,
    summary="Credited gross, refunded, disputed and net money of each channel",
)
async def get_kinds(query: Annotated[KindsQuery, Query()], reading: ReportReading) -> Response:
    """Divide the credit of each channel by the kinds of the credited entries, over all days asked for.

    By the day of the entries they add up to the channel's credit, to the unit. By that of the orders, refunds and
    disputes are beside the captures that they take back; by that of the touches, money is where it was earned. Over all
    days the sums are equal, but an entry is then divided among channels and days at once, so that those of one channel
    may differ by rounding. The report is computed from the facts of the days, as that of
    origins is; more than 10,000 orders are refused with `report_too_large`.
    """
    asked = OriginsAsked(
        "kind",
        (query.from_, query.to),
        query.model,
        query.currency,
        query.channel,
        without_renewals=query.renewals == "exclude",
    )
    report = await reading.run(
        lambda opened: report_kinds(opened.connection, opened.profile.tenant_id, asked, query.basis)
    )
    return Response(_KINDS.dump_json(report), media_type="application/json")


@router.get(
    "/changes",
    response_model=ChangesReport,
    responses=with_read_headers(READ_PROBLEMS),
    openapi_extra=REPORT_PARAMETERS,
    summary="What changed in the channel report between two moments, and why",
)
async def get_changes(query: Annotated[ChangesQuery, Query()], reading: ReportReading) -> Response:
    """List the channels whose credit or spend is another one than at an earlier moment, with the causes.

    For each model the causes and `rest_cents` add up to the difference, to the unit. The orders with facts that were
    recorded or taken back in between are credited several times; more than 10,000 orders are refused with
    `report_too_large`, and after a change of models or of the time zone these are all orders.
    """
    asked = ChangesAsked(
        query.since, query.until, (query.from_, query.to), query.model, query.currency
    )
    report = await reading.run(
        lambda opened: report_changes(opened.connection, opened.profile.tenant_id, asked)
    )
    return Response(_CHANGES.dump_json(report), media_type="application/json")


# An order id may hold a slash, so it is the rest of the path.
@router.get(
    "/orders/{order_id:path}",
    response_model=OrderExplanation,
    responses=with_read_headers(READ_PROBLEMS | {404: {"model": Problem}}),
    openapi_extra=REPORT_PARAMETERS,
    summary="Explain an order's credit",
)
async def get_order(
    order_id: Annotated[
        str,
        Path(min_length=1, max_length=LONGEST_KEY, description="as it was sent", examples=["991"]),
    ],
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    request: Request,
    reading: ReportReading,
) -> Response:
    """Show everything that an order's credit is computed from.

    For a long order only the newest touches and the first entries are shown, although all count; `left_out` counts the
    rest. If all its counts are 0, the answer is enough to recompute the credit by hand, unless touches were forgotten
    before journeys were stored. A forgotten touch is shown by channel and age only.
    """
    tenant_id = reading.caller.tenant_id
    facts = await reading.run(lambda opened: read_order(opened.connection, tenant_id, order_id))
    if facts.is_short:
        body = _write_explanation(facts)
    else:
        body = await offload_of(request).run(tenant_id, partial(_write_explanation, facts))
    return Response(body, media_type="application/json")


def _write_explanation(facts: OrderFacts) -> bytes:
    """Return the response body, unvalidated: validating a long one would take longer than writing it."""
    return orjson.dumps(explain_order(facts), option=orjson.OPT_UTC_Z)
