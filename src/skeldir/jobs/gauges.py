"""How much there is to do, asked of the database when the metrics are read."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from skeldir.jobs.kinds import QUEUE_OF
from skeldir.jobs.store import queries
from skeldir.observability import (
    JOB_OUTCOMES,
    JOB_SECONDS,
    JOB_STATES,
    JOBS,
    OLDEST_READY_JOB,
)

if TYPE_CHECKING:
    from skeldir.db import Database

# The kind of a job that this version of the program does not know.
OTHER = "other"


async def sample_jobs(database: Database) -> None:
    """Set JOBS and OLDEST_READY_JOB, in jobs and seconds.

    Raises:
        DatabaseUnreachable: and then the gauges stay as they were.
    """
    async with database.statement() as connection:
        rows = await queries.sample_jobs(connection)
    for labels in product(QUEUE_OF, JOB_OUTCOMES):
        JOB_SECONDS.labels(*labels)
    counts = dict.fromkeys(product((*QUEUE_OF, OTHER), JOB_STATES), 0)
    oldest_s = 0.0
    for row in rows:
        kind = row["kind"] if row["kind"] in QUEUE_OF else OTHER
        counts[kind, row["state"]] += row["jobs"]
        if row["state"] == "ready":
            oldest_s = max(oldest_s, row["oldest_s"])
    for (kind, state), jobs in counts.items():
        JOBS.labels(kind, state).set(jobs)
    OLDEST_READY_JOB.set(oldest_s)
