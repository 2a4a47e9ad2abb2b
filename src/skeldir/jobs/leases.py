"""Claiming a job, holding it while it is done, and ending it together with its effect."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import orjson

from skeldir.errors import SkeldirError
from skeldir.jobs.kinds import NO_TENANT, JobKind
from skeldir.jobs.store import queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skeldir.db import Connection, Database


class LeaseLost(SkeldirError):
    """Another worker has the job by now; whatever this one was about to commit must not be."""

    code = "lease_lost"
    status = 409
    title = "The job is no longer ours"


@dataclass(slots=True)
class Job:
    """A claimed job. `token` is the fence: only its holder can end the job."""

    tenant_id: UUID
    job_id: UUID
    kind: str
    arguments: dict[str, object]
    attempts: int
    correlation_id: UUID
    created_at: datetime
    lease_s: float
    keep_done_s: float
    token: UUID = field(repr=False)
    is_finished: bool = False

    async def hold(self, connection: Connection) -> None:
        """Let the caller's transaction commit only while the job is ours; call it last in a step of several.

        Raises:
            LeaseLost: it is not; the transaction must be rolled back.
        """
        await self._bind(connection)
        held = await queries.extend_lease(
            connection,
            tenant_id=self.tenant_id,
            id=self.job_id,
            token=self.token,
            lease_s=self.lease_s,
        )
        self._require(held)

    async def finish(self, connection: Connection) -> None:
        """End the job in the caller's transaction, which carries its (last) effect; old jobs of its kind are deleted.

        Raises:
            LeaseLost: another worker has the job; the transaction must be rolled back.
        """
        await self._bind(connection)
        ended = await queries.finish_job(
            connection,
            tenant_id=self.tenant_id,
            id=self.job_id,
            token=self.token,
            kind=self.kind,
            keep_s=self.keep_done_s,
        )
        self._require(ended)
        self.is_finished = True

    async def _bind(self, connection: Connection) -> None:
        # A transaction for all tenants sees no job, not even its own, before it is bound to none of them.
        if self.tenant_id == NO_TENANT:
            await connection.execute("SELECT public.set_tenant($1)", NO_TENANT)

    def _require(self, found: object) -> None:
        if found is None:
            raise LeaseLost(
                f"Job {self.job_id} was claimed by another worker.",
                cure="Nothing has to be done: the other worker does it.",
            )


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
