"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from typing import TypedDict
from uuid import UUID

from skeldir.db import Connection

class SelectChannelDaysPageRow(TypedDict):
    rows: int
    last_day: dt.date | None
    day: list[dt.date]
    model_version: list[str]
    channel: list[str]
    currency: list[str]
    credited_cents: list[int]
    conversions: list[str]
    spend_cents: list[int]

class SelectClaimsPageRow(TypedDict):
    scanned: int
    rows: int
    last_id: UUID | None
    platform: list[str]
    account: list[str]
    campaign: list[str]
    campaign_name: list[str | None]
    day: list[dt.date]
    currency: list[str]
    revision: list[int]
    cost_cents: list[int | None]
    impressions: list[int | None]
    clicks: list[int | None]
    claim_type: list[str | None]
    conversions: list[str | None]
    claimed_cents: list[int | None]
    attribution_setting: list[str | None]
    channel: list[str]
    channel_rule: list[str]
    recorded_at: list[int]

class SelectDeadEventsPageRow(TypedDict):
    scanned: int
    rows: int
    last_id: UUID | None
    dead_event_id: list[str]
    item_kind: list[str]
    code: list[str]
    detail: list[str]
    cure: list[str]
    origin: list[str]
    item: list[str]
    recorded_at: list[int]

class SelectEntriesPageRow(TypedDict):
    scanned: int
    rows: int
    last_id: UUID | None
    entry_id: list[str]
    idempotency_key: list[str]
    order_id: list[str]
    kind: list[str]
    amount_cents: list[int]
    currency: list[str]
    occurred_at: list[int]
    recorded_at: list[int]
    journey: list[str | None]
    source: list[str]

class SelectOrdersPageRow(TypedDict):
    rows: int
    order_id: list[str]
    currency: list[str]
    state: list[str]
    captured_cents: list[int]
    refunded_cents: list[int]
    disputed_cents: list[int]
    balance_cents: list[int]
    first_entry_at: list[int]
    last_entry_at: list[int]

class SelectSnapshotRow(TypedDict):
    taken_at: dt.datetime
    beyond: int
    in_flight: list[int]
    time_zone: str
    changes: list[dt.datetime] | None
    offsets_s: list[int] | None

class SelectSpendPageRow(TypedDict):
    scanned: int
    rows: int
    last_id: UUID | None
    spend_id: list[str]
    idempotency_key: list[str]
    day: list[dt.date]
    channel: list[str]
    amount_cents: list[int]
    currency: list[str]
    recorded_at: list[int]

class SelectTouchesPageRow(TypedDict):
    scanned: int
    rows: int
    last_id: UUID | None
    touch_id: list[str]
    idempotency_key: list[str]
    occurred_at: list[int]
    recorded_at: list[int]
    journey: list[str | None]
    session_id: list[str | None]
    channel: list[str | None]
    channel_rule: list[str | None]
    source: list[str | None]
    medium: list[str | None]
    campaign: list[str | None]
    referrer_host: list[str | None]
    landing_path: list[str | None]
    click_ids: list[str]

class _Queries:
    @staticmethod
    async def allow_waiting(connection: Connection, /, *, seconds: int) -> str | None: ...
    @staticmethod
    async def find_end_of_orders(
        connection: Connection, /, *, tenant_id: UUID, after: str, most: int
    ) -> str | None: ...
    @staticmethod
    async def select_channel_days_page(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        after: dt.date | None,
        first_day: dt.date | None,
        end_day: dt.date | None,
        most: int,
    ) -> SelectChannelDaysPageRow: ...
    @staticmethod
    async def select_claims_page(
        connection: Connection,
        /,
        *,
        first_day: dt.date | None,
        end_day: dt.date | None,
        beyond: int | None,
        in_flight: Collection[int],
        tenant_id: UUID,
        after: UUID,
        most: int,
    ) -> SelectClaimsPageRow: ...
    @staticmethod
    async def select_dead_events_page(
        connection: Connection,
        /,
        *,
        first_moment: dt.datetime | None,
        end_moment: dt.datetime | None,
        beyond: int | None,
        in_flight: Collection[int],
        tenant_id: UUID,
        after: UUID,
        most: int,
    ) -> SelectDeadEventsPageRow: ...
    @staticmethod
    async def select_entries_page(
        connection: Connection,
        /,
        *,
        first_moment: dt.datetime | None,
        end_moment: dt.datetime | None,
        beyond: int | None,
        in_flight: Collection[int],
        tenant_id: UUID,
        after: UUID,
        most: int,
    ) -> SelectEntriesPageRow: ...
    @staticmethod
    async def select_orders_page(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        after: str,
        until: str,
        first_moment: dt.datetime | None,
        end_moment: dt.datetime | None,
    ) -> SelectOrdersPageRow: ...
    @staticmethod
    async def select_snapshot(
        connection: Connection, /, *, tenant_id: UUID
    ) -> SelectSnapshotRow: ...
    @staticmethod
    async def select_spend_page(
        connection: Connection,
        /,
        *,
        first_day: dt.date | None,
        end_day: dt.date | None,
        beyond: int | None,
        in_flight: Collection[int],
        tenant_id: UUID,
        after: UUID,
        most: int,
    ) -> SelectSpendPageRow: ...
    @staticmethod
    async def select_touches_page(
        connection: Connection,
        /,
        *,
        first_moment: dt.datetime | None,
        end_moment: dt.datetime | None,
        beyond: int | None,
        in_flight: Collection[int],
        tenant_id: UUID,
        after: UUID,
        most: int,
    ) -> SelectTouchesPageRow: ...

queries: _Queries
