"""The room's job: making a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.errors import SkeldirError
from skeldir.jobs import AWAY, Job, JobKind, LeaseLost, describe_fault
from skeldir.reconcile.kinds import RECONCILE
from skeldir.reconcile.running import run_reconciliation
from skeldir.reconcile.store import queries

if TYPE_CHECKING:
    from skeldir.db import Database

ATTEMPTS: Final = 5


async def reconcile_for_job(database: Database, job: Job) -> None:
    """Make the comparison that the job's argument names. A fault is kept with it; one of the request is final."""
    reconciliation_id = UUID(str(job.arguments["reconciliation"]))
    try:
        await run_reconciliation(database, job.tenant_id, reconciliation_id, fence=job.finish)
    except LeaseLost:
        raise
    except (SkeldirError, *AWAY) as fault:
        of_request = isinstance(fault, SkeldirError) and not isinstance(fault, AWAY)
        is_final = of_request or job.attempts >= ATTEMPTS
        await note_fault(database, job.tenant_id, reconciliation_id, fault, is_final=is_final)
        raise


async def note_fault(
    database: Database,
    tenant_id: UUID,
    reconciliation_id: UUID,
    fault: BaseException,
    *,
    is_final: bool,
) -> None:
    """Keep what went wrong with a comparison that waits; if it `is_final`, the comparison has failed."""
    async with database.tenant(tenant_id) as connection:
        await queries.note_fault(
            connection,
            tenant_id=tenant_id,
            id=reconciliation_id,
            is_final=is_final,
            error=describe_fault(fault),
        )


RECONCILE_KIND: Final = JobKind(RECONCILE, reconcile_for_job, attempts=ATTEMPTS)
