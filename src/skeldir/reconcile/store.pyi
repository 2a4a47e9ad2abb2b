"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class FindReconciliationRow(TypedDict):
    id: UUID
    state: Literal["waiting", "done", "failed"]
    first_day: dt.date
    last_day: dt.date
    platform: str | None
    model_version: str
    time_zone: str | None
    orders: int | None
    left_out_orders: int | None
    unplaced: str
    error: str | None
    requested_by: str
    requested_at: dt.datetime
    ended_at: dt.datetime | None

class SelectLinesRow(TypedDict):
    platform: str
    account: str
    campaign: str
    campaign_name: str | None
    day: dt.date
    currency: str
    claim_type: str | None
    attribution_setting: str | None
    claimed_cents: int | None
    verified_cents: int
    reversed_cents: int
    ghost_cents: int | None
    missed_cents: int | None
    difference_bp: Decimal | None
    timing_cents: int
    reason: Literal[
        "none",
        "unknown",
        "timing",
        "currency",
        "missing_in_ledger",
        "missing_at_platform",
        "amount",
    ]

class SelectOverlapsRow(TypedDict):
    platform: str
    other_platform: str
    currency: str
    orders: int
    captured_cents: int

class SelectReconciliationsRow(TypedDict):
    id: UUID
    state: Literal["waiting", "done", "failed"]
    first_day: dt.date
    last_day: dt.date
    platform: str | None
    model_version: str
    time_zone: str | None
    orders: int | None
    left_out_orders: int | None
    unplaced: str
    error: str | None
    requested_by: str
    requested_at: dt.datetime
    ended_at: dt.datetime | None

class SumStoredLinesRow(TypedDict):
    platform: str
    currency: str
    lines: int
    claimed_cents: Decimal
    verified_cents: Decimal
    reversed_cents: Decimal
    ghost_cents: Decimal
    missed_cents: Decimal
    timing_cents: Decimal
    unknown_lines: int
    unknown_verified_cents: Decimal
    settings: list[str]

class _Queries:
    @staticmethod
    async def end_reconciliation(
        connection: Connection,
        /,
        *,
        time_zone: str | None,
        orders: int | None,
        left_out_orders: int | None,
        unplaced: str,
        tenant_id: UUID,
        id: UUID,
    ) -> UUID | None: ...
    @staticmethod
    async def find_reconciliation(
        connection: Connection, /, *, tenant_id: UUID, id: UUID
    ) -> FindReconciliationRow | None: ...
    @staticmethod
    async def find_waiting(connection: Connection, /, *, tenant_id: UUID) -> UUID | None: ...
    @staticmethod
    async def insert_lines(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        platforms: Collection[str],
        accounts: Collection[str],
        campaigns: Collection[str],
        names: Collection[str | None],
        days: Collection[dt.date],
        currencies: Collection[str],
        claim_types: Collection[str | None],
        settings: Collection[str | None],
        claimed: Collection[int | None],
        verified: Collection[int],
        reversed: Collection[int],
        ghosts: Collection[int | None],
        missed: Collection[int | None],
        differences: Collection[Decimal | int | None],
        timings: Collection[int],
        reasons: Collection[str],
    ) -> None: ...
    @staticmethod
    async def insert_overlaps(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        platforms: Collection[str],
        others: Collection[str],
        currencies: Collection[str],
        orders: Collection[int],
        captured: Collection[int],
    ) -> None: ...
    @staticmethod
    async def insert_reconciliation(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        first_day: dt.date,
        last_day: dt.date,
        platform: str | None,
        model_version: str,
        requested_by: str,
    ) -> UUID | None: ...
    @staticmethod
    async def insert_runs(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        reconciliation_id: UUID | None,
        ids: Collection[UUID],
        platforms: Collection[str],
        currencies: Collection[str],
        states: Collection[str],
        claimed: Collection[int],
        verified: Collection[int],
        ghosts: Collection[int],
    ) -> None: ...
    @staticmethod
    async def note_fault(
        connection: Connection, /, *, is_final: bool, error: str | None, tenant_id: UUID, id: UUID
    ) -> None: ...
    @staticmethod
    async def select_lines(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        after_platform: str,
        after_account: str,
        after_campaign: str,
        after_day: dt.date,
        after_currency: str,
        most: int,
    ) -> list[SelectLinesRow]: ...
    @staticmethod
    async def select_overlaps(
        connection: Connection, /, *, tenant_id: UUID, id: UUID
    ) -> list[SelectOverlapsRow]: ...
    @staticmethod
    async def select_reconciliations(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        before_at: dt.datetime | None,
        before_id: UUID | None,
        most: int,
    ) -> list[SelectReconciliationsRow]: ...
    @staticmethod
    async def sum_stored_lines(
        connection: Connection, /, *, tenant_id: UUID, id: UUID
    ) -> list[SumStoredLinesRow]: ...

queries: _Queries
