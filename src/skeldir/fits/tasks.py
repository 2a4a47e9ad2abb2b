"""Kept journeys as a job: hourly for tenants that have some, less often while nothing is new."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from skeldir.clock import utc_now
from skeldir.fits.keeping import keep_journeys
from skeldir.fits.kinds import KEEP_JOURNEYS
from skeldir.fits.store import queries
from skeldir.fits.updates import IDLE_EVERY_S, KEEP_EVERY_S
from skeldir.jobs import Job, JobKind, enqueue

if TYPE_CHECKING:
    from skeldir.db import Database

ASKED_WITHIN: Final = timedelta(days=90)
"""Kept journeys that no fit has asked for since are dropped."""


async def keep_for_tenant(database: Database, job: Job) -> None:
    """Bring all kept journeys of the tenant up to date, and enqueue the next such job while there are any."""
    async with database.tenant(job.tenant_id) as connection:
        await queries.delete_lookbacks(
            connection, tenant_id=job.tenant_id, since=utc_now() - ASKED_WITHIN
        )
        rows = await queries.select_lookbacks(connection, tenant_id=job.tenant_id)
    changes = [await keep_journeys(database, job.tenant_id, row["lookback_days"]) for row in rows]
    delay_s = KEEP_EVERY_S if any(changes) else IDLE_EVERY_S
    async with database.tenant(job.tenant_id) as connection:
        if rows:
            await enqueue(connection, job.tenant_id, KEEP_JOURNEYS, delay_s=delay_s)
        await job.finish(connection)


KEEP_KIND: Final = JobKind(KEEP_JOURNEYS, keep_for_tenant)
