"""`GET /v1/views`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skeldir.http import READ_PROBLEMS, NoQuery, ReadTransaction
from skeldir.matviews.reports import report_views
from skeldir.matviews.schemas import ViewReports

router = APIRouter(prefix="/v1", tags=["views"])


@router.get("/views", responses=READ_PROBLEMS, summary="Freshness of the views")
async def get_views(
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    transaction: ReadTransaction,
) -> ViewReports:
    """Report the age and the last refresh of each canonical view."""
    return await report_views(transaction.connection)
