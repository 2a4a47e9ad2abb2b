"""Enqueueing a job: a row in the caller's transaction, and a wake-up once that has been committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID, uuid4

import orjson

from skeldir.db import new_id, wake_after_commit
from skeldir.jobs.kinds import QUEUE_OF
from skeldir.jobs.store import queries
from skeldir.observability import current_correlation_id

if TYPE_CHECKING:
    from skeldir.db import Connection

NO_ARGUMENTS: Mapping[str, object] = {}

Work = Literal["credit", "days"]
"""What a tenant may wait for: that its orders are credited, or that its days are summed."""


async def enqueue(
    connection: Connection,
    tenant_id: UUID,
    kind: str,
    arguments: Mapping[str, object] = NO_ARGUMENTS,
    *,
    delay_s: float = 0.0,
    waits_for: Sequence[Work] = (),
) -> UUID | None:
    """Enqueue a job in the caller's transaction, which is bound to `tenant_id`; return its id.

    None when an equal one is waiting already, whose worker will see what this transaction did if it holds the lock
    that the worker waits for (see `attribution.marks.ingest_lock`), or commits before the job is claimed.
    `arguments` become JSON: keys are sorted, so equal ones are equal. `waits_for`: as for `note_waiting`.
    """
    assert kind in QUEUE_OF  # noqa: S101 - kinds are declared by the rooms, never input
    job_id = await queries.insert_job(
        connection,
        tenant_id=tenant_id,
        id=new_id(),
        kind=kind,
        arguments=_as_json(arguments),
        delay_s=delay_s,
        correlation_id=current_correlation_id() or uuid4(),
        waits_for=waits_for,
    )
    if job_id is not None and not delay_s:
        wake_after_commit(connection, kind)
    return job_id


async def note_waiting(connection: Connection, tenant_id: UUID, work: Work) -> None:
    """List the transaction's tenant among those that wait for `work`, unless it is listed.

    The transaction has made marks of that work, and holds one of the locks that `rollups.review_waiting` tries, since
    before it made them: a row that is listed now stays until the transaction has ended.
    """
    await queries.note_waiting(connection, tenant_id=tenant_id, work=work)


async def is_running(
    connection: Connection,
    tenant_id: UUID,
    kind: str,
    arguments: Mapping[str, object] = NO_ARGUMENTS,
) -> bool:
    """Return whether such a job of the transaction's tenant is running, and its lease has not run out."""
    return await queries.is_job_running(
        connection, tenant_id=tenant_id, kind=kind, arguments=_as_json(arguments)
    )


def _as_json(arguments: Mapping[str, object]) -> str:
    return orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS).decode()


async def is_enqueued(connection: Connection, tenant_id: UUID, kind: str) -> bool:
    """Return whether a job of this kind of the transaction's tenant waits or runs."""
    return await queries.has_open_job(connection, tenant_id=tenant_id, kind=kind)
