"""The daily audit: one tenant after another, so that no more than one worker is busy with it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from skeldir.audit.auditing import audit_tenant
from skeldir.audit.kinds import AUDIT
from skeldir.audit.records import record_audit
from skeldir.audit.store import queries
from skeldir.jobs import Job, JobKind, Pulse, enqueue_daily

if TYPE_CHECKING:
    from skeldir.db import Database

logger = logging.getLogger(__name__)

# By them the tenant is known that has waited longest, also when a round takes days.
_KEEP_DONE_S: Final = 7 * 24 * 3_600.0


async def audit_for_job(database: Database, job: Job) -> None:
    """Audit the job's tenant and record the result; a difference is logged, but the job succeeds."""
    audit = await audit_tenant(database, job.tenant_id)
    async with database.tenant(job.tenant_id) as connection:
        await record_audit(connection, audit)
        await job.finish(connection)
    if audit.differences:
        checks = ", ".join(check.name for check in audit.checks if check.count)
        logger.error("audit.differed %d in %s", audit.differences, checks)


async def enqueue_next_audit(database: Database) -> None:
    """Enqueue the audit of a tenant that had none for a day, unless an audit waits or runs."""
    async with database.statement() as connection:
        is_open = await queries.is_audit_open(connection, kind=AUDIT)
    if not is_open:
        await enqueue_daily(database, AUDIT, most=1)


AUDIT_KIND: Final = JobKind(AUDIT, audit_for_job, keep_done_s=_KEEP_DONE_S)
PULSES: Final = (Pulse("audit.ask_for_next", 2.0, enqueue_next_audit),)
