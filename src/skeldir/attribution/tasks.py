"""Credit as a job: enqueued with the fact that needs it, and by the sweep where no job is waiting for dirty orders."""

from __future__ import annotations

import logging
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from skeldir.attribution.kinds import CREDIT
from skeldir.attribution.runs import credit_dirty_orders
from skeldir.attribution.store import queries
from skeldir.clock import utc_now
from skeldir.db import NodeUnreachable
from skeldir.jobs import Job, JobKind, Pulse, enqueue, is_enqueued
from skeldir.rollups import review_waiting, roll_up_unless_busy

if TYPE_CHECKING:
    from skeldir.db import Connection, Database

logger = logging.getLogger(__name__)

# After this time a tenant with many orders lets others take their turn; its next job is enqueued at once.
LONGEST_TURN_S = 5.0
# How soon to look again when another worker, or an operator's command, is crediting the tenant.
_LOOK_AGAIN_S = 0.5
# The sweep runs every second and must finish within it.
_TENANTS_AT_ONCE = 100
# For how long nothing is enqueued for a tenant whose last job died.
_PAUSE_AFTER_DEATH = timedelta(minutes=10)


async def credit_tenant(database: Database, job: Job) -> None:
    """Credit the tenant's dirty orders and roll its days up; what is left after a while is enqueued again.

    A writer that saw this job waiting enqueued none of its own. It is waited for where marks are chosen.
    """
    deadline = monotonic() + LONGEST_TURN_S
    report = await credit_dirty_orders(
        database, tenant_id=job.tenant_id, fence=job.hold, deadline=deadline
    )

    async def finish(connection: Connection) -> None:
        if not report.is_complete:
            is_time_up = monotonic() >= deadline
            await enqueue(
                connection, job.tenant_id, CREDIT, delay_s=0.0 if is_time_up else _LOOK_AGAIN_S
            )
        await job.finish(connection)

    await roll_up_unless_busy(database, job.tenant_id, finish=finish)


async def enqueue_stranded_credit(database: Database) -> None:
    """Enqueue the credit of tenants with dirty orders and no job for them; some tenants at a time.

    Tenants that only seem to wait, since all of their orders have been credited, are taken off the list.
    """
    async with database.statement() as connection:
        rows = await queries.tenants_without_credit_job(
            connection,
            kind=CREDIT,
            dead_since=utc_now() - _PAUSE_AFTER_DEATH,
            most=_TENANTS_AT_ONCE,
        )
    for row in rows:
        try:
            async with database.tenant(row["tenant_id"]) as connection:
                if await review_waiting(connection, row["tenant_id"]) is not False and not (
                    await is_enqueued(connection, row["tenant_id"], CREDIT)
                ):
                    await enqueue(connection, row["tenant_id"], CREDIT)
        except NodeUnreachable:
            # It stays on the list; the other tenants do not wait for its node.
            logger.warning("attribution.tenant_passed_over %s", row["tenant_id"])


CREDIT_KIND = JobKind(CREDIT, credit_tenant)
PULSES = (Pulse("attribution.sweep", 1.0, enqueue_stranded_credit),)
