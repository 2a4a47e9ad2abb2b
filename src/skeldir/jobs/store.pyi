"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

import psycopg

from skeldir.db.pool import Connection

class ClaimJobRow(TypedDict):
    state: Literal["ready", "running", "done", "dead"]
    kind: str
    arguments: str
    attempts: int
    correlation_id: UUID
    created_at: dt.datetime

class ClaimableJobsRow(TypedDict):
    tenant_id: UUID
    id: UUID
    kind: str

class PutMessageRow(TypedDict):
    has_room: bool | None
    told: str | None

class RetryJobRow(TypedDict):
    kind: str

class SampleHeartbeatsRow(TypedDict):
    role: Literal["worker", "beat"]
    seen_s: float

class SampleJobsRow(TypedDict):
    kind: str
    state: str
    jobs: int
    oldest_s: float

class SamplePulsesRow(TypedDict):
    name: str
    age_periods: float

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

class SelectLastHeartbeatsRow(TypedDict):
    role: Literal["worker", "beat"]
    seen_at: dt.datetime
    alive: int

class TakeMessageRow(TypedDict):
    name: str
    payload: str

class TakePulsesRow(TypedDict):
    taken: list[str] | None
    next_s: float | None

class TenantsWithoutJobRow(TypedDict):
    tenant_id: UUID

class _Queries:
    @staticmethod
    async def claim_job(
        connection: Connection,
        /,
        *,
        attempts: int,
        token: UUID,
        lease_s: float,
        tenant_id: UUID,
        id: UUID,
    ) -> ClaimJobRow | None: ...
    @staticmethod
    async def claimable_jobs(
        connection: Connection, /, *, kinds: Collection[str], most: int
    ) -> list[ClaimableJobsRow]: ...
    @staticmethod
    async def count_messages(connection: Connection, /, *, queue: str) -> int: ...
    @staticmethod
    async def delete_ended_jobs(connection: Connection, /, *, tenant_id: UUID) -> None: ...
    @staticmethod
    async def delete_heartbeat(connection: Connection, /, *, process_id: UUID) -> None: ...
    @staticmethod
    async def delete_messages(connection: Connection, /, *, queue: str) -> None: ...
    @staticmethod
    async def delete_old_heartbeats(connection: Connection, /) -> None: ...
    @staticmethod
    async def delete_old_messages(connection: Connection, /) -> None: ...
    @staticmethod
    async def delete_old_results(connection: Connection, /) -> None: ...
    @staticmethod
    async def end_pulse(connection: Connection, /, *, error: str | None, name: str) -> None: ...
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
    async def insert_heartbeat(
        connection: Connection, /, *, process_id: UUID, role: str
    ) -> None: ...
    @staticmethod
    async def insert_job(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        kind: str,
        arguments: str,
        delay_s: float,
        correlation_id: UUID,
    ) -> UUID | None: ...
    @staticmethod
    async def insert_queue(connection: Connection, /, *, queue: str | None) -> None: ...
    @staticmethod
    async def is_job_running(
        connection: Connection, /, *, tenant_id: UUID, kind: str, arguments: str
    ) -> bool: ...
    @staticmethod
    async def is_tenant_leaving(connection: Connection, /, *, tenant_id: UUID) -> bool: ...
    @staticmethod
    async def put_back_job(
        connection: Connection,
        /,
        *,
        is_last: bool,
        delay_s: float,
        error: str | None,
        tenant_id: UUID,
        id: UUID,
        token: UUID,
    ) -> UUID | None: ...
    @staticmethod
    async def put_message(
        connection: Connection, /, *, most_waiting: int, queue: str, payload: str
    ) -> PutMessageRow | None: ...
    @staticmethod
    async def register_pulses(
        connection: Connection, /, *, names: Collection[str], periods: Collection[Decimal | int]
    ) -> None: ...
    @staticmethod
    async def release_job(
        connection: Connection, /, *, tenant_id: UUID, id: UUID, token: UUID
    ) -> None: ...
    @staticmethod
    async def retry_job(
        connection: Connection, /, *, tenant_id: UUID, id: UUID
    ) -> RetryJobRow | None: ...
    @staticmethod
    async def sample_heartbeats(connection: Connection, /) -> list[SampleHeartbeatsRow]: ...
    @staticmethod
    async def sample_jobs(connection: Connection, /) -> list[SampleJobsRow]: ...
    @staticmethod
    async def sample_pulses(connection: Connection, /) -> list[SamplePulsesRow]: ...
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
    async def select_last_heartbeats(
        connection: Connection, /
    ) -> list[SelectLastHeartbeatsRow]: ...
    @staticmethod
    async def take_message(
        connection: Connection, /, *, queues: Collection[str], served_last: str
    ) -> TakeMessageRow | None: ...
    @staticmethod
    async def take_pulses(
        connection: Connection, /, *, names: Collection[str], patience: float
    ) -> TakePulsesRow: ...
    @staticmethod
    async def tenants_without_job(
        connection: Connection, /, *, kind: str, since: dt.datetime, most: int
    ) -> list[TenantsWithoutJobRow]: ...

