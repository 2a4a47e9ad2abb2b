"""Work that is to be done: rows with leases, and those who do them. The door."""

from skeldir.jobs.claiming import list_claimable
from skeldir.jobs.daily import enqueue_daily, forget_ended_jobs
from skeldir.jobs.enqueue import enqueue, is_enqueued, is_running
from skeldir.jobs.kinds import (
    QUEUE_OF,
    QUEUES,
    JobKind,
    Pulse,
    declare_kind,
)
from skeldir.jobs.leases import NO_TENANT, Job, LeaseLost
from skeldir.jobs.work import AWAY, describe_fault, do_jobs

__all__ = [
    "AWAY",
    "NO_TENANT",
    "QUEUES",
    "QUEUE_OF",
    "Job",
    "JobKind",
    "LeaseLost",
    "Pulse",
    "declare_kind",
    "describe_fault",
    "do_jobs",
    "enqueue",
    "enqueue_daily",
    "forget_ended_jobs",
    "is_enqueued",
    "is_running",
    "list_claimable",
]
