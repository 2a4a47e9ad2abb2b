"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class ClaimNextJobRow(TypedDict):
    tenant_id: UUID
    id: UUID
    kind: str
    arguments: str
    attempts: int
    correlation_id: UUID
    created_at: dt.datetime

class ClaimableKindsRow(TypedDict):
    kind: str

class RetryJobRow(TypedDict):
    kind: str

class SampleJobsRow(TypedDict):
    kind: str
    state: str
    jobs: int
    oldest_s: float

class SelectJobsRow(TypedDict):
    id: UUID
    kind: str
    arguments: str
    state: Literal["ready", "running", "done", "dead"]
    attempts: int
    run_at: dt.datetime
    lease_until: dt.datetime | None
    error: str | None
    correlation_id: UUID
    created_at: dt.datetime
    finished_at: dt.datetime | None

class SelectJobsOfAllRow(TypedDict):
    tenant_id: UUID
    id: UUID
    kind: str
    arguments: str
    state: Literal["ready", "running", "done", "dead"]
    attempts: int
    run_at: dt.datetime
    lease_until: dt.datetime | None
    error: str | None
    correlation_id: UUID
    created_at: dt.datetime
    finished_at: dt.datetime | None

class TenantsWithoutJobRow(TypedDict):
    tenant_id: UUID

class _Queries:
    @staticmethod
    async def claim_next_job(
        connection: Connection,
        /,
        *,
        kinds: Collection[str],
        most_attempts: Collection[int],
        leases_s: Collection[float],
        token: UUID,
    ) -> ClaimNextJobRow | None: ...
    @staticmethod
    async def claimable_kinds(
        connection: Connection, /, *, kinds: Collection[str]
    ) -> list[ClaimableKindsRow]: ...
    @staticmethod
    async def delete_ended_jobs(connection: Connection, /, *, tenant_id: UUID) -> None: ...
    @staticmethod
    async def extend_lease(
        connection: Connection, /, *, lease_s: float, tenant_id: UUID, id: UUID, token: UUID
    ) -> UUID | None: ...
    @staticmethod
    async def finish_job(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        kind: str,
        keep_s: float,
        id: UUID,
        token: UUID,
    ) -> UUID | None: ...
    @staticmethod
    async def has_open_job(connection: Connection, /, *, tenant_id: UUID, kind: str) -> bool: ...
    @staticmethod
    async def insert_job(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        waits_for: Collection[str],
        id: UUID,
        kind: str,
        arguments: str,
        delay_s: float,
        correlation_id: UUID,
    ) -> UUID | None: ...
    @staticmethod
    async def is_job_running(
        connection: Connection, /, *, tenant_id: UUID, kind: str, arguments: str
    ) -> bool: ...
    @staticmethod
    async def is_tenant_leaving(connection: Connection, /, *, tenant_id: UUID) -> bool: ...
    @staticmethod
    async def note_waiting(connection: Connection, /, *, tenant_id: UUID, work: str) -> None: ...
    @staticmethod
    async def put_back_job(
        connection: Connection,
        /,
        *,
        counts: bool,
        is_last: bool,
        delay_s: float,
        error: str | None,
        tenant_id: UUID,
        id: UUID,
        token: UUID,
    ) -> UUID | None: ...
    @staticmethod
    async def release_job(
        connection: Connection, /, *, tenant_id: UUID, id: UUID, token: UUID
    ) -> None: ...
    @staticmethod
    async def retry_job(
        connection: Connection, /, *, tenant_id: UUID, id: UUID
    ) -> RetryJobRow | None: ...
    @staticmethod
    async def sample_jobs(connection: Connection, /) -> list[SampleJobsRow]: ...
    @staticmethod
    async def select_jobs(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        state: str | None,
        kind: str | None,
        before_at: dt.datetime | None,
        before_id: UUID | None,
        most: int,
    ) -> list[SelectJobsRow]: ...
    @staticmethod
    async def select_jobs_of_all(
        connection: Connection, /, *, states: Collection[str], most: int
    ) -> list[SelectJobsOfAllRow]: ...
    @staticmethod
    async def tenants_without_job(
        connection: Connection, /, *, kind: str, since: dt.datetime, most: int
    ) -> list[TenantsWithoutJobRow]: ...

queries: _Queries