class _BrokerQueries:
    @staticmethod
    def claim_job(
        connection: psycopg.Connection,
        /,
        *,
        attempts: int,
        token: UUID,
        lease_s: float,
        tenant_id: UUID,
        id: UUID,
    ) -> (
        tuple[Literal["ready", "running", "done", "dead"], str, str, int, UUID, dt.datetime] | None
    ): ...
    @staticmethod
    def claimable_jobs(
        connection: psycopg.Connection, /, *, kinds: Collection[str], most: int
    ) -> list[tuple[UUID, UUID, str]]: ...
    @staticmethod
    def count_messages(connection: psycopg.Connection, /, *, queue: str) -> int: ...
    @staticmethod
    def delete_ended_jobs(connection: psycopg.Connection, /, *, tenant_id: UUID) -> int: ...
    @staticmethod
    def delete_heartbeat(connection: psycopg.Connection, /, *, process_id: UUID) -> int: ...
    @staticmethod
    def delete_messages(connection: psycopg.Connection, /, *, queue: str) -> int: ...
    @staticmethod
    def delete_old_heartbeats(connection: psycopg.Connection, /) -> int: ...
    @staticmethod
    def delete_old_messages(connection: psycopg.Connection, /) -> int: ...
    @staticmethod
    def delete_old_results(connection: psycopg.Connection, /) -> int: ...
    @staticmethod
    def end_pulse(connection: psycopg.Connection, /, *, error: str | None, name: str) -> int: ...
    @staticmethod
    def extend_lease(
        connection: psycopg.Connection, /, *, lease_s: float, tenant_id: UUID, id: UUID, token: UUID
    ) -> UUID | None: ...
    @staticmethod
    def finish_job(
        connection: psycopg.Connection,
        /,
        *,
        tenant_id: UUID,
        kind: str,
        keep_s: float,
        id: UUID,
        token: UUID,
    ) -> UUID | None: ...
    @staticmethod
    def has_open_job(connection: psycopg.Connection, /, *, tenant_id: UUID, kind: str) -> bool: ...
    @staticmethod
    def insert_heartbeat(
        connection: psycopg.Connection, /, *, process_id: UUID, role: str
    ) -> int: ...
    @staticmethod
    def insert_job(
        connection: psycopg.Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        kind: str,
        arguments: str,
        delay_s: float,
        correlation_id: UUID,
    ) -> UUID | None: ...
    @staticmethod
    def insert_queue(connection: psycopg.Connection, /, *, queue: str | None) -> int: ...
    @staticmethod
    def is_job_running(
        connection: psycopg.Connection, /, *, tenant_id: UUID, kind: str, arguments: str
    ) -> bool: ...
    @staticmethod
    def is_tenant_leaving(connection: psycopg.Connection, /, *, tenant_id: UUID) -> bool: ...
    @staticmethod
    def put_back_job(
        connection: psycopg.Connection,
        /,
        *,
        is_last: bool,
        delay_s: float,
        error: str | None,
        tenant_id: UUID,
        id: UUID,
        token: UUID,
    ) -> UUID | None: ...
    @staticmethod
    def put_message(
        connection: psycopg.Connection, /, *, most_waiting: int, queue: str, payload: str
    ) -> tuple[bool | None, str | None] | None: ...
    @staticmethod
    def register_pulses(
        connection: psycopg.Connection,
        /,
        *,
        names: Collection[str],
        periods: Collection[Decimal | int],
    ) -> int: ...
    @staticmethod
    def release_job(
        connection: psycopg.Connection, /, *, tenant_id: UUID, id: UUID, token: UUID
    ) -> int: ...
    @staticmethod
    def retry_job(
        connection: psycopg.Connection, /, *, tenant_id: UUID, id: UUID
    ) -> tuple[str] | None: ...
    @staticmethod
    def sample_heartbeats(
        connection: psycopg.Connection, /
    ) -> list[tuple[Literal["worker", "beat"], float]]: ...
    @staticmethod
    def sample_jobs(connection: psycopg.Connection, /) -> list[tuple[str, str, int, float]]: ...
    @staticmethod
    def sample_pulses(connection: psycopg.Connection, /) -> list[tuple[str, float]]: ...
    @staticmethod
    def select_jobs(
        connection: psycopg.Connection,
        /,
        *,
        tenant_id: UUID,
        state: str | None,
        kind: str | None,
        before_at: dt.datetime | None,
        before_id: UUID | None,
        most: int,
    ) -> list[
        tuple[
            UUID,
            str,
            str,
            Literal["ready", "running", "done", "dead"],
            int,
            dt.datetime,
            dt.datetime | None,
            str | None,
            UUID,
            dt.datetime,
            dt.datetime | None,
        ]
    ]: ...
    @staticmethod
    def select_jobs_of_all(
        connection: psycopg.Connection, /, *, states: Collection[str], most: int
    ) -> list[
        tuple[
            UUID,
            UUID,
            str,
            str,
            Literal["ready", "running", "done", "dead"],
            int,
            dt.datetime,
            dt.datetime | None,
            str | None,
            UUID,
            dt.datetime,
            dt.datetime | None,
        ]
    ]: ...
    @staticmethod
    def select_last_heartbeats(
        connection: psycopg.Connection, /
    ) -> list[tuple[Literal["worker", "beat"], dt.datetime, int]]: ...
    @staticmethod
    def take_message(
        connection: psycopg.Connection, /, *, queues: Collection[str], served_last: str
    ) -> tuple[str, str] | None: ...
    @staticmethod
    def take_pulses(
        connection: psycopg.Connection, /, *, names: Collection[str], patience: float
    ) -> tuple[list[str] | None, float | None]: ...
    @staticmethod
    def tenants_without_job(
        connection: psycopg.Connection, /, *, kind: str, since: dt.datetime, most: int
    ) -> list[tuple[UUID]]: ...

queries: _Queries
broker_queries: _BrokerQueries
