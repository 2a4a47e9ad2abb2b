"""The job that deletes a tenant: its rows in steps, then the views without them, then the receipt."""

from __future__ import annotations

from itertools import count
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.ingest.kinds import DELETE_TENANT
from skeldir.jobs import NO_TENANT, enqueue
from skeldir.matviews import CANONICAL_VIEWS, RefreshFailed, forget_view_statistics, refresh_view
from skeldir.settings import load_settings
from skeldir.tenants import delete_some_rows, end_deletion, forget_statistics

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.jobs import Job

ROWS_PER_TRANSACTION = 5_000
# A tenant with many rows lets other work have its turn, and comes again at once.
LONGEST_TURN_S = 5.0
# How soon to look again while somebody else refreshes a view.
_LOOK_AGAIN_S = 0.5


class DeletionHeldUp(SkeldirError):
    """Somebody still works for a tenant that is leaving; its rows cannot go before that has ended."""

    code = "deletion_held_up"
    status = 503
    title = "The deletion waits"


async def delete_tenant(database: Database, job: Job, *, most: int = ROWS_PER_TRANSACTION) -> None:
    """Delete up to `most` rows of the job's tenant in each transaction, until its receipt is made or a turn is over.

    The job stands under the nil tenant, since its own can be bound to no more; what is left of the work is enqueued
    as a new job in the transaction that ends this one. Killed anywhere, it is done again from where it came to.

    Raises:
        DeletionHeldUp: a transaction was bound to the tenant before; the job is tried again, later and later.
        RefreshFailed: a refresh failed; likewise.
        asyncpg.InsufficientPrivilegeError: no operator has asked for the deletion.
    """
    tenant_id = UUID(str(job.arguments["tenant_id"]))
    deadline = monotonic() + LONGEST_TURN_S
    while monotonic() < deadline:
        async with database.tenant(NO_TENANT) as connection:
            gone = await delete_some_rows(connection, tenant_id, most=most)
            await job.hold(connection)
        if gone is None:
            raise DeletionHeldUp(
                f"A transaction of tenant {tenant_id} that began before its deletion goes on.",
                cure="Nothing has to be done for a while; one that never ends is in pg_stat_activity.",
            )
        if gone == 0:
            is_done = await _clear_views(database, job) and await _end(database, job, tenant_id)
            if not is_done:
                await _go_on(database, job, delay_s=_LOOK_AGAIN_S)
            return
    await _go_on(database, job)


async def _go_on(database: Database, job: Job, *, delay_s: float = 0.0) -> None:
    async with database.tenant(NO_TENANT) as connection:
        await enqueue(connection, NO_TENANT, DELETE_TENANT, job.arguments, delay_s=delay_s)
        await job.finish(connection)


async def _clear_views(database: Database, job: Job) -> bool:
    """Refresh the views that may hold a row of the tenant; False when somebody else is refreshing one just now."""
    timeout_ms = load_settings().skeldir_refresh_timeout_ms
    for view in CANONICAL_VIEWS:
        result = await refresh_view(
            database,
            view.name,
            requested_at=utc_now(),
            only_if_changed=True,
            timeout_ms=timeout_ms,
            fence=job.hold,
        )
        if result.outcome == "skipped_already_running":
            return False
        if result.outcome == "failed":
            raise RefreshFailed(
                f"{view.name} could not be refreshed.", cure="`skeldir matviews` shows why."
            )
    return True


async def _end(database: Database, job: Job, tenant_id: UUID) -> bool:
    """Forget what the planner remembers, then end deletion and job together; False when a row is left."""
    for place in count(1):
        async with database.tenant(NO_TENANT) as connection:
            is_there = await forget_statistics(connection, tenant_id, place)
            await job.hold(connection)
        if not is_there:
            break
    async with database.unbound() as connection:
        await forget_view_statistics(connection)
        await job.hold(connection)
    async with database.tenant(NO_TENANT) as connection:
        if not await end_deletion(connection, tenant_id):
            return False
        await job.finish(connection)
    return True
