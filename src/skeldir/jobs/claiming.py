"""Finding jobs that are due, and claiming one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import orjson

from skeldir.jobs.leases import Job
from skeldir.jobs.store import queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skeldir.db import Database
    from skeldir.jobs.kinds import JobKind


async def list_claimable(
    database: Database, kinds: Sequence[str], *, most: int
) -> list[tuple[UUID, UUID, str]]:
    """Return (tenant, job, kind) of what may be claimed now, the longest due first; others may be faster."""
    async with database.statement() as connection:
        rows = await queries.claimable_jobs(connection, kinds=list(kinds), most=most)
    return [(row["tenant_id"], row["id"], row["kind"]) for row in rows]


async def claim(database: Database, kind: JobKind, tenant_id: UUID, job_id: UUID) -> Job | None:
    """Claim a job for `kind.lease_s` seconds; None when somebody else has it, or it has just died.

    A job that was lost by its worker as often as it may be attempted becomes dead here.
    """
    token = uuid4()
    async with database.tenant(tenant_id) as connection:
        row = await queries.claim_job(
            connection,
            tenant_id=tenant_id,
            id=job_id,
            token=token,
            attempts=kind.attempts,
            lease_s=kind.lease_s,
        )
    if row is None or row["state"] != "running":
        return None
    return Job(
        tenant_id=tenant_id,
        job_id=job_id,
        kind=row["kind"],
        arguments=orjson.loads(row["arguments"]),
        attempts=row["attempts"],
        correlation_id=row["correlation_id"],
        created_at=row["created_at"],
        lease_s=kind.lease_s,
        keep_done_s=kind.keep_done_s,
        token=token,
    )
