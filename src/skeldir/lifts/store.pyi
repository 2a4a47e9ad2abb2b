"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class InsertLiftTestsRow(TypedDict):
    revision: int

class SelectCreditOfChannelsRow(TypedDict):
    place: int
    model_version: str
    credited_cents: int
    conversion_ppt: Decimal

class SelectLiftTestsRow(TypedDict):
    experiment: str
    channel_code: str
    measure: Literal["conversions", "value"]
    currency: str
    revision: int
    first_day: dt.date
    last_day: dt.date
    incremental: int
    lower_end: int
    upper_end: int
    level_percent: int
    source: str
    recorded_at: dt.datetime
    recorded_by: str

class _Queries:
    @staticmethod
    async def insert_lift_tests(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        source: str,
        recorded_by: str,
        experiments: Collection[str],
        channels: Collection[str],
        measures: Collection[str],
        currencies: Collection[str],
        revisions: Collection[int],
        first_days: Collection[dt.date],
        last_days: Collection[dt.date],
        incrementals: Collection[int],
        lower_ends: Collection[int],
        upper_ends: Collection[int],
        levels: Collection[int],
    ) -> list[InsertLiftTestsRow]: ...
    @staticmethod
    async def select_credit_of_channels(
        connection: Connection,
        /,
        *,
        channels: Collection[str],
        first_days: Collection[dt.date],
        last_days: Collection[dt.date],
        currencies: Collection[str],
        tenant_id: UUID,
    ) -> list[SelectCreditOfChannelsRow]: ...
    @staticmethod
    async def select_lift_tests(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        experiments: Collection[str] | None,
        most: int,
    ) -> list[SelectLiftTestsRow]: ...

queries: _Queries
