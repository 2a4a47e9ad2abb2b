"""`POST /v1/webhooks/{provider}/{token}`, for signed deliveries, and the reports on payments."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.http import (
    READ_PROBLEMS,
    REPORT_PARAMETERS,
    DirectRoute,
    Problem,
    ReportReading,
    client_host_of,
    database_of,
    held_bytes_of,
    read_body,
    with_read_headers,
)
from skeldir.inbox.coverage import choose_days, report_coverage
from skeldir.inbox.desk import Desk
from skeldir.inbox.lines import refusal
from skeldir.inbox.memory import OpenEndpoint
from skeldir.inbox.payment_reports import page_payments
from skeldir.inbox.receiving import LARGEST_DELIVERY, arrive
from skeldir.inbox.recording import Recorded
from skeldir.inbox.refusals import RefusalCounter
from skeldir.inbox.report_schemas import CoverageReport, PaymentsPage, TroublesReport
from skeldir.inbox.saying import BROKEN_SET_UPS, EndpointProvider
from skeldir.inbox.schemas import MOST_DAYS, CoverageQuery, PaymentsQuery, TroublesQuery
from skeldir.inbox.signatures import RawDelivery, Verdict, verify
from skeldir.inbox.troubles import report_troubles
from skeldir.observability import INBOX_BROKEN, INBOX_DELIVERIES, note_tenant

deliveries_router = APIRouter(prefix="/v1", tags=["webhooks"], route_class=DirectRoute)
router = APIRouter(prefix="/v1", tags=["webhooks"])
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem} for status in (401, 408, 413, 415, 422, 429, 500, 503)
}
_NOBODY: Final = UUID(int=0)
_RECEIVED: Final = b'{"received":true}'


class SignatureUncheckable(SkeldirError):
    """PayPal's certificate cannot be fetched now; PayPal tries again."""

    code = "signature_uncheckable"
    status = 503
    title = "The signature cannot be checked now"


@deliveries_router.post(
    "/webhooks/{provider}/{token}",
    responses=_PROBLEMS,
    summary="Receive a delivery of a payment provider",
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "what the provider sends, at most 1 MiB; its signature is in the headers",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
)
async def post_webhook(request: Request, provider: EndpointProvider, token: str) -> Response:
    """Check the signature of a delivery, record it, and book what it says; then answer 200.

    An unknown address, a missing or wrong signature and a wrong time all get the same 401.
    """
    desk: Desk = request.app.state.inbox
    found = await _find(request, desk, token)
    endpoint = found.endpoint
    if endpoint is not None and endpoint.provider != provider:
        endpoint, found = None, OpenEndpoint(None)
    tenant_id = _NOBODY if endpoint is None else endpoint.tenant_id
    with held_bytes_of(request).of(tenant_id) as holding:
        body = await read_body(request, holding, most=LARGEST_DELIVERY)
        headers = dict(request.headers)
        now = utc_now()
        verdict = await verify(
            provider,
            RawDelivery(headers, body),
            found.secrets,
            now=now,
            certificates=desk.certificates,
        )
        if verdict.outcome == "ping":
            return Response(status_code=200)
        if verdict.outcome not in ("accepted", "events_delivery") or endpoint is None:
            raise _refuse(desk.refusals, found, provider, verdict)
        note_tenant(endpoint.tenant_id)
        arrival = arrive(endpoint, headers, body, verdict=verdict, now=now)
        recorded = await desk.line.deliver(database_of(request), arrival)
    _count(provider, recorded)
    return Response(_RECEIVED, media_type="application/json")


@router.get(
    "/coverage",
    responses=with_read_headers(READ_PROBLEMS),
    openapi_extra=REPORT_PARAMETERS,
    summary="Orders paid by webhooks, by how many touches they have",
)
async def get_coverage(
    query: Annotated[CoverageQuery, Query()], reading: ReportReading
) -> CoverageReport:
    """Report, per provider and local day of the first capture, the orders with 0, 1, and 2 or more touches.

    Without `from`, the 31 days up to `to`, or up to today; a report covers at most 92 days.
    """
    days = choose_days(query.from_, query.to, today=utc_now().date(), most=MOST_DAYS)
    return await reading.run(
        lambda opened: report_coverage(opened.connection, opened.profile.tenant_id, *days)
    )


@router.get(
    "/payments",
    responses=with_read_headers(READ_PROBLEMS),
    openapi_extra=REPORT_PARAMETERS,
    summary="Payments with their states, and what is booked of them and what is not",
)
async def get_payments(
    query: Annotated[PaymentsQuery, Query()], reading: ReportReading
) -> PaymentsPage:
    """List the payments that webhooks reported, newest first."""
    return await reading.run(
        lambda opened: page_payments(opened.connection, opened.profile.tenant_id, query)
    )


@router.get(
    "/payments/troubles",
    responses=with_read_headers(READ_PROBLEMS),
    openapi_extra=REPORT_PARAMETERS,
    summary="Dead deliveries and flagged payments, counted",
)
async def get_payment_troubles(
    query: Annotated[TroublesQuery, Query()], reading: ReportReading
) -> TroublesReport:
    """Count the deliveries that were not understood, and the payments of which something does not fit or waits."""
    return await reading.run(
        lambda opened: report_troubles(opened.connection, opened.profile.tenant_id, query.days)
    )


async def _find(request: Request, desk: Desk, token: str) -> OpenEndpoint:
    """Return the endpoint with a token. Raises UnknownKeysLimited when too many unknown ones are tried."""
    kept = desk.memory.recall(token)
    if kept is not None and kept.endpoint is not None:
        return kept
    unknown = desk.unknown_tokens
    trial = await unknown.admit(token, client_host_of(request))
    try:
        # A token without an endpoint is remembered as long as one with, so that both are refused in the same time.
        found = kept or await desk.memory.look_up(database_of(request), token)
    except BaseException:
        unknown.abandon(trial)
        raise
    if found.endpoint is None:
        unknown.fail(trial)
    else:
        unknown.succeed(trial)
    return found


def _refuse(
    refusals: RefusalCounter, found: OpenEndpoint, provider: EndpointProvider, verdict: Verdict
) -> SkeldirError:
    INBOX_DELIVERIES.labels(provider, "refused").inc()
    if found.endpoint is not None:
        refusals.add(found.endpoint, verdict.outcome)
    if verdict.outcome == "certificate_unreachable":
        return SignatureUncheckable(
            "The certificate that the signature names cannot be fetched.",
            cure="Send the delivery again later; the operator sees why in the log.",
        )
    return refusal()


def _count(provider: EndpointProvider, recorded: Recorded) -> None:
    INBOX_DELIVERIES.labels(provider, recorded.outcome).inc()
    if recorded.trouble is not None and recorded.trouble.code in BROKEN_SET_UPS:
        INBOX_BROKEN.labels(provider, recorded.trouble.code).inc()
