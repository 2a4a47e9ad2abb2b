"""`GET /v1/views`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skeldir.http import (
    READ_PROBLEMS,
    REPORT_PARAMETERS,
    NoQuery,
    ReportReading,
    with_read_headers,
)
from skeldir.matviews.reports import report_views
from skeldir.matviews.schemas import ViewReports

router = APIRouter(prefix="/v1", tags=["views"])


@router.get(
    "/views",
    responses=with_read_headers(READ_PROBLEMS),
    openapi_extra=REPORT_PARAMETERS,
    summary="Freshness of the views",
)
async def get_views(
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    reading: ReportReading,
) -> ViewReports:
    """Report the age and the last refresh of each canonical view."""
    return await reading.run(lambda opened: report_views(opened.connection))
