"""Jobs that every tenant has done regularly, such as once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.jobs.enqueueing import enqueue
from skeldir.jobs.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection, Database

_DAY = timedelta(days=1)


async def enqueue_daily(database: Database, kind: str, *, most: int) -> int:
    """Enqueue a job of `kind` for up to `most` tenants that have had none for a day; return for how many.

    Such a kind must keep its done jobs for longer than a day: by them a tenant that had one is known.
    """
    return await enqueue_regularly(database, kind, every=_DAY, most=most)


async def enqueue_regularly(database: Database, kind: str, *, every: timedelta, most: int) -> int:
    """Enqueue a job of `kind` for up to `most` tenants that have had none for as long as `every`; return for how many.

    Such a kind must keep its done jobs for longer than that: by them a tenant that had one is known.
    """
    async with database.statement() as connection:
        rows = await queries.tenants_without_job(
            connection, kind=kind, since=utc_now() - every, most=most
        )
    for row in rows:
        async with database.tenant(row["tenant_id"]) as connection:
            await enqueue(connection, row["tenant_id"], kind)
    return len(rows)


async def forget_ended_jobs(connection: Connection, tenant_id: UUID) -> None:
    """Delete the jobs of the transaction's tenant that ended, well or not, more than 90 days ago."""
    await queries.delete_ended_jobs(connection, tenant_id=tenant_id)
