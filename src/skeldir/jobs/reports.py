"""A tenant's own jobs, as the API shows them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from skeldir.http import KeyMoment, Keyset, Page
from skeldir.jobs.schemas import JobsQuery
from skeldir.jobs.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

_KIND = re.compile(r"\w+")
_NEWEST_FIRST = Keyset("jobs@1", tuple[KeyMoment, UUID])


@dataclass(frozen=True, slots=True)
class JobReport:
    """A job without its lease. Of an error the kind alone is told: its sentence is for the operator."""

    id: UUID
    kind: str
    arguments: dict[str, Any]
    state: str
    attempts: int
    run_at: datetime
    error_kind: str | None
    correlation_id: UUID
    created_at: datetime
    finished_at: datetime | None


async def list_jobs(connection: Connection, tenant_id: UUID, query: JobsQuery) -> Page[JobReport]:
    """Return a page of the jobs of the transaction's tenant, the newest first.

    Raises:
        CursorInvalid: the cursor belongs to another query.
    """
    before = _NEWEST_FIRST.after(query) or (None, None)
    rows = await queries.select_jobs(
        connection,
        tenant_id=tenant_id,
        state=query.state,
        kind=query.kind,
        before_at=before[0],
        before_id=before[1],
        most=query.limit + 1,
    )
    return _NEWEST_FIRST.page(
        query, [_report(row) for row in rows], lambda job: (job.created_at, job.id)
    )


def _report(row: Any) -> JobReport:
    kind = _KIND.match(row["error"] or "")
    return JobReport(
        id=row["id"],
        kind=row["kind"],
        arguments=orjson.loads(row["arguments"]),
        state=row["state"],
        attempts=row["attempts"],
        run_at=row["run_at"],
        error_kind=kind and kind.group(),
        correlation_id=row["correlation_id"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )
