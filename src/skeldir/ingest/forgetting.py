"""Forgetting: a tenant's old touches, dead events, claimed orders and ended jobs are deleted.

Touches are deleted after the credit that needs them was written.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution import credit_dirty_orders
from skeldir.ingest.dead_letters import forget_dead_events
from skeldir.ingest.kinds import FORGET_TOUCHES
from skeldir.ingest.store import queries
from skeldir.jobs import enqueue, forget_ended_jobs
from skeldir.rollups import credit_lock
from skeldir.tenants import load_retention

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.jobs import Job

TOUCHES_PER_TRANSACTION = 10_000
LEFTOVERS_PER_TRANSACTION = 10_000
"""Of dead events, and of claimed orders."""
# How long a job may credit waiting orders before other tenants' jobs have their turn, and when it runs again.
LONGEST_TURN_S = 5.0
_CONTINUE_S = 30.0
# How soon to try again while another worker is crediting the tenant.
_RETRY_S = 0.5


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows were deleted, and for how many days touches are kept; None means for ever."""

    touches: int
    dead_events: int
    claims: int
    touch_days: int | None


async def forget_now(database: Database, tenant_id: UUID) -> Forgotten:
    """Delete the touches, dead events and claimed orders of a tenant that the daily job would delete, by its rules.

    The job may run at the same time: each transaction deletes what is too old and still there.
    """
    dead_events, claims = await forget_old_leftovers(database, tenant_id)
    touches = await forget_old_touches(database, tenant_id)
    async with database.tenant(tenant_id) as connection:
        retention = await load_retention(connection, tenant_id)
    return Forgotten(touches, dead_events, claims, retention.touch_days)


async def forget_old_leftovers(
    database: Database,
    tenant_id: UUID,
    *,
    job: Job | None = None,
    most: int = LEFTOVERS_PER_TRANSACTION,
) -> tuple[int, int]:
    """Delete the old dead events, claimed orders and ended jobs of a tenant.

    Return how many dead events and how many claims were deleted. Each transaction deletes up to `most` of each; the
    database decides which are old enough (functions forget_dead_events and forget_claims). With a `job`, each
    transaction is fenced by it.
    """
    events = claims = 0
    has_more = True
    while has_more:
        async with database.tenant(tenant_id) as connection:
            gone_events = await forget_dead_events(connection, most=most)
            gone_claims = await queries.forget_claims(connection, most=most)
            await forget_ended_jobs(connection, tenant_id)
            if job is not None:
                await job.hold(connection)
        events += gone_events
        claims += gone_claims
        has_more = most in (gone_events, gone_claims)
    return events, claims


async def forget_old_touches(
    database: Database,
    tenant_id: UUID,
    *,
    job: Job | None = None,
    most: int = TOUCHES_PER_TRANSACTION,
) -> int:
    """Delete the touches that are older than the retention of a tenant; return how many were deleted.

    Orders that wait for credit get it first, from all touches. Each transaction deletes up to `most` touches while it
    holds the credit lock: a later credit run sees what was deleted, and takes that part of a journey from the stored
    journey. The database decides which touches are old enough (function forget_touches).

    With a `job`, each transaction is fenced by it, and the last one ends it. When crediting takes long, the job is
    enqueued again, and nothing is deleted yet.
    """
    async with database.tenant(tenant_id) as connection:
        if (await load_retention(connection, tenant_id)).touch_days is None:
            if job is not None:
                await job.finish(connection)
            return 0
    is_credited = await _credit_what_waits(database, tenant_id, job)
    if job is not None and not is_credited:
        async with database.tenant(tenant_id) as connection:
            await enqueue(connection, tenant_id, FORGET_TOUCHES, delay_s=_CONTINUE_S)
            await job.finish(connection)
        return 0
    forgotten, gone = 0, most
    while gone:
        async with database.tenant(tenant_id, locked=credit_lock(tenant_id)) as connection:
            gone = await queries.forget_touches(connection, most=most)
            if job is not None:
                await (job.hold(connection) if gone else job.finish(connection))
        forgotten += gone
    return forgotten


async def _credit_what_waits(database: Database, tenant_id: UUID, job: Job | None) -> bool:
    """Credit waiting orders, with a job for a limited time; return whether none is left."""
    fence, deadline = None, inf
    if job is not None:
        fence, deadline = job.hold, monotonic() + LONGEST_TURN_S
    while True:
        report = await credit_dirty_orders(
            database, tenant_id=tenant_id, fence=fence, deadline=deadline
        )
        if report.is_complete or monotonic() >= deadline:
            return report.is_complete
        await asyncio.sleep(_RETRY_S)
