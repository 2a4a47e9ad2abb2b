"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

import psycopg

from skeldir.db import Connection

class ClaimDuePulsesRow(TypedDict):
    claimed: list[str] | None
    next_s: float | None

class PutMessageRow(TypedDict):
    has_room: bool | None
    notified: str | None

class ReceiveMessageRow(TypedDict):
    name: str
    payload: str

class SampleHeartbeatsRow(TypedDict):
    role: Literal["worker", "beat"]
    seen_s: float

class SamplePulsesRow(TypedDict):
    name: str
    age_periods: float

class SelectLastHeartbeatsRow(TypedDict):
    role: Literal["worker", "beat"]
    seen_at: dt.datetime
    alive: int

class _Queries:
    @staticmethod
    async def claim_due_pulses(
        connection: Connection, /, *, names: Collection[str], patience: float
    ) -> ClaimDuePulsesRow: ...
    @staticmethod
    async def count_messages(connection: Connection, /, *, queue: str) -> int: ...
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
    async def insert_heartbeat(
        connection: Connection, /, *, process_id: UUID, role: str
    ) -> None: ...
    @staticmethod
    async def insert_queue(connection: Connection, /, *, queue: str | None) -> None: ...
    @staticmethod
    async def put_message(
        connection: Connection, /, *, most_waiting: int, queue: str, payload: str
    ) -> PutMessageRow | None: ...
    @staticmethod
    async def receive_message(
        connection: Connection, /, *, queues: Collection[str], served_last: str
    ) -> ReceiveMessageRow | None: ...
    @staticmethod
    async def register_pulses(
        connection: Connection, /, *, names: Collection[str], periods: Collection[Decimal | int]
    ) -> None: ...
    @staticmethod
    async def sample_heartbeats(connection: Connection, /) -> list[SampleHeartbeatsRow]: ...
    @staticmethod
    async def sample_pulses(connection: Connection, /) -> list[SamplePulsesRow]: ...
    @staticmethod
    async def select_last_heartbeats(
        connection: Connection, /
    ) -> list[SelectLastHeartbeatsRow]: ...

class _BrokerQueries:
    @staticmethod
    def claim_due_pulses(
        connection: psycopg.Connection, /, *, names: Collection[str], patience: float
    ) -> tuple[list[str] | None, float | None]: ...
    @staticmethod
    def count_messages(connection: psycopg.Connection, /, *, queue: str) -> int: ...
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
    def insert_heartbeat(
        connection: psycopg.Connection, /, *, process_id: UUID, role: str
    ) -> int: ...
    @staticmethod
    def insert_queue(connection: psycopg.Connection, /, *, queue: str | None) -> int: ...
    @staticmethod
    def put_message(
        connection: psycopg.Connection, /, *, most_waiting: int, queue: str, payload: str
    ) -> tuple[bool | None, str | None] | None: ...
    @staticmethod
    def receive_message(
        connection: psycopg.Connection, /, *, queues: Collection[str], served_last: str
    ) -> tuple[str, str] | None: ...
    @staticmethod
    def register_pulses(
        connection: psycopg.Connection,
        /,
        *,
        names: Collection[str],
        periods: Collection[Decimal | int],
    ) -> int: ...
    @staticmethod
    def sample_heartbeats(
        connection: psycopg.Connection, /
    ) -> list[tuple[Literal["worker", "beat"], float]]: ...
    @staticmethod
    def sample_pulses(connection: psycopg.Connection, /) -> list[tuple[str, float]]: ...
    @staticmethod
    def select_last_heartbeats(
        connection: psycopg.Connection, /
    ) -> list[tuple[Literal["worker", "beat"], dt.datetime, int]]: ...

queries: _Queries
broker_queries: _BrokerQueries
