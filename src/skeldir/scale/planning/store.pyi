"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from typing import TypedDict
from uuid import UUID

from skeldir.db import Connection

class CountFactsRow(TypedDict):
    touches: int
    new_touches: int
    orders: int
    entries: int
    new_entries: int
    first_at: dt.datetime | None

class SelectRelationsRow(TypedDict):
    name: str
    table_bytes: int
    index_bytes: int

class _Queries:
    @staticmethod
    async def count_facts(
        connection: Connection, /, *, tenant_id: UUID, first_id: UUID, since: dt.datetime
    ) -> CountFactsRow: ...
    @staticmethod
    async def has_citus(connection: Connection, /) -> bool: ...
    @staticmethod
    async def select_relations(connection: Connection, /) -> list[SelectRelationsRow]: ...

queries: _Queries
