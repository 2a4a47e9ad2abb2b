"""What kinds of jobs there are, and through which queue a worker is woken for them: one closed table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from skeldir.db.pool import Database
    from skeldir.jobs.leases import Job

NO_TENANT = UUID(int=0)
"""Whose jobs are those that serve all tenants at once; no tenant can have this id."""

AUDIT = "audit.tenant"
CREDIT = "attribution.credit"
REFRESH = "matviews.refresh"
FORGET_TOUCHES = "ingest.forget_touches"
SCAN_PERSONAL_DATA = "ingest.scan_personal_data"
DELETE_TENANT = "tenants.delete"

QUEUE_OF = {
    AUDIT: "maintenance",
    CREDIT: "attribution",
    REFRESH: "maintenance",
    FORGET_TOUCHES: "ingest",
    SCAN_PERSONAL_DATA: "ingest",
    DELETE_TENANT: "ingest",
}
QUEUES = ("attribution", "maintenance", "ingest")


@dataclass(frozen=True, slots=True)
class JobKind:
    """How a kind of job is done.

    `run` gets the pool and the job, and calls `job.finish` in the transaction of its last effect. It may be run
    again after a fault, `attempts` times in all. A job that was done is kept for `keep_done_s` seconds.
    """

    name: str
    run: Callable[[Database, Job], Awaitable[None]]
    attempts: int = 5
    lease_s: float = 30.0
    keep_done_s: float = 3_600.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """What is done again and again for all tenants: its name, how often, and the work itself, which must be short."""

    name: str
    every_s: float
    run: Callable[[Database], Awaitable[None]]
