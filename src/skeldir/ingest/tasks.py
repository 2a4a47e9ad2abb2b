"""The room's jobs: taking facts back, deleting a tenant, and daily forgetting and the scan for personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.ingest.deleting import delete_tenant
from skeldir.ingest.forgetting import forget_old_leftovers, forget_old_touches
from skeldir.ingest.kinds import DELETE_TENANT, FORGET_TOUCHES, SCAN_PERSONAL_DATA, UNDO
from skeldir.ingest.personal_data import scan_for_personal_data
from skeldir.ingest.undoing import undo_for_tenant
from skeldir.jobs import Job, JobKind, Pulse, enqueue_daily
from skeldir.rollups import compact_journal

if TYPE_CHECKING:
    from skeldir.db import Database

# Longer than the day after which the next one is enqueued.
_KEEP_DONE_S = 48 * 3_600.0
_TENANTS_AT_ONCE = 500


async def forget_for_tenant(database: Database, job: Job) -> None:
    """Compact the journal of credit, and delete old dead events, claimed orders, ended jobs and touches."""
    await compact_journal(database, job)
    await forget_old_leftovers(database, job.tenant_id, job=job)
    await forget_old_touches(database, job.tenant_id, job=job)


async def scan_tenant(database: Database, job: Job) -> None:
    """Update the tenant's findings of personal data."""
    await scan_for_personal_data(database, job.tenant_id, job=job)


async def plan_daily(database: Database) -> None:
    """Enqueue both jobs for tenants that had none for a day; those beyond the limit have their turn next time."""
    for kind in (FORGET, SCAN):
        await enqueue_daily(database, kind.name, most=_TENANTS_AT_ONCE)


FORGET = JobKind(FORGET_TOUCHES, forget_for_tenant, keep_done_s=_KEEP_DONE_S)
SCAN = JobKind(SCAN_PERSONAL_DATA, scan_tenant, keep_done_s=_KEEP_DONE_S)
# Ten attempts take about ten minutes: longer than any transaction of the program may take.
DELETE = JobKind(DELETE_TENANT, delete_tenant, attempts=10)
UNDO_KIND = JobKind(UNDO, undo_for_tenant)
PULSES = (Pulse("ingest.plan_daily", 60.0, plan_daily),)
