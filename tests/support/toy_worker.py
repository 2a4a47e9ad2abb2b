"""The worker's and beat's process with toy work: `python -m tests.support.toy_worker worker --index 0 …`."""

from __future__ import annotations

import asyncio
import sys
import time

from skeldir import worker
from skeldir.db.pool import Database
from skeldir.jobs import CREDIT, NO_TENANT, Job, JobKind, Pulse, enqueue


async def sleep(_database: Database, job: Job) -> None:
    """Sleep for the job's `sleep_s`, with the loop alive, or for its `block_s`, without."""
    await asyncio.sleep(float(str(job.arguments.get("sleep_s", 0))))
    time.sleep(float(str(job.arguments.get("block_s", 0))))  # noqa: ASYNC251 - a worker that is stuck does this


async def tick(database: Database) -> None:
    async with database.tenant(NO_TENANT) as connection:
        await enqueue(connection, NO_TENANT, CREDIT, {"tick": time.time_ns()})


async def fail(_database: Database) -> None:
    raise ValueError("as it should")


worker.KINDS = (JobKind(CREDIT, sleep, lease_s=3.0),)
worker.SCHEDULE = (
    Pulse("toy.tick", "maintenance", 0.5, tick),
    Pulse("toy.fail", "maintenance", 3_600.0, fail),
)

if __name__ == "__main__":
    sys.exit(worker.main(sys.argv[1:]))
