"""Compacts the journal of credit: after two days to one change per hour, after 90 days to one per day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from skeldir.clock import utc_now
from skeldir.rollups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.jobs import Job

_HOURS_FROM = timedelta(days=2)
_DAYS_FROM = timedelta(days=90)
# How far back to look for hours or days that were not compacted when they were due.
_LOOKS_BACK = timedelta(days=30)


async def compact_journal(database: Database, job: Job, *, now: datetime | None = None) -> int:
    """Merge the changes of each old hour, or older day, of the job's tenant into one per sum.

    Returns by how many rows the journal shrank. It still gives the sums at the end of each such hour or day. Each hour
    or day is a transaction of its own.
    """
    gone = 0
    today = _floor(now or utc_now())
    for unit, age in (("hour", _HOURS_FROM), ("day", _DAYS_FROM)):
        until = today - age
        async with database.tenant(job.tenant_id) as connection:
            rows = await queries.select_spans_to_compact(
                connection,
                tenant_id=job.tenant_id,
                unit=unit,
                since=until - _LOOKS_BACK,
                until=until,
            )
        for row in rows:
            gone += await _compact(database, job, row["began_at"], timedelta(**{f"{unit}s": 1}))
    return gone


def last_end_before(moment: datetime, *, now: datetime) -> datetime:
    """Return the latest moment, at or before the given aware one, at which the journal gives the sums, in UTC.

    Whether the job that compacts it has run yet makes no difference, so that everybody gets the same answer.
    """
    moment, today = moment.astimezone(UTC), _floor(now.astimezone(UTC))
    if moment < today - _DAYS_FROM:
        return _floor(moment)
    if moment < today - _HOURS_FROM:
        return moment.replace(minute=0, second=0, microsecond=0)
    return moment


async def _compact(database: Database, job: Job, since: datetime, length: timedelta) -> int:
    async with database.tenant(job.tenant_id) as connection:
        changes = await queries.count_span(
            connection, tenant_id=job.tenant_id, since=since, until=since + length
        )
        kept = await queries.compact_span(
            connection, tenant_id=job.tenant_id, since=since, until=since + length
        )
        await job.hold(connection)
    return changes - len(kept)


def _floor(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
