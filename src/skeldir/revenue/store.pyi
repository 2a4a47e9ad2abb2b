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

class RestoreEntriesRow(TypedDict):
    order_id: str

class ReverseEntriesRow(TypedDict):
    order_id: str

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

class SelectCapturesBetweenRow(TypedDict):
    id: UUID
    occurred_at: dt.datetime
    order_id: str

class SelectDaysKnownAtRow(TypedDict):
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
    amount_cents: Decimal
    entries: int

class SelectDeliveriesOfOrderRow(TypedDict):
    business_key: str
    source: str
    delivery: UUID | None

class SelectDependentsRow(TypedDict):
    order_id: str
    kind: str
    currency: str
    amount_cents: int
    source: str
    occurred_at: dt.datetime

class SelectEntriesOfDeliveriesRow(TypedDict):
    delivery: UUID
    order_id: str
    kind: Literal["capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
    amount_cents: int
    currency: str
    occurred_at: dt.datetime
    is_reversing: bool

class SelectFirstMovementsRow(TypedDict):
    entries_read: int
    last_moment: dt.datetime | None
    last_id: UUID | None
    id: UUID | None
    occurred_at: dt.datetime | None
    order_id: str | None

class SelectFixingCaptureRow(TypedDict):
    business_key: str
    occurred_at: dt.datetime
    journey_key: bytes | None

class SelectFlaggedOrdersRow(TypedDict):
    order_id: str
    currency: str
    state: str

class SelectKeysUnderRow(TypedDict):
    order_id: str
    currency: str
    beginning: str
    business_key: str
    cents: Decimal

class SelectLedgerTotalsRow(TypedDict):
    currency: str
    net_cents: Decimal
    entries: int
    captures: int

class SelectMonthsRow(TypedDict):
    currency: str
    kind: Literal["capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
    month: dt.date
    entries: int
    amount_cents: Decimal

class SelectMovementsOfOrdersRow(TypedDict):
    order_id: str
    currency: str
    kind: Literal["capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
    cents: Decimal
    entries: int
    first_at: dt.datetime

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

class SelectOrderToReverseRow(TypedDict):
    id: UUID
    is_kept: bool

class SelectOrdersThatBeginRow(TypedDict):
    order_id: str

class SelectPageToRestoreRow(TypedDict):
    id: UUID

class SelectPageToReverseRow(TypedDict):
    id: UUID
    is_kept: bool

class SelectRefundsToRestoreRow(TypedDict):
    id: UUID
    order_id: str
    currency: str
    business_key: str
    cents: int

class SelectRenewalTotalsRow(TypedDict):
    currency: str
    net_cents: Decimal
    orders: int

class SelectStandingBetweenRow(TypedDict):
    id: UUID
    business_key: str
    order_id: str
    kind: str
    amount_cents: int
    currency: str
    occurred_at: dt.datetime
    source: str

class SelectStandingOfOrdersRow(TypedDict):
    id: UUID
    business_key: str
    order_id: str
    kind: str
    amount_cents: int
    currency: str
    occurred_at: dt.datetime
    journey_key: bytes | None
    source: str

class SelectStandingOrdersRow(TypedDict):
    order_id: str
    currency: str
    balance_cents: int

class SelectStatesOfOrdersRow(TypedDict):
    order_id: str
    currency: str
    state: Literal[
        "paid", "partially_refunded", "refunded", "over_refunded", "disputed", "awaiting_capture"
    ]
    is_renewal: bool

class SelectTotalsKnownAtRow(TypedDict):
    currency: str
    captured_cents: Decimal
    refunded_cents: Decimal
    disputed_cents: Decimal
    net_cents: Decimal
    orders: int
    last_entry_at: dt.datetime

class SumEntriesRow(TypedDict):
    currency: str
    kind: Literal["capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
    month: dt.date
    entries: int
    amount_cents: Decimal

class _Queries:
    @staticmethod
    async def count_entries_of_days(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_moment: dt.datetime | None,
        end_moment: dt.datetime | None,
        most: int,
    ) -> int: ...
    @staticmethod
    async def delete_renewals(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> None: ...
    @staticmethod
    async def find_delivery_of_entry(
        connection: Connection, /, *, tenant_id: UUID, key: str
    ) -> UUID | None: ...
    @staticmethod
    async def find_end_of_entries(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, until: UUID | None, most: int
    ) -> UUID: ...
    @staticmethod
    async def insert_entries(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        source: str,
        delivery: UUID | None,
        ids: str,
        business_keys: str,
        order_ids: str,
        kinds: str,
        amounts: str,
        currencies: str,
        moments: str,
        journey_keys: str,
        deliveries: str,
        tells_keys: bool,
    ) -> InsertEntriesRow: ...
    @staticmethod
    async def insert_renewals(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> None: ...
    @staticmethod
    async def repeats_entries(
        connection: Connection,
        /,
        *,
        keys: str,
        tenant_id: UUID,
        deliveries: Collection[UUID],
        order_ids: Collection[str],
        until_id: UUID,
    ) -> bool: ...
    @staticmethod
    async def restore_entries(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        new_ids: Collection[UUID],
        cut_cents: Collection[int],
        cut_ids: Collection[UUID],
        first_id: UUID,
        last_id: UUID,
        ids: Collection[UUID],
    ) -> list[RestoreEntriesRow]: ...
    @staticmethod
    async def reverse_entries(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        new_ids: Collection[UUID],
        undoing_id: UUID | None,
        first_id: UUID,
        last_id: UUID,
        ids: Collection[UUID],
    ) -> list[ReverseEntriesRow]: ...
    @staticmethod
    async def select_awaiting_totals(
        connection: Connection, /, *, tenant_id: UUID, without_renewals: bool
    ) -> list[SelectAwaitingTotalsRow]: ...
    @staticmethod
    async def select_balances(
        connection: Connection, /, *, tenant_id: UUID, state: str | None, most: int
    ) -> list[SelectBalancesRow]: ...
    @staticmethod
    async def select_captures_between(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        after_moment: dt.datetime,
        after_id: UUID,
        end_moment: dt.datetime,
        most: int,
    ) -> list[SelectCapturesBetweenRow]: ...
    @staticmethod
    async def select_days_known_at(
        connection: Connection,
        /,
        *,
        offsets_s: Collection[int],
        changes: Collection[dt.datetime],
        tenant_id: UUID,
        moment: dt.datetime,
        first_moment: dt.datetime | None,
        end_moment: dt.datetime | None,
        first_day: dt.date | None,
        end_day: dt.date | None,
        currency: str | None,
        state: str | None,
        after_date: dt.date | None,
        after_currency: str | None,
        after_state: str | None,
        most: int,
    ) -> list[SelectDaysKnownAtRow]: ...
    @staticmethod
    async def select_deliveries_of_order(
        connection: Connection, /, *, tenant_id: UUID, order_id: str, most: int
    ) -> list[SelectDeliveriesOfOrderRow]: ...
    @staticmethod
    async def select_dependents(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        ids: Collection[UUID],
        deliveries: Collection[UUID],
        most: int,
    ) -> list[SelectDependentsRow]: ...
    @staticmethod
    async def select_entries_of_deliveries(
        connection: Connection, /, *, tenant_id: UUID, first_id: UUID, deliveries: Collection[UUID]
    ) -> list[SelectEntriesOfDeliveriesRow]: ...
    @staticmethod
    async def select_first_movements(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_moment: dt.datetime,
        before_moment: dt.datetime,
        before_id: UUID,
        most_read: int,
        currency: str,
        kinds: Collection[str],
        offsets_s: Collection[int],
        changes: Collection[dt.datetime],
        first_day: dt.date,
        last_day: dt.date,
        most: int,
    ) -> list[SelectFirstMovementsRow]: ...
    @staticmethod
    async def select_fixing_capture(
        connection: Connection, /, *, tenant_id: UUID, order_id: str
    ) -> SelectFixingCaptureRow | None: ...
    @staticmethod
    async def select_flagged_orders(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> list[SelectFlaggedOrdersRow]: ...
    @staticmethod
    async def select_keys_under(
        connection: Connection,
        /,
        *,
        order_ids: Collection[str],
        currencies: Collection[str],
        beginnings: Collection[str],
        tenant_id: UUID,
    ) -> list[SelectKeysUnderRow]: ...
    @staticmethod
    async def select_last_entry(connection: Connection, /, *, tenant_id: UUID) -> UUID: ...
    @staticmethod
    async def select_ledger_totals(
        connection: Connection, /, *, tenant_id: UUID, without_renewals: bool
    ) -> list[SelectLedgerTotalsRow]: ...
    @staticmethod
    async def select_months(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectMonthsRow]: ...
    @staticmethod
    async def select_movements_of_orders(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        order_ids: Collection[str],
        currency: str | None,
        offsets_s: Collection[int],
        changes: Collection[dt.datetime],
        first_day: dt.date | None,
        last_day: dt.date | None,
    ) -> list[SelectMovementsOfOrdersRow]: ...
    @staticmethod
    async def select_order_balances(
        connection: Connection, /, *, tenant_id: UUID, order_id: str
    ) -> list[SelectOrderBalancesRow]: ...
    @staticmethod
    async def select_order_entries(
        connection: Connection, /, *, tenant_id: UUID, order_id: str, most: int
    ) -> list[SelectOrderEntriesRow]: ...
    @staticmethod
    async def select_order_to_reverse(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        order_id: str,
        after: UUID,
        until: UUID,
        most: int,
    ) -> list[SelectOrderToReverseRow]: ...
    @staticmethod
    async def select_orders_that_begin(
        connection: Connection, /, *, tenant_id: UUID, beginning: str, after: str, most: int
    ) -> list[SelectOrdersThatBeginRow]: ...
    @staticmethod
    async def select_page_to_restore(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        after: UUID,
        until: UUID,
        undoing_id: UUID,
        most: int,
    ) -> list[SelectPageToRestoreRow]: ...
    @staticmethod
    async def select_page_to_reverse(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        after: UUID,
        until: UUID,
        deliveries: Collection[UUID],
        most: int,
    ) -> list[SelectPageToReverseRow]: ...
    @staticmethod
    async def select_refunds_to_restore(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_id: UUID,
        last_id: UUID,
        ids: Collection[UUID],
    ) -> list[SelectRefundsToRestoreRow]: ...
    @staticmethod
    async def select_renewal_totals(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectRenewalTotalsRow]: ...
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
    async def select_standing_between(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        after_moment: dt.datetime,
        after_id: UUID,
        end_moment: dt.datetime,
        most: int,
    ) -> list[SelectStandingBetweenRow]: ...
    @staticmethod
    async def select_standing_of_orders(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> list[SelectStandingOfOrdersRow]: ...
    @staticmethod
    async def select_standing_orders(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> list[SelectStandingOrdersRow]: ...
    @staticmethod
    async def select_states_of_orders(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> list[SelectStatesOfOrdersRow]: ...
    @staticmethod
    async def select_totals_known_at(
        connection: Connection, /, *, tenant_id: UUID, moment: dt.datetime
    ) -> list[SelectTotalsKnownAtRow]: ...
    @staticmethod
    async def sum_entries(
        connection: Connection, /, *, tenant_id: UUID, ids: Collection[UUID]
    ) -> list[SumEntriesRow]: ...
    @staticmethod
    async def was_taken_back(
        connection: Connection, /, *, tenant_id: UUID, order_id: str
    ) -> bool: ...

queries: _Queries
