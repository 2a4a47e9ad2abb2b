"""Doing jobs: claim one, keep its lease while it runs, end it or put it back, and go on with the next."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

import asyncpg

from skeldir.db import (
    DatabaseBusy,
    DatabaseUnreachable,
    NodeUnreachable,
    QueryTooSlow,
    TenantLocked,
)
from skeldir.errors import SkeldirError
from skeldir.jobs.claiming import claim_next_job
from skeldir.jobs.leases import Job, LeaseLost
from skeldir.jobs.store import queries
from skeldir.observability import JOB_SECONDS, span, work_context

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.jobs.kinds import JobKind

logger = logging.getLogger(__name__)

AWAY = (
    DatabaseUnreachable,
    DatabaseBusy,
    NodeUnreachable,
    QueryTooSlow,
    TenantLocked,
    asyncpg.PostgresError,
    OSError,
)
"""What a process that goes on by itself survives: the database is away, busy, or refuses a statement."""

_LONGEST_WAIT_S = 300.0
_NODE_WAIT_S = 5.0
_LONGEST_ERROR = 500
_LONGEST_CANCEL_S = 1.0
_jitter = random.SystemRandom()


async def do_jobs(
    database: Database, kinds: Mapping[str, JobKind], *, budget_s: float = 5.0
) -> bool:
    """Claim and do jobs of `kinds`, the longest due first, until none is left or `budget_s` seconds have passed.

    Returns whether some may be left: then the caller wakes itself again, so that no kind keeps others waiting.
    """
    end = monotonic() + budget_s
    while (job := await claim_next_job(database, kinds)) is not None:
        await run_job(database, kinds[job.kind], job)
        if monotonic() > end:
            return True
    return False


async def run_job(database: Database, kind: JobKind, job: Job) -> None:
    """Do a claimed job: its effect and its end are committed together, or it is put back with its fault.

    Faults of the job itself do not leave this function; a database that is gone does, and the lease runs out.
    """
    began = monotonic()
    with (
        work_context(job.correlation_id, job.tenant_id if job.tenant_id.int else None),
        span("jobs.run", kind=kind.name) as note,
    ):
        outcome = await _run_and_end(database, kind, job)
        note(outcome=outcome)
        seconds = monotonic() - began
        JOB_SECONDS.labels(kind.name, outcome).observe(seconds)
        logger.info(
            "jobs.ended %s %s attempt=%d seconds=%.3f", kind.name, outcome, job.attempts, seconds
        )


async def _run_and_end(database: Database, kind: JobKind, job: Job) -> str:
    effect = asyncio.ensure_future(kind.run(database, job))
    lease = asyncio.create_task(_keep_lease(database, job, effect))
    try:
        await asyncio.wait({effect})
    except asyncio.CancelledError:
        # This process was asked to stop: another one need not wait for the lease to run out.
        effect.cancel()
        await asyncio.wait({effect}, timeout=_LONGEST_CANCEL_S)
        if not job.is_finished:
            await _release(database, job)
        raise
    finally:
        lease.cancel()
        with suppress(asyncio.CancelledError):
            await lease
    if effect.cancelled():
        return "lease_lost"
    fault = effect.exception()
    if isinstance(fault, LeaseLost):
        return "lease_lost"
    if fault is not None and await _is_tenant_leaving(database, job):
        # Of a tenant that is being deleted nothing can be read or written, and its jobs go with it.
        logger.info("jobs.tenant_leaves %s %s", job.kind, job.job_id)
        return "lease_lost"
    if fault is not None:
        return await _put_back(database, kind, job, fault)
    if not job.is_finished:
        async with database.tenant(job.tenant_id) as connection:
            await job.finish(connection)
    return "done"


async def _is_tenant_leaving(database: Database, job: Job) -> bool:
    is_leaving = False
    with suppress(*AWAY):
        async with database.statement() as connection:
            is_leaving = await queries.is_tenant_leaving(connection, tenant_id=job.tenant_id)
    return is_leaving


async def _release(database: Database, job: Job) -> None:
    """Make the job ready for another worker; where the database is away, its lease runs out instead."""
    with suppress(*AWAY):
        async with database.tenant(job.tenant_id) as connection:
            await queries.release_job(
                connection, tenant_id=job.tenant_id, id=job.job_id, token=job.token
            )
        logger.info("jobs.let_go %s %s", job.kind, job.job_id)


async def _keep_lease(database: Database, job: Job, effect: asyncio.Future[None]) -> None:
    """Extend the lease while the job runs, and stop the job when somebody else has it."""
    while True:
        await asyncio.sleep(job.lease_s / 3)
        try:
            async with database.tenant(job.tenant_id) as connection:
                await job.hold(connection)
        except LeaseLost:
            if not job.is_finished:
                effect.cancel()
            return
        except AWAY as fault:
            # The next attempt may succeed; if none does, the lease runs out and the fence holds.
            logger.warning("jobs.lease_not_extended %s: %s", job.job_id, type(fault).__name__)


async def _put_back(database: Database, kind: JobKind, job: Job, fault: BaseException) -> str:
    """Make the job ready again after a pause that grows with its attempts, or dead; its row and the log say why.

    An attempt for which a node was away does not count: the job goes on when the node is back, however long that takes.
    """
    counts = not isinstance(fault, NodeUnreachable)
    is_last = counts and job.attempts >= kind.attempts
    wait_s = min(_LONGEST_WAIT_S, 2.0**job.attempts) if counts else _NODE_WAIT_S
    logger.error(
        "jobs.failed %s %s attempt=%d is_last=%s",
        kind.name,
        job.job_id,
        job.attempts,
        is_last,
        exc_info=fault if counts else None,
    )
    async with database.tenant(job.tenant_id) as connection:
        was_ours = await queries.put_back_job(
            connection,
            tenant_id=job.tenant_id,
            id=job.job_id,
            token=job.token,
            is_last=is_last,
            counts=counts,
            delay_s=wait_s * _jitter.uniform(0.5, 1.5),
            error=describe_fault(fault),
        )
    return "failed" if was_ours else "lease_lost"


def describe_fault(fault: BaseException) -> str:
    """Return what may be kept of a fault: codes and sentences of our own; of others the type, for they quote values."""
    if isinstance(fault, SkeldirError):
        return f"{fault.code}: {fault.detail}"[:_LONGEST_ERROR]
    if isinstance(fault, asyncpg.PostgresError):
        return f"{type(fault).__name__} (SQLSTATE {fault.sqlstate})"
    return type(fault).__name__
