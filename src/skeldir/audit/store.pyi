"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class AuditCountsRow(TypedDict):
    differences: int
    oldest_s: float | None

class BeginAuditRow(TypedDict):
    as_of: dt.datetime
    major: int

class SelectAdCostsRow(TypedDict):
    day: dt.date
    channel_code: str
    currency: str
    cost_cents: Decimal

class SelectAdSpendRow(TypedDict):
    spend_date: dt.date
    channel_code: str
    currency: str
    spend_cents: Decimal

class SelectAllocationDaysRow(TypedDict):
    revenue_date: dt.date
    model_version: str
    currency: str
    ledger_cents: int
    awaiting_capture_cents: int
    allocated_cents: int

class SelectAuditsRow(TypedDict):
    as_of: dt.datetime
    orders: int
    awaiting_orders: int
    differences: int
    checks: list[str]
    digest: str

class SelectChannelDaysRow(TypedDict):
    revenue_date: dt.date
    model_version: str
    channel_code: str
    currency: str
    conversion_ppt: Decimal
    credited_cents: int
    allocations: int
    spend_cents: int

class SelectDefinitionsRow(TypedDict):
    name: str
    found: str

class SelectFunctionsRow(TypedDict):
    name: str
    found: str

class SelectJournalSumsRow(TypedDict):
    revenue_date: dt.date
    model_version: str
    channel_code: str
    currency: str
    conversion_ppt: Decimal
    credited_cents: Decimal
    allocations: Decimal

class SelectLineSumsRow(TypedDict):
    reconciliation_id: UUID
    platform: str
    currency: str
    claimed_cents: Decimal
    verified_cents: Decimal
    ghost_cents: Decimal

class SelectMarkedDaysRow(TypedDict):
    day: dt.date
    has_spend: bool | None
    has_revenue: bool | None

class SelectOfCitusRow(TypedDict):
    name: str

class SelectOwnedByAppUserRow(TypedDict):
    name: str
    found: str

class SelectOwnersRow(TypedDict):
    name: str
    found: str

