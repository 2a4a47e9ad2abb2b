"""How much there is to do and who does it, asked of the database when the metrics are read."""

from __future__ import annotations

from itertools import product
from math import inf
from typing import TYPE_CHECKING

from skeldir.jobs.kinds import QUEUE_OF
from skeldir.jobs.store import queries
from skeldir.observability.metrics import (
    JOB_OUTCOMES,
    JOB_SECONDS,
    JOB_STATES,
    JOBS,
    OLDEST_READY_JOB,
    PROCESS_SEEN,
    PULSE_AGE,
    PULSES,
    ROLES,
)

if TYPE_CHECKING:
    from skeldir.db.pool import Database

# The kind of a job that this version of the program does not know.
OTHER = "other"

for _labels in product(QUEUE_OF, JOB_OUTCOMES):
    JOB_SECONDS.labels(*_labels)


async def sample_jobs(database: Database) -> None:
    """Set JOBS, OLDEST_READY_JOB, PROCESS_SEEN and PULSE_AGE, in jobs, seconds and periods.

    Raises:
        DatabaseUnreachable: and then the gauges stay as they were.
    """
    async with database.statement() as connection:
        rows = await queries.sample_jobs(connection)
        heartbeats = await queries.sample_heartbeats(connection)
        pulses = await queries.sample_pulses(connection)
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
    seen_s: dict[str, float] = {row["role"]: row["seen_s"] for row in heartbeats}
    for role in ROLES:
        PROCESS_SEEN.labels(role).set(seen_s.get(role, inf))
    ages = {row["name"]: row["age_periods"] for row in pulses}
    for name in PULSES:
        PULSE_AGE.labels(name).set(max(0.0, ages.get(name, inf)))
