"""What operators do with jobs of all tenants: list them, and have dead ones tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.db import wake_after_commit
from skeldir.errors import SkeldirError
from skeldir.jobs.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

JOB_STATES = ("ready", "running", "done", "dead")


class JobUnknown(SkeldirError):
    """There is no dead job with this id."""

    code = "job_unknown"
    status = 404
    title = "The job is not known"


@dataclass(frozen=True, slots=True)
class OperatorJob:
    """A job as operators see it. `tenant_id` is the nil UUID for work that serves all tenants."""

    tenant_id: UUID
    job_id: UUID
    kind: str
    state: str
    attempts: int
    run_at: datetime
    error: str | None
    correlation_id: UUID
    created_at: datetime


async def list_jobs_of_all(
    connection: Connection, *, states: Sequence[str], most: int = 100
) -> list[OperatorJob]:
    """Return jobs of every tenant, the newest first; `connection` must be an operator's."""
    rows = await queries.select_jobs_of_all(connection, states=list(states), most=most)
    return [
        OperatorJob(
            tenant_id=row["tenant_id"],
            job_id=row["id"],
            kind=row["kind"],
            state=row["state"],
            attempts=row["attempts"],
            run_at=row["run_at"],
            error=row["error"],
            correlation_id=row["correlation_id"],
            created_at=row["created_at"],
        )
        for row in rows
    ]


async def retry_job(connection: Connection, tenant_id: UUID, job_id: UUID) -> None:
    """Make a dead job of the transaction's tenant ready again, with all its attempts.

    Raises:
        JobUnknown: the tenant has no such job, or it is not dead.
    """
    row = await queries.retry_job(connection, tenant_id=tenant_id, id=job_id)
    if row is None:
        raise JobUnknown(
            f"There is no dead job {job_id}.", cure="`skeldir jobs` shows the dead jobs."
        )
    wake_after_commit(connection, row["kind"])
