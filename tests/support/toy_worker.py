"""The worker's and beat's process with toy work: `python -m tests.support.toy_worker worker --index 0 …`."""

from __future__ import annotations

import asyncio
import os
import sys
import time

from skeldir import worker
from skeldir.attribution.kinds import CREDIT
from skeldir.db.pool import Database
from skeldir.jobs import NO_TENANT, Job, JobKind, Pulse, enqueue
from skeldir.matviews.kinds import REFRESH


async def sleep(_database: Database, job: Job) -> None:
    """Sleep for the job's `sleep_s`, with the loop alive, or for its `block_s`, without."""
    await asyncio.sleep(float(str(job.arguments.get("sleep_s", 0))))  # a job that takes its time
    time.sleep(float(str(job.arguments.get("block_s", 0))))  # noqa: ASYNC251 - a stuck worker does this


async def tick(database: Database) -> None:
    """Enqueue what beat does itself."""
    async with database.tenant(NO_TENANT) as connection:
        await enqueue(connection, NO_TENANT, REFRESH, {"tick": time.time_ns()})


async def fail(_database: Database) -> None:
    raise ValueError("as it should")


async def refresh(_database: Database, _job: Job) -> None:
    """The job that beat does itself; here it does nothing."""


worker.KINDS = (JobKind(CREDIT, sleep, lease_s=3.0), JobKind(REFRESH, refresh))
worker.BEAT_KINDS = (JobKind(REFRESH, refresh),)
# A test that counts jobs has no pulse.
worker.SCHEDULE = (
    (Pulse("toy.tick", 0.5, tick), Pulse("toy.fail", 3_600.0, fail))
    if "beat" in sys.argv or "TOY_TICKS" in os.environ
    else ()
)

if __name__ == "__main__":
    sys.exit(worker.main(sys.argv[1:]))
