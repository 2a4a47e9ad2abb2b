"""`GET /v1/views`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skeldir.http import READ_PROBLEMS, NoQuery, ReadTransaction
from skeldir.matviews.reports import ViewReport, report_views
from skeldir.matviews.schemas import ViewsOut

router = APIRouter(prefix="/v1", tags=["views"])


@router.get(
    "/views", response_model=ViewsOut, responses=READ_PROBLEMS, summary="Freshness of the views"
)
async def get_views(
    query: Annotated[NoQuery, Query()],  # noqa: ARG001 - it refuses what it does not know
    transaction: ReadTransaction,
) -> dict[str, list[ViewReport]]:
    """Say of each canonical view how old it is, and how its last refresh went."""
    return {"data": await report_views(transaction.connection)}
