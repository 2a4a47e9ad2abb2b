"""What the statements of the room take and give. `make stubs` writes this."""

from typing import TypedDict
from uuid import UUID

from skeldir.db import Connection

class CountReadableRowsRow(TypedDict):
    relation: str
    rows: int
    foreign_rows: int

class CountVisibleRowsRow(TypedDict):
    relation: str
    rows: int
    foreign_rows: int

class _Queries:
    @staticmethod
    async def count_readable_rows(
        connection: Connection, /, *, other: UUID
    ) -> list[CountReadableRowsRow]: ...
    @staticmethod
    async def count_visible_rows(
        connection: Connection, /, *, other: UUID
    ) -> list[CountVisibleRowsRow]: ...
    @staticmethod
    async def may_read_views(connection: Connection, /) -> bool | None: ...

queries: _Queries
