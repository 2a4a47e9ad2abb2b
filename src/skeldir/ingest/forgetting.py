"""Forgetting: what a tenant has kept for long enough is deleted: touches, refused items, ended jobs.

Touches go after the credit that needed them was written.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.attribution import credit_dirty_orders, credit_lock
from skeldir.ingest.dead_letters import forget_dead_events
from skeldir.ingest.store import queries
from skeldir.jobs import FORGET_TOUCHES, enqueue, forget_ended_jobs
from skeldir.tenants import load_retention

if TYPE_CHECKING:
    from skeldir.db.pool import Database
    from skeldir.jobs import Job

TOUCHES_PER_TRANSACTION = 10_000
DEAD_EVENTS_PER_TRANSACTION = 10_000
# For how long a job may credit what waits, so that other tenants' jobs have their turn, and when it then comes again.
_LONGEST_TURN_S = 5.0
_COME_AGAIN_S = 30.0
# How soon to look again while another worker is crediting the tenant.
_LOOK_AGAIN_S = 0.5


async def forget_old_leftovers(
    database: Database, job: Job, *, most: int = DEAD_EVENTS_PER_TRANSACTION
) -> int:
    """Delete the old refused items and ended jobs of the job's tenant; return how many refused items there were."""
    forgotten, gone = 0, most
    while gone == most:
        async with database.tenant(job.tenant_id) as connection:
            gone = await forget_dead_events(connection, most=most)
            await forget_ended_jobs(connection, job.tenant_id)
            await job.hold(connection)
        forgotten += gone
    return forgotten


async def forget_old_touches(
    database: Database, job: Job, *, most: int = TOUCHES_PER_TRANSACTION
) -> int:
    """Delete the touches that the retention of the job's tenant calls too old; return how many there were.

    Orders that wait for their credit get it first, from all touches; where that takes long, the job is asked for again.
    Each transaction deletes up to `most`, under the lock of the credit: a run that follows sees what was forgotten, and
    takes that part of a journey from where it is stored. The last one ends the job. How old is too old, the database
    decides (function forget_touches).
    """
    tenant_id = job.tenant_id
    async with database.tenant(tenant_id) as connection:
        if (await load_retention(connection, tenant_id)).touch_days is None:
            await job.finish(connection)
            return 0
    if not await _credit_what_waits(database, tenant_id, job):
        async with database.tenant(tenant_id) as connection:
            await enqueue(connection, tenant_id, FORGET_TOUCHES, delay_s=_COME_AGAIN_S)
            await job.finish(connection)
        return 0
    forgotten = 0
    while not job.is_finished:
        async with database.tenant(tenant_id, locked=credit_lock(tenant_id)) as connection:
            gone = await queries.forget_touches(connection, most=most)
            await (job.hold(connection) if gone else job.finish(connection))
        forgotten += gone
    return forgotten


async def _credit_what_waits(database: Database, tenant_id: UUID, job: Job) -> bool:
    """Credit for a while, also when another worker is at it; say whether nothing waits any more."""
    deadline = monotonic() + _LONGEST_TURN_S
    while True:
        report = await credit_dirty_orders(
            database, tenant_id=tenant_id, fence=job.hold, deadline=deadline
        )
        if report.is_complete or monotonic() >= deadline:
            return report.is_complete
        await asyncio.sleep(_LOOK_AGAIN_S)
