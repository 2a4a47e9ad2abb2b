"""`GET /v1/coverage` and `GET /v1/payments`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skeldir.clock import utc_now
from skeldir.http import (
    READ_PROBLEMS,
    REPORT_PARAMETERS,
    ReportReading,
    with_read_headers,
)
from skeldir.inbox.coverage import choose_days, report_coverage
from skeldir.inbox.payment_reports import page_payments
from skeldir.inbox.report_schemas import (
    MOST_DAYS,
    CoverageQuery,
    CoverageReport,
    PaymentsPage,
    PaymentsQuery,
)

router = APIRouter(prefix="/v1", tags=["webhooks"])


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
    summary="Payments with their states, and what is not booked of them",
)
async def get_payments(
    query: Annotated[PaymentsQuery, Query()], reading: ReportReading
) -> PaymentsPage:
    """List the payments that webhooks reported, newest first."""
    return await reading.run(
        lambda opened: page_payments(opened.connection, opened.profile.tenant_id, query)
    )
