"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class CompactSpanRow(TypedDict):
    turn: int

class MarkDaysOfOrdersRow(TypedDict):
    day: dt.date | None

class PreviewTimeZoneRow(TypedDict):
    day: dt.date
    currency: str
    leaving: int
    leaving_cents: Decimal
    leaving_size: Decimal
    coming: int
    coming_cents: Decimal
    coming_size: Decimal

class SelectBoundsOfMomentsRow(TypedDict):
    created_at: dt.datetime
    read_at: dt.datetime

class SelectDaysOfSumsRow(TypedDict):
    day: dt.date

class SelectRevenueBridgeRow(TypedDict):
    currency: str
    state: str
    before_cents: Decimal
    within_cents: Decimal
    within_entries: int
    within_orders: int

class SelectRevenueByDayRow(TypedDict):
    day: dt.date
    currency: str
    states: list[str]
    cents: list[int]
    entries: list[int]
    orders: int
    last_entry_at: dt.datetime

class SelectRevenueDaysRow(TypedDict):
    date: dt.date
    currency: str
    state: Literal[
        "captured",
        "refunded",
        "refund_reversed",
        "disputed",
        "dispute_reversed",
        "awaiting_capture",
        "dispute_awaiting_capture",
    ]
    amount_cents: int
    entries: int

class SelectRevenueOfDaysRow(TypedDict):
    currency: str
    net_cents: Decimal
    awaiting_capture_cents: Decimal

class SelectRevenueTotalsRow(TypedDict):
    currency: str
    captured_cents: Decimal
    refunded_cents: Decimal
    disputed_cents: Decimal
    net_cents: Decimal
    orders: int
    last_entry_at: dt.datetime

class SelectSpanOfRevenueRow(TypedDict):
    first_day: dt.date | None
    last_day: dt.date | None

class SelectSpansToCompactRow(TypedDict):
    began_at: dt.datetime

class SelectTimeZoneAtRow(TypedDict):
    time_zone: str
    changes: list[dt.datetime]
    offsets_s: list[int]

class SelectTimeZonesRow(TypedDict):
    turn: int
    time_zone: str
    changes: list[dt.datetime]
    offsets_s: list[int]
    changed_at: dt.datetime
    changed_by: str

class SelectWaitingSinceRow(TypedDict):
    as_of: dt.datetime
    waiting_since: dt.datetime | None

class TakeDirtyDaysRow(TypedDict):
    day: dt.date
    has_spend: bool
    has_revenue: bool

class TenantsWithDirtyDaysRow(TypedDict):
    tenant_id: UUID

