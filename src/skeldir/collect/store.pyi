"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from typing import TypedDict
from uuid import UUID

from skeldir.db import Connection

class InsertClaimsRow(TypedDict):
    digest: bytes

class SelectClaimsRow(TypedDict):
    order_id: str
    protocol: str
    currency: str | None
    total_cents: int | None
    revenue_cents: int | None
    claimed_at: dt.datetime
    captured_cents: int | None

class _Queries:
    @staticmethod
    async def insert_claims(
        connection: Connection, /, *, tenant_id: UUID, claims: str
    ) -> list[InsertClaimsRow]: ...
    @staticmethod
    async def select_claims(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[SelectClaimsRow]: ...

queries: _Queries
