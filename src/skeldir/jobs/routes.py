"""`GET /v1/jobs`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skeldir.http import READ_PROBLEMS, Page, ReadTransaction
from skeldir.jobs.reports import JobReport, list_jobs
from skeldir.jobs.schemas import JobsPage, JobsQuery

router = APIRouter(prefix="/v1", tags=["jobs"])


@router.get("/jobs", response_model=JobsPage, responses=READ_PROBLEMS, summary="Jobs")
async def get_jobs(
    query: Annotated[JobsQuery, Query()], transaction: ReadTransaction
) -> Page[JobReport]:
    """List what is done in the background for the key's tenant, the newest first."""
    return await list_jobs(transaction.connection, transaction.profile.tenant_id, query)
