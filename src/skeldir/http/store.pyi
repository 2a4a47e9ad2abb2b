"""What the statements of the room take and give. `make stubs` writes this."""

from typing import TypedDict

from skeldir.db import Connection

class SelectReadinessRoleRow(TypedDict):
    is_unbound: bool

class SelectReadinessViewsRow(TypedDict):
    name: str

class _Queries:
    @staticmethod
    async def select_readiness_revision(connection: Connection, /) -> str | None: ...
    @staticmethod
    async def select_readiness_role(connection: Connection, /) -> SelectReadinessRoleRow: ...
    @staticmethod
    async def select_readiness_views(
        connection: Connection, /
    ) -> list[SelectReadinessViewsRow]: ...

queries: _Queries
