"""`GET /v1/collect/coverage`: what browsers keep of the collector's keys, by day."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skeldir.clock import utc_now
from skeldir.collect.coverage import report_collect_coverage
from skeldir.collect.coverage_schemas import (
    MOST_DAYS,
    CollectCoverageQuery,
    CollectCoverageReport,
)
from skeldir.http import READ_PROBLEMS, REPORT_PARAMETERS, ReportReading, with_read_headers
from skeldir.inbox import choose_days

router = APIRouter(prefix="/v1", tags=["collect"])


@router.get(
    "/collect/coverage",
    responses=with_read_headers(READ_PROBLEMS),
    openapi_extra=REPORT_PARAMETERS,
    summary="Landings of the collector by what browsers keep of their keys",
)
async def get_collect_coverage(
    query: Annotated[CollectCoverageQuery, Query()], reading: ReportReading
) -> CollectCoverageReport:
    """Report, per local day, the landings of each consent and each kind of browser, and the orders that they led to.

    Without `from`, the 31 days up to `to`, or up to today; a report covers at most 92 days.
    """
    days = choose_days(query.from_, query.to, today=utc_now().date(), most=MOST_DAYS)
    return await reading.run(
        lambda opened: report_collect_coverage(opened.connection, opened.profile.tenant_id, *days)
    )
