"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from skeldir.db.pool import Connection

class InsertEntriesRow(TypedDict):
    entries: int
    business_keys: str | None
    order_ids: str | None

class SelectAwaitingTotalsRow(TypedDict):
    currency: str
    awaiting_cents: Decimal

class SelectBalancesRow(TypedDict):
    order_id: str
    currency: str
    state: str
    captured_cents: int
    refunded_cents: int
    disputed_cents: int
    balance_cents: int
    last_entry_at: dt.datetime

class SelectDailyRevenueRow(TypedDict):
    date: dt.date
    currency: str
    state: str
    amount_cents: int
    entries: int

class SelectEntryDaysRow(TypedDict):
    day: dt.date

class SelectFlaggedOrdersRow(TypedDict):
    order_id: str
    currency: str
    state: str

class SelectLedgerTotalsRow(TypedDict):
    currency: str
    net_cents: Decimal
    entries: int
    captures: int

class SelectRealtimeRevenueRow(TypedDict):
    currency: str
    captured_cents: Decimal
    refunded_cents: Decimal
    disputed_cents: Decimal
    net_cents: Decimal
    orders: int
    last_entry_at: dt.datetime

class _Queries:
    @staticmethod
    async def insert_entries(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        source: str,
        ids: str,
        business_keys: str,
        order_ids: str,
        kinds: str,
        amounts: str,
        currencies: str,
        moments: str,
        journey_keys: str,
        tells_keys: bool,
    ) -> InsertEntriesRow: ...
    @staticmethod
    async def select_awaiting_totals(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectAwaitingTotalsRow]: ...
    @staticmethod
    async def select_balances(
        connection: Connection, /, *, tenant_id: UUID, state: str | None, most: int
    ) -> list[SelectBalancesRow]: ...
    @staticmethod
    async def select_daily_revenue(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_day: dt.date | None,
        after_date: dt.date | None,
        end_day: dt.date | None,
        currency: str | None,
        state: str | None,
        after_currency: str | None,
        after_state: str | None,
        most: int,
    ) -> list[SelectDailyRevenueRow]: ...
    @staticmethod
    async def select_entry_days(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> list[SelectEntryDaysRow]: ...
    @staticmethod
    async def select_flagged_orders(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> list[SelectFlaggedOrdersRow]: ...
    @staticmethod
    async def select_ledger_totals(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectLedgerTotalsRow]: ...
    @staticmethod
    async def select_realtime_revenue(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectRealtimeRevenueRow]: ...
    @staticmethod
    async def select_reused_keys(
        connection: Connection,
        /,
        *,
        business_keys: str,
        order_ids: str,
        kinds: str,
        amounts: str,
        currencies: str,
        moments: str,
        journey_keys: str,
        tenant_id: UUID,
    ) -> str | None: ...

queries: _Queries
