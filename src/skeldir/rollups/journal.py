"""The journal of credit, compacted with age: every hour stays for two days, then an hour is one change, then a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from skeldir.clock import utc_now
from skeldir.rollups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.jobs import Job

_HOURS_FROM = timedelta(days=2)
_DAYS_FROM = timedelta(days=90)
# How far back is looked for what was not compacted in its time.
_LOOKS_BACK = timedelta(days=30)


async def compact_journal(database: Database, job: Job, *, now: datetime | None = None) -> int:
    """Write the changes of an old hour of the job's tenant, or of an older day, as one a sum; return how many went.

    What the sums were at the end of such an hour, or day, stays what the journal says. Each hour, or day, is a
    transaction of its own.
    """
    gone = 0
    for unit, age in (("hour", _HOURS_FROM), ("day", _DAYS_FROM)):
        until = _floor(now or utc_now()) - age
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


async def _compact(database: Database, job: Job, since: datetime, length: timedelta) -> int:
    span = {"tenant_id": job.tenant_id, "since": since, "until": since + length}
    async with database.tenant(job.tenant_id) as connection:
        counts = await queries.compact_span(connection, **span)
        await job.hold(connection)
    return int(counts["gone"] - counts["kept"])


def _floor(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
