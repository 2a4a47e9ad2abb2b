"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from typing import TypedDict
from uuid import UUID

from skeldir.db import Connection

class OpenTenantRow(TypedDict):
    name: str
    journey_secret: bytes
    own_channels: list[str]
    own_hosts: list[str]
    rules_version: int | None
    rules_document: str | None

class SelectConnectionRoomRow(TypedDict):
    server_limit: int
    role_limit: int
    database_limit: int
    in_use: int

class SelectOwnRoleRow(TypedDict):
    name: str
    is_unbound: bool

class SelectReplayedRow(TypedDict):
    is_in_recovery: bool
    started_at: dt.datetime
    position: int | None
    timeline: int
    cluster: int
    database_oid: int
    role_name: str

class SelectSessionSettingsRow(TypedDict):
    name: str
    setting: str

class SelectWrittenRow(TypedDict):
    position: int
    timeline: int
    cluster: int
    database_oid: int
    role_name: str

class _Queries:
    @staticmethod
    async def open_tenant(
        connection: Connection, /, *, tenant_id: UUID, shared_lock: int | None, own_lock: int | None
    ) -> OpenTenantRow | None: ...
    @staticmethod
    async def select_archive_failing(connection: Connection, /) -> float: ...
    @staticmethod
    async def select_connection_room(connection: Connection, /) -> SelectConnectionRoomRow: ...
    @staticmethod
    async def select_longest_lock_wait(connection: Connection, /) -> float: ...
    @staticmethod
    async def select_own_role(connection: Connection, /) -> SelectOwnRoleRow | None: ...
    @staticmethod
    async def select_replayed(connection: Connection, /) -> SelectReplayedRow | None: ...
    @staticmethod
    async def select_session_settings(
        connection: Connection, /, *, names: Collection[str]
    ) -> list[SelectSessionSettingsRow]: ...
    @staticmethod
    async def select_written(connection: Connection, /) -> SelectWrittenRow | None: ...

queries: _Queries