class _Queries:
    @staticmethod
    async def add_credit(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        turn: int,
        basis: str,
        days: str,
        model_versions: str,
        channel_codes: str,
        currencies: str,
        ppts: str,
        cents: str,
        counts: str,
    ) -> None: ...
    @staticmethod
    async def compact_span(
        connection: Connection, /, *, tenant_id: UUID, since: dt.datetime, until: dt.datetime
    ) -> list[CompactSpanRow]: ...
    @staticmethod
    async def count_span(
        connection: Connection, /, *, tenant_id: UUID, since: dt.datetime, until: dt.datetime
    ) -> int: ...
    @staticmethod
    async def delete_allocation_days(
        connection: Connection, /, *, tenant_id: UUID, days: Collection[dt.date]
    ) -> None: ...
    @staticmethod
    async def delete_channel_days(connection: Connection, /, *, tenant_id: UUID) -> None: ...
    @staticmethod
    async def delete_empty_channel_days(
        connection: Connection, /, *, tenant_id: UUID, basis: str, days: Collection[dt.date]
    ) -> None: ...
    @staticmethod
    async def delete_ended_totals(connection: Connection, /, *, tenant_id: UUID) -> None: ...
    @staticmethod
    async def delete_revenue_days(
        connection: Connection, /, *, tenant_id: UUID, days: Collection[dt.date]
    ) -> None: ...
    @staticmethod
    async def delete_revenue_totals(connection: Connection, /, *, tenant_id: UUID) -> None: ...
    @staticmethod
    async def find_end_of_entries(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, until: UUID | None, most: int
    ) -> UUID: ...
    @staticmethod
    async def has_dirty_days(connection: Connection, /) -> bool: ...
    @staticmethod
    async def has_reversals(connection: Connection, /, *, tenant_id: UUID) -> bool: ...
    @staticmethod
    async def insert_allocation_days(
        connection: Connection, /, *, tenant_id: UUID, days: Collection[dt.date]
    ) -> None: ...
    @staticmethod
    async def insert_revenue_days(
        connection: Connection, /, *, tenant_id: UUID, days: Collection[dt.date]
    ) -> None: ...
    @staticmethod
    async def insert_revenue_totals(connection: Connection, /, *, tenant_id: UUID) -> None: ...
    @staticmethod
    async def insert_time_zone(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        turn: int,
        time_zone: str,
        changes: Collection[dt.datetime],
        offsets_s: Collection[int],
        changed_by: str,
    ) -> None: ...
    @staticmethod
    async def mark_days(
        connection: Connection, /, *, tenant_id: UUID, sums: str, days: Collection[dt.date]
    ) -> None: ...
    @staticmethod
    async def mark_days_of_models(connection: Connection, /, *, tenant_id: UUID) -> int: ...
    @staticmethod
    async def mark_days_of_orders(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> list[MarkDaysOfOrdersRow]: ...
    @staticmethod
    async def mark_revenue_days(connection: Connection, /, *, tenant_id: UUID) -> None: ...
    @staticmethod
    async def note_credit_change(connection: Connection, /, *, tenant_id: UUID) -> None: ...
    @staticmethod
    async def note_rollup_change(connection: Connection, /) -> None: ...
    @staticmethod
    async def preview_time_zone(
        connection: Connection,
        /,
        *,
        offsets_s: Collection[int],
        changes: Collection[dt.datetime],
        tenant_id: UUID,
        after: UUID,
        until: UUID,
    ) -> list[PreviewTimeZoneRow]: ...
    @staticmethod
    async def review_waiting(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        rollup_lock: int,
        other_locks: Collection[int],
    ) -> bool | None: ...
    @staticmethod
    async def rollup_lag(connection: Connection, /) -> float | None: ...
    @staticmethod
    async def select_bounds_of_moments(
        connection: Connection, /, *, tenant_id: UUID
    ) -> SelectBoundsOfMomentsRow: ...
    @staticmethod
    async def select_days_of_sums(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectDaysOfSumsRow]: ...
    @staticmethod
    async def select_last_entry(connection: Connection, /, *, tenant_id: UUID) -> UUID: ...
    @staticmethod
    async def select_revenue_bridge(
        connection: Connection, /, *, end_day: dt.date, tenant_id: UUID, first_day: dt.date
    ) -> list[SelectRevenueBridgeRow]: ...
    @staticmethod
    async def select_revenue_by_day(
        connection: Connection,
        /,
        *,
        without_renewals: bool,
        tenant_id: UUID,
        first_day: dt.date,
        end_day: dt.date,
    ) -> list[SelectRevenueByDayRow]: ...
    @staticmethod
    async def select_revenue_days(
        connection: Connection,
        /,
        *,
        without_renewals: bool,
        tenant_id: UUID,
        first_day: dt.date | None,
        after_date: dt.date | None,
        end_day: dt.date | None,
        currency: str | None,
        state: str | None,
        after_currency: str | None,
        after_state: str | None,
        most: int,
    ) -> list[SelectRevenueDaysRow]: ...
    @staticmethod
    async def select_revenue_of_days(
        connection: Connection,
        /,
        *,
        without_renewals: bool,
        tenant_id: UUID,
        first_day: dt.date,
        end_day: dt.date,
    ) -> list[SelectRevenueOfDaysRow]: ...
    @staticmethod
    async def select_revenue_totals(
        connection: Connection, /, *, without_renewals: bool, tenant_id: UUID
    ) -> list[SelectRevenueTotalsRow]: ...
    @staticmethod
    async def select_span_of_revenue(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_day: dt.date | None,
        end_day: dt.date | None,
    ) -> SelectSpanOfRevenueRow: ...
    @staticmethod
    async def select_spans_to_compact(
        connection: Connection,
        /,
        *,
        unit: str,
        tenant_id: UUID,
        since: dt.datetime,
        until: dt.datetime,
    ) -> list[SelectSpansToCompactRow]: ...
    @staticmethod
    async def select_time_zone(connection: Connection, /, *, tenant_id: UUID) -> str: ...
    @staticmethod
    async def select_time_zone_at(
        connection: Connection, /, *, tenant_id: UUID, moment: dt.datetime
    ) -> SelectTimeZoneAtRow | None: ...
    @staticmethod
    async def select_time_zones(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[SelectTimeZonesRow]: ...
    @staticmethod
    async def select_waiting_since(
        connection: Connection, /, *, tenant_id: UUID
    ) -> SelectWaitingSinceRow: ...
    @staticmethod
    async def settle_journal(connection: Connection, /, *, tenant_id: UUID, turn: int) -> None: ...
    @staticmethod
    async def settle_latest_entries(connection: Connection, /, *, tenant_id: UUID) -> None: ...
    @staticmethod
    async def sum_spend(
        connection: Connection, /, *, tenant_id: UUID, days: Collection[dt.date]
    ) -> None: ...
    @staticmethod
    async def take_dirty_days(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[TakeDirtyDaysRow]: ...
    @staticmethod
    async def take_off_credit(
        connection: Connection, /, *, tenant_id: UUID, model_versions: Collection[str], turn: int
    ) -> None: ...
    @staticmethod
    async def tenants_with_dirty_days(
        connection: Connection, /
    ) -> list[TenantsWithDirtyDaysRow]: ...

queries: _Queries