class SelectPageRow(TypedDict):
    order_id: str
    id: UUID
    business_key: str
    kind: Literal["capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
    amount_cents: int
    currency: str
    occurred_at: dt.datetime
    generation: int
    is_standing: bool
    is_renewal: bool

class SelectReadersRow(TypedDict):
    name: str
    found: str

class SelectRenewalDaysRow(TypedDict):
    revenue_date: dt.date
    model_version: str
    channel_code: str
    currency: str
    conversion_ppt: Decimal
    credited_cents: int
    allocations: int

class SelectRenewalFaultsRow(TypedDict):
    order_id: str
    fault: str

class SelectRenewalJournalRow(TypedDict):
    revenue_date: dt.date
    model_version: str
    channel_code: str
    currency: str
    conversion_ppt: Decimal
    credited_cents: Decimal
    allocations: Decimal

class SelectRevenueDaysRow(TypedDict):
    revenue_date: dt.date
    currency: str
    state: str
    amount_cents: int
    entries: int
    orders: int
    renewal_cents: int
    renewal_entries: int
    renewal_orders: int
    last_entry_at: dt.datetime

class SelectRevenueTotalsRow(TypedDict):
    currency: str
    state: str
    amount_cents: Decimal
    entries: int
    orders: int
    renewal_cents: Decimal
    renewal_entries: int
    renewal_orders: int
    last_entry_at: dt.datetime

class SelectRightsRow(TypedDict):
    name: str
    found: str

class SelectRolesRow(TypedDict):
    name: str
    found: str

class SelectRowSecurityRow(TypedDict):
    name: str
    found: str

class SelectRunSumsRow(TypedDict):
    id: UUID
    reconciliation_id: UUID | None
    platform: str
    currency: str
    claimed_cents: int
    verified_cents: int
    ghost_cents: int

class SelectShownRunsRow(TypedDict):
    run_id: UUID | None
    platform: str | None
    currency: str | None
    claimed_cents: int | None
    verified_cents: int | None
    ghost_cents: int | None

class SelectSpendDaysRow(TypedDict):
    spend_date: dt.date
    channel_code: str
    currency: str
    spend_cents: Decimal

class SelectTriggersRow(TypedDict):
    name: str
    found: str

class SelectViewsRow(TypedDict):
    name: str
    found: str

class _Queries:
    @staticmethod
    async def audit_counts(connection: Connection, /) -> AuditCountsRow: ...
    @staticmethod
    async def begin_audit(connection: Connection, /) -> BeginAuditRow: ...
    @staticmethod
    async def insert_audit(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        as_of: dt.datetime,
        orders: int,
        awaiting_orders: int,
        differences: int,
        checks: Collection[str],
        digest: str,
    ) -> None: ...
    @staticmethod
    async def is_audit_open(connection: Connection, /, *, kind: str) -> bool: ...
    @staticmethod
    async def select_ad_costs(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectAdCostsRow]: ...
    @staticmethod
    async def select_ad_spend(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectAdSpendRow]: ...
    @staticmethod
    async def select_allocation_days(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectAllocationDaysRow]: ...
    @staticmethod
    async def select_audits(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[SelectAuditsRow]: ...
    @staticmethod
    async def select_channel_days(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectChannelDaysRow]: ...
    @staticmethod
    async def select_definitions(connection: Connection, /) -> list[SelectDefinitionsRow]: ...
    @staticmethod
    async def select_functions(connection: Connection, /) -> list[SelectFunctionsRow]: ...
    @staticmethod
    async def select_journal_sums(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectJournalSumsRow]: ...
    @staticmethod
    async def select_line_sums(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectLineSumsRow]: ...
    @staticmethod
    async def select_marked_days(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectMarkedDaysRow]: ...
    @staticmethod
    async def select_of_citus(connection: Connection, /) -> list[SelectOfCitusRow]: ...
    @staticmethod
    async def select_owned_by_app_user(
        connection: Connection, /
    ) -> list[SelectOwnedByAppUserRow]: ...
    @staticmethod
    async def select_owners(connection: Connection, /) -> list[SelectOwnersRow]: ...
    @staticmethod
    async def select_page(
        connection: Connection, /, *, tenant_id: UUID, after: str, until: str
    ) -> list[SelectPageRow]: ...
    @staticmethod
    async def select_page_end(
        connection: Connection, /, *, tenant_id: UUID, after: str, most: int
    ) -> str | None: ...
    @staticmethod
    async def select_readers(connection: Connection, /) -> list[SelectReadersRow]: ...
    @staticmethod
    async def select_renewal_days(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectRenewalDaysRow]: ...
    @staticmethod
    async def select_renewal_faults(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectRenewalFaultsRow]: ...
    @staticmethod
    async def select_renewal_journal(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectRenewalJournalRow]: ...
    @staticmethod
    async def select_revenue_days(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectRevenueDaysRow]: ...
    @staticmethod
    async def select_revenue_totals(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectRevenueTotalsRow]: ...
    @staticmethod
    async def select_rights(connection: Connection, /) -> list[SelectRightsRow]: ...
    @staticmethod
    async def select_roles(connection: Connection, /) -> list[SelectRolesRow]: ...
    @staticmethod
    async def select_row_security(
        connection: Connection, /, *, sub_select: str
    ) -> list[SelectRowSecurityRow]: ...
    @staticmethod
    async def select_run_sums(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectRunSumsRow]: ...
    @staticmethod
    async def select_shown_runs(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectShownRunsRow]: ...
    @staticmethod
    async def select_spend_days(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectSpendDaysRow]: ...
    @staticmethod
    async def select_triggers(connection: Connection, /) -> list[SelectTriggersRow]: ...
    @staticmethod
    async def select_views(connection: Connection, /) -> list[SelectViewsRow]: ...

queries: _Queries
