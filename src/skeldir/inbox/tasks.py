"""The room's jobs: erasing what privacy requests and merged payments ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.inbox.kinds import ERASE
from skeldir.inbox.privacy_requests import erase_merged, fulfil_request, read_arguments
from skeldir.jobs import Job, JobKind

if TYPE_CHECKING:
    from skeldir.db import Database


async def erase_for_tenant(database: Database, job: Job) -> None:
    """Erase what the job's arguments name."""
    request_id, payment_id = read_arguments(job.arguments)
    if request_id is not None:
        await fulfil_request(database, job.tenant_id, job, request_id)
    elif payment_id is not None:
        await erase_merged(database, job.tenant_id, job, payment_id)


ERASE_KIND = JobKind(ERASE, erase_for_tenant)
