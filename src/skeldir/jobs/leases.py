"""Holding a claimed job while it is done, and ending it together with its effect."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.errors import SkeldirError
from skeldir.jobs.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

NO_TENANT = UUID(int=0)
"""The tenant of the jobs that serve all tenants at once; no tenant can have this id."""


class LeaseLost(SkeldirError):
    """Another worker has claimed the job; what this one was about to commit must be rolled back."""

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
