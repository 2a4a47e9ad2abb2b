"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from skeldir.db import Connection

class SelectKnownRatesRow(TypedDict):
    place: int
    rate: Decimal | None
    revision: int | None
    rate_before: Decimal | None

class SelectRatesRow(TypedDict):
    source: str
    base: str
    quote: str
    day: dt.date
    revision: int
    rate: Decimal
    reason: str
    recorded_by: str
    recorded_at: dt.datetime

class SelectRatesOfDaysRow(TypedDict):
    quote: str
    day: dt.date
    rate: Decimal
    revision: int

class SelectSourcesRow(TypedDict):
    source: str
    base: str

class _Queries:
    @staticmethod
    async def insert_rates(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        source: str,
        base: str,
        reason: str,
        recorded_by: str,
        ids: Collection[UUID],
        quotes: Collection[str],
        days: Collection[dt.date],
        revisions: Collection[int],
        rates: Collection[Decimal | int],
    ) -> None: ...
    @staticmethod
    async def select_known_rates(
        connection: Connection,
        /,
        *,
        quotes: Collection[str],
        days: Collection[dt.date],
        tenant_id: UUID,
        source: str,
    ) -> list[SelectKnownRatesRow]: ...
    @staticmethod
    async def select_rates(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_day: dt.date | None,
        end_day: dt.date | None,
        source: str | None,
        quote: str | None,
        after_source: str | None,
        after_quote: str | None,
        after_day: dt.date | None,
        after_revision: int | None,
        has_all: bool,
        most: int,
    ) -> list[SelectRatesRow]: ...
    @staticmethod
    async def select_rates_of_days(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        source: str,
        quotes: Collection[str],
        first_day: dt.date,
        last_day: dt.date,
    ) -> list[SelectRatesOfDaysRow]: ...
    @staticmethod
    async def select_sources(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectSourcesRow]: ...

queries: _Queries
