"""The room's jobs: making a fit that was asked for, and keeping journeys for the fits that follow.

Journeys are kept hourly for tenants that have some, less often while nothing is new.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.fits.asking import DEFAULT_DRAWS
from skeldir.fits.keeping import keep_journeys
from skeldir.fits.kinds import KEEP_JOURNEYS, MAKE_FIT
from skeldir.fits.requests import find_waiting_fit, refuse_fit, request_of
from skeldir.fits.store import queries
from skeldir.fits.storing import fit_model
from skeldir.fits.updates import IDLE_EVERY_S, KEEP_EVERY_S
from skeldir.jobs import AWAY, Job, JobKind, LeaseLost, enqueue

if TYPE_CHECKING:
    from skeldir.db import Connection, Database


ASKED_WITHIN: Final = timedelta(days=90)
"""Kept journeys that no fit has asked for since are dropped."""
MOST_LOOKBACKS: Final = 4
"""Of a tenant are kept; those asked for last."""

MOST_STEPS: Final = DEFAULT_DRAWS * 500**3
"""Keeps a worker for some minutes. A chain whose order is chosen has 500 states at most, if that is above 1."""


async def make_fit_for_job(database: Database, job: Job) -> None:
    """Make the fit that the job's request asks for, and end the request; killed at any moment, it can be done again.

    The fit, the request's end and the job's are one transaction, so a fit is made once. A fault of the data or of the
    parameters ends the request: another attempt would find the same.
    """
    request_id = request_of(job.arguments)
    async with database.tenant(job.tenant_id, is_read_only=True) as connection:
        waiting = await find_waiting_fit(connection, job.tenant_id)
    if waiting is None or waiting.id != request_id:
        return

    async def end(connection: Connection, version: int) -> None:
        await queries.end_fit_request(
            connection, tenant_id=job.tenant_id, id=request_id, version=version
        )
        await job.finish(connection)

    try:
        await fit_model(
            database,
            job.tenant_id,
            waiting.asked,
            made_by=waiting.asked_by,
            most_steps=MOST_STEPS,
            with_it=end,
        )
    except (LeaseLost, *AWAY):
        raise
    except SkeldirError as fault:
        async with database.tenant(job.tenant_id) as connection:
            await refuse_fit(connection, job.tenant_id, request_id, fault)
            await job.finish(connection)


async def keep_for_tenant(database: Database, job: Job) -> None:
    """Bring all kept journeys of the tenant up to date, and enqueue the next such job while there are any."""
    async with database.tenant(job.tenant_id) as connection:
        await queries.delete_lookbacks(
            connection, tenant_id=job.tenant_id, since=utc_now() - ASKED_WITHIN, most=MOST_LOOKBACKS
        )
        rows = await queries.select_lookbacks(connection, tenant_id=job.tenant_id)
    changes = [await keep_journeys(database, job.tenant_id, row["lookback_days"]) for row in rows]
    delay_s = KEEP_EVERY_S if any(changes) else IDLE_EVERY_S
    async with database.tenant(job.tenant_id) as connection:
        if rows:
            await enqueue(connection, job.tenant_id, KEEP_JOURNEYS, delay_s=delay_s)
        await job.finish(connection)


MAKE_FIT_KIND: Final = JobKind(MAKE_FIT, make_fit_for_job)
KEEP_KIND: Final = JobKind(KEEP_JOURNEYS, keep_for_tenant)
