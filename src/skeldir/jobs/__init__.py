"""Work that is to be done: rows with leases, the kinds of jobs, and Celery, which wakes those who do them. The door."""

from skeldir.jobs.daily import enqueue_daily, forget_ended_jobs
from skeldir.jobs.enqueue import enqueue, is_asked_for, is_running
from skeldir.jobs.kinds import (
    AUDIT,
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
from skeldir.jobs.leases import Job, LeaseLost
from skeldir.jobs.work import do_jobs

__all__ = [
    "AUDIT",
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
    "do_jobs",
    "enqueue",
    "enqueue_daily",
    "forget_ended_jobs",
    "is_asked_for",
    "is_running",
]
