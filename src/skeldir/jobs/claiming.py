"""Claiming the next job that is due, and which kinds of jobs wait for a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import orjson

from skeldir.jobs.leases import Job
from skeldir.jobs.store import queries

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from skeldir.db import Database
    from skeldir.jobs.kinds import JobKind


async def claim_next_job(database: Database, kinds: Mapping[str, JobKind]) -> Job | None:
    """Claim the longest due job of `kinds`, whoever's it is, for its kind's `lease_s`; None when there is none.

    This is one statement and one round trip, committed at once: when the answer is lost on its way, the lease runs out.
    A job that its workers have lost as often as it may be attempted becomes dead here.
    """
    token = uuid4()
    async with database.statement(leaves_session_as_is=True) as connection:
        row = await queries.claim_next_job(
            connection,
            kinds=list(kinds),
            most_attempts=[kind.attempts for kind in kinds.values()],
            leases_s=[kind.lease_s for kind in kinds.values()],
            token=token,
        )
    if row is None:
        return None
    kind = kinds[row["kind"]]
    return Job(
        tenant_id=row["tenant_id"],
        job_id=row["id"],
        kind=kind.name,
        arguments=orjson.loads(row["arguments"]),
        attempts=row["attempts"],
        correlation_id=row["correlation_id"],
        created_at=row["created_at"],
        lease_s=kind.lease_s,
        keep_done_s=kind.keep_done_s,
        token=token,
    )


async def list_claimable_kinds(database: Database, kinds: Collection[str]) -> frozenset[str]:
    """Return the kinds among `kinds` that have a claimable job."""
    async with database.statement() as connection:
        rows = await queries.claimable_kinds(connection, kinds=list(kinds))
    return frozenset(row["kind"] for row in rows)
