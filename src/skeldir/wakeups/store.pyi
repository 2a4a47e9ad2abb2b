"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

import psycopg

from skeldir.db import Connection

class PutMessageRow(TypedDict):
    has_room: bool | None
    told: str | None

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

class TakeMessageRow(TypedDict):
    name: str
    payload: str

class TakePulsesRow(TypedDict):
    taken: list[str] | None
    next_s: float | None

class _Queries:
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
    @staticmethod
    async def take_message(
        connection: Connection, /, *, queues: Collection[str], served_last: str
    ) -> TakeMessageRow | None: ...
    @staticmethod
    async def take_pulses(
        connection: Connection, /, *, names: Collection[str], patience: float
    ) -> TakePulsesRow: ...

class _BrokerQueries:
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
    @staticmethod
    def take_message(
        connection: psycopg.Connection, /, *, queues: Collection[str], served_last: str
    ) -> tuple[str, str] | None: ...
    @staticmethod
    def take_pulses(
        connection: psycopg.Connection, /, *, names: Collection[str], patience: float
    ) -> tuple[list[str] | None, float | None]: ...

queries: _Queries
broker_queries: _BrokerQueries
