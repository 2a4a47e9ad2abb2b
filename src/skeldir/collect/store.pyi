"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from typing import TypedDict
from uuid import UUID

from skeldir.db import Connection

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
