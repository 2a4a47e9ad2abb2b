"""The room's jobs: reviews and checks of each tenant, and the sending of one delivery."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.jobs import Job, JobKind, Pulse, enqueue_regularly
from skeldir.notices.alerts import settle_alerts
from skeldir.notices.checks import check_tenant
from skeldir.notices.kinds import CHECK, REVIEW, SEND
from skeldir.notices.planning import enqueue_stranded, find_due, make_deliveries
from skeldir.notices.sending import send_delivery
from skeldir.rollups import read_time_zone

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.notices.letters import Writer

REVIEW_EVERY: Final = timedelta(minutes=15)
"""How often each tenant is reviewed, so how late a digest is at most while workers keep up."""

CHECK_EVERY: Final = timedelta(minutes=30)
"""How often the data of each tenant is checked."""

_PULSE_S: Final = 10.0
# With a thousand tenants eleven reviews are due per pulse.
_TENANTS_AT_ONCE: Final = 50
# By them a tenant that was reviewed is known.
_KEEP_REVIEWS_S: Final = 3_600.0
# Longer than a receiver may take to answer.
_LEASE_S: Final = 60.0


async def review_for_job(database: Database, job: Job) -> None:
    """Make the digests that are due for the job's tenant, and end the job in the same transaction.

    It costs a tenant without destinations two short statements, and others four, but for the few times a week when a
    digest is due.
    """
    now = utc_now()
    due = await find_due(database, job.tenant_id, now)
    async with database.tenant(job.tenant_id) as connection:
        if due is not None:
            await make_deliveries(connection, job.tenant_id, *due)
        await enqueue_stranded(connection, job.tenant_id, now)
        await job.finish(connection)


async def check_for_job(database: Database, job: Job) -> None:
    """Check the data of the job's tenant; open, keep and close its alerts, and end the job in the same transaction."""
    now = utc_now()
    async with database.tenant(job.tenant_id, is_read_only=True) as connection:
        judgement = await check_tenant(connection, job.tenant_id, now)
        time_zone = await read_time_zone(connection, job.tenant_id)
    async with database.tenant(job.tenant_id) as connection:
        await settle_alerts(connection, job.tenant_id, judgement, now=now, time_zone=time_zone)
        await job.finish(connection)


async def send_for_job(write: Writer, database: Database, job: Job) -> None:
    """Send the delivery that the job's argument names; a fault that may pass leaves it to a later job."""
    await send_delivery(
        database,
        job.tenant_id,
        UUID(str(job.arguments["delivery"])),
        write,
        fence=job.finish,
    )


async def enqueue_reviews(database: Database) -> None:
    """Enqueue the review of tenants that had none for a quarter of an hour, whoever waited longest first."""
    await enqueue_regularly(database, REVIEW, every=REVIEW_EVERY, most=_TENANTS_AT_ONCE)


async def enqueue_checks(database: Database) -> None:
    """Enqueue the check of tenants that had none for half an hour, whoever waited longest first."""
    await enqueue_regularly(database, CHECK, every=CHECK_EVERY, most=_TENANTS_AT_ONCE)


def send_kind(write: Writer) -> JobKind:
    """Return the kind of job that sends deliveries, as letters that `write` writes."""
    return JobKind(SEND, partial(send_for_job, write), lease_s=_LEASE_S)


REVIEW_KIND: Final = JobKind(REVIEW, review_for_job, keep_done_s=_KEEP_REVIEWS_S)
CHECK_KIND: Final = JobKind(CHECK, check_for_job, keep_done_s=_KEEP_REVIEWS_S)
PULSES: Final = (
    Pulse("notices.ask_for_checks", _PULSE_S, enqueue_checks),
    Pulse("notices.ask_for_reviews", _PULSE_S, enqueue_reviews),
)
