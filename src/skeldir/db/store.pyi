"""What the statements of the room take and give. `make stubs` writes this."""

from typing import TypedDict
from uuid import UUID

from skeldir.db import Connection

class OpenTenantRow(TypedDict):
    name: str
    journey_secret: bytes
    own_channels: list[str]

class SelectOwnRoleRow(TypedDict):
    name: str
    is_unbound: bool

class _Queries:
    @staticmethod
    async def open_tenant(
        connection: Connection, /, *, tenant_id: UUID, shared_lock: int | None
    ) -> OpenTenantRow | None: ...
    @staticmethod
    async def select_archive_failing(connection: Connection, /) -> float: ...
    @staticmethod
    async def select_longest_lock_wait(connection: Connection, /) -> float: ...
    @staticmethod
    async def select_own_role(connection: Connection, /) -> SelectOwnRoleRow | None: ...

queries: _Queries
