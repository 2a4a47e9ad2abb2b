"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class InsertClaimsRow(TypedDict):
    digest: bytes

class SelectClaimsRow(TypedDict):
    order_id: str
    kind: Literal["completed", "updated", "refunded", "cancelled"]
    protocol: str
    currency: str | None
    total_cents: int | None
    revenue_cents: int | None
    claimed_at: dt.datetime
    captured_cents: int | None

class SelectLandedOrdersRow(TypedDict):
    day: dt.date
    orders: int
    short_lived: int

class SelectLandingsRow(TypedDict):
    day: dt.date
    consent: str
    keeping: str
    landings: int

class _Queries:
    @staticmethod
    async def insert_claims(
        connection: Connection, /, *, tenant_id: UUID, claims: str
    ) -> list[InsertClaimsRow]: ...
    @staticmethod
    async def select_claims(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[SelectClaimsRow]: ...
    @staticmethod
    async def select_landed_orders(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_moment: dt.datetime,
        end_moment: dt.datetime,
        lasting_start: str,
        key_start: str,
        first_day: dt.date,
        end_day: dt.date,
    ) -> list[SelectLandedOrdersRow]: ...
    @staticmethod
    async def select_landings(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_moment: dt.datetime,
        end_moment: dt.datetime,
        key_start: str,
        first_day: dt.date,
        end_day: dt.date,
    ) -> list[SelectLandingsRow]: ...

queries: _Queries
