"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

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

class SelectEntryDaysRow(TypedDict):
    day: dt.date

class SelectFixingCaptureRow(TypedDict):
    business_key: str
    occurred_at: dt.datetime
    journey_key: bytes | None

class SelectFlaggedOrdersRow(TypedDict):
    order_id: str
    currency: str
    state: str

class SelectLedgerTotalsRow(TypedDict):
    currency: str
    net_cents: Decimal
    entries: int
    captures: int

class SelectMonthsRow(TypedDict):
    kind: Literal["capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
    currency: str
    month: str
    entries: int
    cents: Decimal

class SelectOrderBalancesRow(TypedDict):
    currency: str
    state: Literal[
        "paid", "partially_refunded", "refunded", "over_refunded", "disputed", "awaiting_capture"
    ]
    captured_cents: int
    refunded_cents: int
    disputed_cents: int
    balance_cents: int

class SelectOrderEntriesRow(TypedDict):
    id: UUID
    business_key: str
    kind: Literal["capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
    amount_cents: int
    currency: str
    occurred_at: dt.datetime
    recorded_at: dt.datetime
    source: str

class SelectSumsUnderRow(TypedDict):
    order_id: str
    currency: str
    beginning: str
    cents: Decimal

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
    async def select_entry_days(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> list[SelectEntryDaysRow]: ...
    @staticmethod
    async def select_fixing_capture(
        connection: Connection, /, *, tenant_id: UUID, order_id: str
    ) -> SelectFixingCaptureRow | None: ...
    @staticmethod
    async def select_flagged_orders(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> list[SelectFlaggedOrdersRow]: ...
    @staticmethod
    async def select_ledger_totals(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectLedgerTotalsRow]: ...
    @staticmethod
    async def select_months(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectMonthsRow]: ...
    @staticmethod
    async def select_order_balances(
        connection: Connection, /, *, tenant_id: UUID, order_id: str
    ) -> list[SelectOrderBalancesRow]: ...
    @staticmethod
    async def select_order_entries(
        connection: Connection, /, *, tenant_id: UUID, order_id: str, most: int
    ) -> list[SelectOrderEntriesRow]: ...
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
        is_by_order: bool,
    ) -> str | None: ...
    @staticmethod
    async def select_sums_under(
        connection: Connection,
        /,
        *,
        order_ids: Collection[str],
        currencies: Collection[str],
        beginnings: Collection[str],
        tenant_id: UUID,
    ) -> list[SelectSumsUnderRow]: ...

queries: _Queries
