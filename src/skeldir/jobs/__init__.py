"""Work that is to be done: jobs as rows with leases, enqueued, claimed and done. The door."""

from typing import TYPE_CHECKING

from skeldir.jobs.claiming import list_claimable_kinds
from skeldir.jobs.daily import enqueue_daily, enqueue_regularly, forget_ended_jobs
from skeldir.jobs.enqueueing import Work, enqueue, is_enqueued, is_running, note_waiting
from skeldir.jobs.kinds import (
    QUEUE_OF,
    QUEUES,
    JobKind,
    Pulse,
    declare_kind,
)
from skeldir.jobs.leases import NO_TENANT, Job, LeaseLost
from skeldir.jobs.operating import (
    JOB_STATES,
    JobUnknown,
    list_jobs_of_all,
    retry_job,
)
from skeldir.jobs.work import AWAY, describe_fault, do_jobs
from skeldir.later import load_later

if TYPE_CHECKING:
    from skeldir.jobs.reports import list_jobs as list_jobs
    from skeldir.jobs.schemas import JobReport as JobReport
    from skeldir.jobs.schemas import JobsPage as JobsPage
    from skeldir.jobs.schemas import JobsQuery as JobsQuery

__all__ = [
    "AWAY",
    "JOB_STATES",
    "NO_TENANT",
    "QUEUES",
    "QUEUE_OF",
    "Job",
    "JobKind",
    "JobReport",
    "JobUnknown",
    "JobsPage",
    "JobsQuery",
    "LeaseLost",
    "Pulse",
    "Work",
    "declare_kind",
    "describe_fault",
    "do_jobs",
    "enqueue",
    "enqueue_daily",
    "enqueue_regularly",
    "forget_ended_jobs",
    "is_enqueued",
    "is_running",
    "list_claimable_kinds",
    "list_jobs",
    "list_jobs_of_all",
    "note_waiting",
    "retry_job",
]

__getattr__ = load_later(
    __name__,
    {
        "JobReport": "schemas",
        "JobsPage": "schemas",
        "JobsQuery": "schemas",
        "list_jobs": "reports",
    },
)
