"""Work that is to be done: rows with leases, and those who do them. The door."""

from skeldir.jobs.daily import enqueue_daily, forget_ended_jobs
from skeldir.jobs.enqueue import enqueue, is_asked_for, is_running
from skeldir.jobs.kinds import (
    CREDIT,
    DELETE_TENANT,
    FORGET_TOUCHES,
    NO_TENANT,
    QUEUE_OF,
    QUEUES,
    REFRESH,
    SCAN_PERSONAL_DATA,
    JobKind,
    Pulse,
)
from skeldir.jobs.leases import Job, LeaseLost, list_claimable
from skeldir.jobs.work import AWAY, describe_fault, do_jobs

__all__ = [
    "AWAY",
    "CREDIT",
    "DELETE_TENANT",
    "FORGET_TOUCHES",
    "NO_TENANT",
    "QUEUES",
    "QUEUE_OF",
    "REFRESH",
    "SCAN_PERSONAL_DATA",
    "Job",
    "JobKind",
    "LeaseLost",
    "Pulse",
    "describe_fault",
    "do_jobs",
    "enqueue",
    "enqueue_daily",
    "forget_ended_jobs",
    "is_asked_for",
    "is_running",
    "list_claimable",
]
