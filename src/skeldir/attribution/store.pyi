"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class CountCapturesRow(TypedDict):
    place: int
    captures: int

class NumberChannelsRow(TypedDict):
    channel_code: str
    number: int

class SelectActiveModelsRow(TypedDict):
    model_version: str
    model: Literal[
        "first_touch",
        "last_touch",
        "last_non_direct",
        "linear",
        "position_based",
        "time_decay",
        "markov",
        "shapley",
    ]
    version: int
    lookback_days: int
    after_conversion: Literal["keep", "reset"]
    half_life_days: int
    active_since: int
    channels: list[str] | None
    weights: list[int] | None

class SelectCampaignCostsRow(TypedDict):
    currency: str
    channel_code: str
    platform: str
    account: str
    campaign: str
    names: list[str] | None
    cost_cents: Decimal | None

class SelectChangedOrdersRow(TypedDict):
    order_id: str

class SelectChannelFiguresRow(TypedDict):
    currency: str
    channel_code: str
    credited_cents: Decimal
    conversion_ppt: Decimal
    spend_cents: Decimal

class SelectChannelNumbersRow(TypedDict):
    channel_code: str
    number: int

class SelectChannelReportRow(TypedDict):
    models: list[str] | None
    versions: list[str] | None
    awaiting: int
    set_aside: int
    time_zone: str
    period: dt.date | None
    currency: str
    channel: str
    model_versions: list[str]
    credited_cents: list[Decimal]
    conversions: list[str]
    spend_cents: list[Decimal]
    roas: list[str | None]

class SelectChannelSpendRow(TypedDict):
    currency: str
    channel_code: str
    spend_cents: Decimal

class SelectChannelSumsAtRow(TypedDict):
    period: dt.date
    currency: str
    channel: str
    model_versions: list[str]
    credited_cents: list[Decimal]
    conversions: list[str]
    spend_cents: list[Decimal]
    roas: list[str | None]

class SelectChannelSumsOfDaysRow(TypedDict):
    currency: str
    channel_code: str
    model_version: str
    credited_cents: Decimal
    conversion_ppt: Decimal

class SelectChannelTotalsRow(TypedDict):
    currency: str
    channel_code: str
    model: Literal[
        "first_touch",
        "last_touch",
        "last_non_direct",
        "linear",
        "position_based",
        "time_decay",
        "markov",
        "shapley",
    ]
    credited_cents: Decimal
    conversions: Decimal

class SelectConversionsAtRow(TypedDict):
    order_id: str
    occurred_at: dt.datetime
    journey_key: bytes | None

class SelectCreditByDayRow(TypedDict):
    day: dt.date
    currency: str
    model_version: str
    channels: list[str]
    credited_cents: list[Decimal]
    conversion_ppt: list[Decimal]
    spend_cents: list[Decimal]

class SelectCreditOfPeriodsRow(TypedDict):
    period: dt.date
    currency: str
    model_version: str
    credited_cents: Decimal

class SelectCreditStateRow(TypedDict):
    turn: int
    generation: int
    models: str
    touches_forgotten_before: dt.datetime | None
    longest_days: int | None
    has_kept: bool
    has_withdrawals: bool
    numbers: str
    restatements: str
    has_renewals: bool
    time_zone: str | None
    changes: list[dt.datetime] | None
    offsets_s: list[int] | None

class SelectDirtyJourneyRow(TypedDict):
    journey_key: bytes
    first_moment: dt.datetime
    last_moment: dt.datetime
    ids: list[UUID]

class SelectEntriesRow(TypedDict):
    order_id: str
    id: UUID
    business_key: str
    occurred_at: dt.datetime
    kind: Literal["capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
    currency: str
    amount_cents: int
    journey_key: bytes | None

class SelectEntriesAtRow(TypedDict):
    order_id: str
    id: UUID
    business_key: str
    occurred_at: dt.datetime
    kind: Literal["capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
    currency: str
    amount_cents: int
    journey_key: bytes | None

class SelectFieldsOfJourneyRow(TypedDict):
    moments: bytes
    codes: list[str]
    last_moment: dt.datetime
    last_key: str

class SelectIntervalsRow(TypedDict):
    model: Literal[
        "first_touch",
        "last_touch",
        "last_non_direct",
        "linear",
        "position_based",
        "time_decay",
        "markov",
        "shapley",
    ]
    channels: list[str]
    weights: list[int]
    lower_weights: list[int | None]
    upper_weights: list[int | None]

class SelectJourneysAfterRow(TypedDict):
    order_id: str
    converted_at: dt.datetime
    previous_age: int | None
    reach: int
    generation: int
    path: bytes | None
    entries: bytes

class SelectKeptAllocationsRow(TypedDict):
    order_id: str
    generation: int
    model_version: str
    entry_id: UUID
    channel_code: str
    allocated_cents: int
    conversion_ppt: int

class SelectKeptOrdersAfterRow(TypedDict):
    order_id: str

class SelectLastVersionsRow(TypedDict):
    model_version: str
    model: Literal[
        "first_touch",
        "last_touch",
        "last_non_direct",
        "linear",
        "position_based",
        "time_decay",
        "markov",
        "shapley",
    ]
    version: int
    lookback_days: int
    after_conversion: Literal["keep", "reset"]
    half_life_days: int
    active_since: int
    channels: list[str] | None
    weights: list[int] | None
    is_active: bool

class SelectMarkedOrdersRow(TypedDict):
    order_id: str

class SelectMarksRow(TypedDict):
    id: UUID
    order_id: str

class SelectModelChangesRow(TypedDict):
    changed_at: dt.datetime
    changed_by: str
    model: Literal[
        "first_touch",
        "last_touch",
        "last_non_direct",
        "linear",
        "position_based",
        "time_decay",
        "markov",
        "shapley",
    ]
    from_version: str | None
    to_version: str | None
    lookback_days_before: int | None
    after_conversion_before: Literal["keep", "reset"] | None
    half_life_days_before: int | None
    lookback_days_after: int | None
    after_conversion_after: Literal["keep", "reset"] | None
    half_life_days_after: int | None

class SelectModelsInForceRow(TypedDict):
    model: Literal[
        "first_touch",
        "last_touch",
        "last_non_direct",
        "linear",
        "position_based",
        "time_decay",
        "markov",
        "shapley",
    ]
    model_version: str
    lookback_days: int
    after_conversion: Literal["keep", "reset"]
    half_life_days: int
    in_force_since: dt.datetime | None
    changed_by: str | None

class SelectNamedVersionsRow(TypedDict):
    model_version: str
    model: Literal[
        "first_touch",
        "last_touch",
        "last_non_direct",
        "linear",
        "position_based",
        "time_decay",
        "markov",
        "shapley",
    ]
    version: int
    lookback_days: int
    after_conversion: Literal["keep", "reset"]
    half_life_days: int
    active_since: int
    channels: list[str] | None
    weights: list[int] | None

class SelectNewestJourneysRow(TypedDict):
    captures_read: int
    missing: int
    too_long: int
    orders: int
    order_ids: list[str] | None
    converted: bytes | None
    previous_ages: bytes | None
    path_bytes: bytes | None
    entry_bytes: bytes | None
    paths: bytes | None
    entries: bytes | None

class SelectNewestTouchesRow(TypedDict):
    idempotency_key: str
    occurred_at: dt.datetime
    channel_code: str
    channel_rule: str
    source: str | None
    medium: str | None
    campaign: str | None
    referrer_host: str | None
    click_id_kinds: list[str] | None
    correction_id: UUID | None
    reason: str | None
    requested_by: str | None
    requested_at: dt.datetime | None

class SelectOrderStandingRow(TypedDict):
    awaits_credit: bool
    entries: int
    touches_forgotten_before: dt.datetime | None
    reason: Literal["journey_too_long", "order_too_large", "credit_failed"] | None
    detail: str | None
    since: dt.datetime | None

class SelectOrdersAfterRow(TypedDict):
    order_id: str

class SelectOrdersAfterCapturesRow(TypedDict):
    journey_key: bytes
    first_moment: dt.datetime
    last_moment: dt.datetime
    order_id: str | None

class SelectOrdersNearOriginRow(TypedDict):
    order_id: str

class SelectOrdersOfChangesRow(TypedDict):
    cause: Literal["captures", "refunds", "disputes", "taken_back"]
    order_id: str

class SelectOrdersOfDaysRow(TypedDict):
    id: UUID
    occurred_at: dt.datetime
    order_id: str
    is_wanted: bool

class SelectOrdersReachedByTouchesRow(TypedDict):
    journey_key: bytes
    first_moment: dt.datetime
    last_moment: dt.datetime
    order_id: str | None

class SelectOrdersRecordedRow(TypedDict):
    order_id: str

class SelectPageOfJourneyRow(TypedDict):
    moment: dt.datetime | None
    captures: int

class SelectPaymentsOfOrderRow(TypedDict):
    state: Literal[
        "pending",
        "authorized",
        "captured",
        "partially_refunded",
        "refunded",
        "disputed",
        "dispute_lost",
        "voided",
        "awaiting_capture",
    ]
    flags: list[str]
    providers: list[str]
    is_renewal: bool | None
    journey: Literal["token", "derived", "erased"] | None
    waiting: str
    evidence: str

class SelectPreviousConversionsRow(TypedDict):
    order_id: str
    occurred_at: dt.datetime

class SelectReachOfMarksRow(TypedDict):
    lookback_days: int
    resets: bool

class SelectRenewalsRow(TypedDict):
    order_id: str
    is_counted: bool

class SelectSetAsideRow(TypedDict):
    order_id: str

class SelectSetAsideTotalsRow(TypedDict):
    currency: str
    order_ids: list[str]
    orders: int
    cents: Decimal

class SelectSpanOfCreditRow(TypedDict):
    first_day: dt.date | None
    last_day: dt.date | None

class SelectStandingsRow(TypedDict):
    order_id: str
    awaits_credit: bool
    reason: Literal["journey_too_long", "order_too_large", "credit_failed"] | None

class SelectStoredJourneysRow(TypedDict):
    order_id: str
    converted_at: dt.datetime
    previous_age: int | None
    reach: int
    generation: int
    path: bytes | None
    entries: bytes

class SelectStoredOfNoOrderRow(TypedDict):
    order_id: str

class SelectTouchesRow(TypedDict):
    place: int
    moments: bytes
    codes: list[str]

class SelectTouchesAtRow(TypedDict):
    place: int
    moments: bytes
    codes: list[str]

class SelectTouchesOfJourneyRow(TypedDict):
    moments: bytes
    codes: list[str]
    last_moment: dt.datetime
    last_key: str

class SelectTouchesWithFieldsRow(TypedDict):
    place: int
    moments: bytes
    codes: list[str]

class SelectTouchesWithOriginsRow(TypedDict):
    place: int
    moments: bytes
    codes: list[str]

class SelectUndoingsOfChangesRow(TypedDict):
    id: UUID
    target_kind: Literal["import", "order", "delivery", "channels", "correction"]
    target: str
    reason: str
    requested_by: str
    requested_at: dt.datetime

class SelectVersionsRow(TypedDict):
    model: Literal[
        "first_touch",
        "last_touch",
        "last_non_direct",
        "linear",
        "position_based",
        "time_decay",
        "markov",
        "shapley",
    ]
    version: int
    model_version: str
    lookback_days: int
    after_conversion: Literal["keep", "reset"]
    half_life_days: int
    channels: list[str] | None
    weights: list[int] | None

class SelectVersionsAtRow(TypedDict):
    model: str
    model_version: str

class SelectWaitingRow(TypedDict):
    deferred_since: dt.datetime | None
    is_restating: bool

class SelectWithdrawnTouchesRow(TypedDict):
    place: int
    occurred_at: dt.datetime
    channel_code: str
    stands_at: dt.datetime | None
    stands_for: str | None

class SetAsideCountsRow(TypedDict):
    reason: str
    orders: int

class TakeMarksRow(TypedDict):
    order_id: str

class TenantsWithDirtyOrdersRow(TypedDict):
    tenant_id: UUID

class TenantsWithoutCreditJobRow(TypedDict):
    tenant_id: UUID

class _Queries:
    @staticmethod
    async def begin_restatement(
        connection: Connection, /, *, tenant_id: UUID, generation: int
    ) -> int: ...
    @staticmethod
    async def count_captures(
        connection: Connection,
        /,
        *,
        journey_keys: Collection[bytes],
        first_moments: Collection[dt.datetime],
        last_moments: Collection[dt.datetime],
        tenant_id: UUID,
        most: int,
    ) -> list[CountCapturesRow]: ...
    @staticmethod
    async def count_dirty_orders(connection: Connection, /, *, tenant_id: UUID) -> int: ...
    @staticmethod
    async def count_stored_journeys(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> int: ...
    @staticmethod
    async def credit_backlog(connection: Connection, /) -> int: ...
    @staticmethod
    async def credit_lag(connection: Connection, /) -> float | None: ...
    @staticmethod
    async def deactivate_models(
        connection: Connection, /, *, tenant_id: UUID, models: Collection[str]
    ) -> None: ...
    @staticmethod
    async def defer_marks(
        connection: Connection, /, *, tenant_id: UUID, ids: Collection[UUID]
    ) -> None: ...
    @staticmethod
    async def delete_credited_renewals(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> None: ...
    @staticmethod
    async def delete_journeys(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> None: ...
    @staticmethod
    async def delete_kept(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        packed: Collection[str],
        kept: Collection[str],
        model_versions: Collection[str],
    ) -> None: ...
    @staticmethod
    async def insert_credited_renewals(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> None: ...
    @staticmethod
    async def insert_fitted_version(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        model_version: str,
        model: str,
        version: int,
        lookback_days: int,
        half_life_days: int,
        channels: Collection[str] | None,
        weights: Collection[int] | None,
        lower_weights: Collection[int | None] | None,
        upper_weights: Collection[int | None] | None,
    ) -> None: ...
    @staticmethod
    async def insert_kept(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        generation: int,
        order_ids: Collection[str],
        model_versions: Collection[str],
        entry_ids: Collection[UUID],
        channel_codes: Collection[str],
        entry_dates: Collection[dt.date],
        currencies: Collection[str],
        cents: Collection[int],
        parts: Collection[int],
    ) -> None: ...
    @staticmethod
    async def insert_model_changes(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        changed_by: str,
        ids: Collection[UUID],
        models: Collection[str],
        from_versions: Collection[str | None],
        to_versions: Collection[str | None],
    ) -> None: ...
    @staticmethod
    async def mark_all_orders(connection: Connection, /, *, tenant_id: UUID) -> int: ...
    @staticmethod
    async def mark_journeys(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        journey_keys: Collection[bytes],
        first_moments: Collection[dt.datetime],
        last_moments: Collection[dt.datetime],
    ) -> None: ...
    @staticmethod
    async def mark_orders(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> None: ...
    @staticmethod
    async def mark_page_of_journey(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        marked_at: dt.datetime,
        journey_key: bytes,
        first_moment: dt.datetime,
        last_moment: dt.datetime,
    ) -> None: ...
    @staticmethod
    async def mark_rest_of_journey(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        journey_key: bytes,
        page_moment: dt.datetime,
        last_moment: dt.datetime,
        marked_at: dt.datetime,
    ) -> None: ...
    @staticmethod
    async def note_restatement(
        connection: Connection, /, *, tenant_id: UUID, generation: int, after: str | None
    ) -> None: ...
    @staticmethod
    async def number_channels(
        connection: Connection, /, *, tenant_id: UUID, codes: Collection[str]
    ) -> list[NumberChannelsRow]: ...
    @staticmethod
    async def pass_turn(connection: Connection, /, *, tenant_id: UUID) -> int: ...
    @staticmethod
    async def pin_generations(
        connection: Connection,
        /,
        *,
        order_ids: Collection[str],
        generations: Collection[int],
        tenant_id: UUID,
    ) -> None: ...
    @staticmethod
    async def put_fits_in_force(
        connection: Connection,
        /,
        *,
        generation: int,
        tenant_id: UUID,
        model_versions: Collection[str],
    ) -> None: ...
    @staticmethod
    async def put_journeys(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        generation: int,
        paths: bytes,
        entries: bytes,
        order_ids: str,
        converted: str,
        previous_ages: str,
        reaches: str,
        path_starts: str,
        path_ends: str,
        entries_starts: str,
        entries_ends: str,
    ) -> None: ...
    @staticmethod
    async def put_versions_in_force(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        generation: int,
        model_versions: Collection[str],
        models: Collection[str],
        versions: Collection[int],
        lookback_days: Collection[int],
        after_conversions: Collection[str],
        half_life_days: Collection[int],
    ) -> None: ...
    @staticmethod
    async def select_active_models(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectActiveModelsRow]: ...
    @staticmethod
    async def select_campaign_costs(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_day: dt.date | None,
        end_day: dt.date | None,
        currency: str | None,
        channel: str | None,
        most: int,
    ) -> list[SelectCampaignCostsRow]: ...
    @staticmethod
    async def select_changed_orders(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_id: UUID,
        since: dt.datetime,
        until: dt.datetime,
        most: int,
    ) -> list[SelectChangedOrdersRow]: ...
    @staticmethod
    async def select_channel_figures(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        bases: Collection[str],
        version: str,
        first_day: dt.date | None,
        end_day: dt.date | None,
    ) -> list[SelectChannelFiguresRow]: ...
    @staticmethod
    async def select_channel_numbers(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectChannelNumbersRow]: ...
    @staticmethod
    async def select_channel_report(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        models: Collection[str],
        most_counted: int,
        granularity: str,
        bases: Collection[str],
        first_day: dt.date | None,
        after_period: dt.date | None,
        end_day: dt.date | None,
        currency: str | None,
        after_currency: str | None,
        after_channel: str | None,
        most: int,
    ) -> list[SelectChannelReportRow]: ...
    @staticmethod
    async def select_channel_spend(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        version: str,
        first_day: dt.date | None,
        end_day: dt.date | None,
        currency: str | None,
        channel: str | None,
        most: int,
    ) -> list[SelectChannelSpendRow]: ...
    @staticmethod
    async def select_channel_sums_at(
        connection: Connection,
        /,
        *,
        granularity: str,
        shift_months: int,
        shift_days: int,
        moment: dt.datetime | None,
        tenant_id: UUID,
        bases: Collection[str],
        first_day: dt.date | None,
        end_day: dt.date | None,
        border: dt.date | None,
        versions: Collection[str],
        currency: str | None,
        after_period: dt.date | None,
        after_currency: str | None,
        after_channel: str | None,
        most: int,
    ) -> list[SelectChannelSumsAtRow]: ...
    @staticmethod
    async def select_channel_sums_of_days(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        bases: Collection[str],
        first_day: dt.date | None,
        end_day: dt.date | None,
        versions: Collection[str],
        currency: str | None,
        channel: str | None,
        most: int,
    ) -> list[SelectChannelSumsOfDaysRow]: ...
    @staticmethod
    async def select_channel_totals(
        connection: Connection, /, *, tenant_id: UUID, bases: Collection[str]
    ) -> list[SelectChannelTotalsRow]: ...
    @staticmethod
    async def select_conversions_at(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        captures_by: dt.datetime,
        journey_keys: Collection[bytes],
        taken_back_by: dt.datetime,
    ) -> list[SelectConversionsAtRow]: ...
    @staticmethod
    async def select_credit_by_day(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        bases: Collection[str],
        first_day: dt.date,
        end_day: dt.date,
        versions: Collection[str],
    ) -> list[SelectCreditByDayRow]: ...
    @staticmethod
    async def select_credit_of_periods(
        connection: Connection,
        /,
        *,
        granularity: str,
        tenant_id: UUID,
        bases: Collection[str],
        first_day: dt.date | None,
        end_day: dt.date | None,
        versions: Collection[str],
        currency: str | None,
    ) -> list[SelectCreditOfPeriodsRow]: ...
    @staticmethod
    async def select_credit_state(
        connection: Connection, /, *, tenant_id: UUID
    ) -> SelectCreditStateRow: ...
    @staticmethod
    async def select_dirty_journey(
        connection: Connection, /, *, tenant_id: UUID, until: dt.datetime, most: int
    ) -> SelectDirtyJourneyRow | None: ...
    @staticmethod
    async def select_entries(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str], most: int
    ) -> list[SelectEntriesRow]: ...
    @staticmethod
    async def select_entries_at(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        order_ids: Collection[str],
        captures_by: dt.datetime,
        refunds_by: dt.datetime,
        disputes_by: dt.datetime,
        taken_back_by: dt.datetime,
        most: int,
    ) -> list[SelectEntriesAtRow]: ...
    @staticmethod
    async def select_fields_of_journey(
        connection: Connection,
        /,
        *,
        marked_key: str,
        tenant_id: UUID,
        journey_key: bytes,
        first_moment: dt.datetime,
        last_moment: dt.datetime,
        after_key: str,
        most: int,
    ) -> SelectFieldsOfJourneyRow | None: ...
    @staticmethod
    async def select_generation(connection: Connection, /, *, tenant_id: UUID) -> int: ...
    @staticmethod
    async def select_intervals(
        connection: Connection, /, *, tenant_id: UUID, model_versions: Collection[str]
    ) -> list[SelectIntervalsRow]: ...
    @staticmethod
    async def select_journeys_after(
        connection: Connection, /, *, longest: int, tenant_id: UUID, after: str, most: int
    ) -> list[SelectJourneysAfterRow]: ...
    @staticmethod
    async def select_kept_allocations(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str], most: int
    ) -> list[SelectKeptAllocationsRow]: ...
    @staticmethod
    async def select_kept_orders_after(
        connection: Connection, /, *, tenant_id: UUID, after: str, most: int
    ) -> list[SelectKeptOrdersAfterRow]: ...
    @staticmethod
    async def select_last_versions(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectLastVersionsRow]: ...
    @staticmethod
    async def select_marked_orders(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectMarkedOrdersRow]: ...
    @staticmethod
    async def select_marks(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, is_deferred: bool, most: int
    ) -> list[SelectMarksRow]: ...
    @staticmethod
    async def select_model_changes(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        since: dt.datetime | None,
        until: dt.datetime | None,
        most: int,
    ) -> list[SelectModelChangesRow]: ...
    @staticmethod
    async def select_models_in_force(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectModelsInForceRow]: ...
    @staticmethod
    async def select_named_versions(
        connection: Connection, /, *, tenant_id: UUID, model_versions: Collection[str]
    ) -> list[SelectNamedVersionsRow]: ...
    @staticmethod
    async def select_newest_journeys(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_moment: dt.datetime,
        end_moment: dt.datetime,
        most_read: int,
        longest: int,
        most: int,
        with_ids: bool,
    ) -> SelectNewestJourneysRow: ...
    @staticmethod
    async def select_newest_touches(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        journey_key: bytes,
        first_moment: dt.datetime,
        last_moment: dt.datetime,
        most: int,
    ) -> list[SelectNewestTouchesRow]: ...
    @staticmethod
    async def select_order_standing(
        connection: Connection, /, *, tenant_id: UUID, order_id: str
    ) -> SelectOrderStandingRow: ...
    @staticmethod
    async def select_orders_after(
        connection: Connection, /, *, tenant_id: UUID, after: str, most: int
    ) -> list[SelectOrdersAfterRow]: ...
    @staticmethod
    async def select_orders_after_captures(
        connection: Connection,
        /,
        *,
        lookback_days: int,
        tenant_id: UUID,
        order_ids: Collection[str],
        most: int,
    ) -> list[SelectOrdersAfterCapturesRow]: ...
    @staticmethod
    async def select_orders_near_origin(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        most_of_each: int,
        channel: str,
        source: str | None,
        campaign: str | None,
        order_ids: Collection[str],
    ) -> list[SelectOrdersNearOriginRow]: ...
    @staticmethod
    async def select_orders_of_changes(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_id: UUID,
        since: dt.datetime,
        until: dt.datetime,
        most: int,
    ) -> list[SelectOrdersOfChangesRow]: ...
    @staticmethod
    async def select_orders_of_days(
        connection: Connection,
        /,
        *,
        first_day: dt.date | None,
        end_day: dt.date | None,
        tenant_id: UUID,
        without_renewals: bool,
        after_moment: dt.datetime | None,
        after_id: UUID,
        end_moment: dt.datetime | None,
        most: int,
    ) -> list[SelectOrdersOfDaysRow]: ...
    @staticmethod
    async def select_orders_reached_by_touches(
        connection: Connection,
        /,
        *,
        default_days: int | None,
        tenant_id: UUID,
        journey_keys: Collection[bytes],
        moments: Collection[dt.datetime],
        most: int,
    ) -> list[SelectOrdersReachedByTouchesRow]: ...
    @staticmethod
    async def select_orders_recorded(
        connection: Connection, /, *, tenant_id: UUID, until: dt.datetime, most: int
    ) -> list[SelectOrdersRecordedRow]: ...
    @staticmethod
    async def select_page_of_journey(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        journey_key: bytes,
        first_moment: dt.datetime,
        last_moment: dt.datetime,
        most: int,
    ) -> SelectPageOfJourneyRow: ...
    @staticmethod
    async def select_payments_of_order(
        connection: Connection, /, *, tenant_id: UUID, order_id: str, most: int
    ) -> list[SelectPaymentsOfOrderRow]: ...
    @staticmethod
    async def select_previous_conversions(
        connection: Connection,
        /,
        *,
        journey_keys: Collection[bytes],
        first_moments: Collection[dt.datetime],
        last_moments: Collection[dt.datetime],
        tenant_id: UUID,
        order_ids: Collection[str],
    ) -> list[SelectPreviousConversionsRow]: ...
    @staticmethod
    async def select_reach_of_marks(
        connection: Connection, /, *, tenant_id: UUID
    ) -> SelectReachOfMarksRow: ...
    @staticmethod
    async def select_renewals(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> list[SelectRenewalsRow]: ...
    @staticmethod
    async def select_session_role(connection: Connection, /) -> str: ...
    @staticmethod
    async def select_set_aside(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectSetAsideRow]: ...
    @staticmethod
    async def select_set_aside_totals(
        connection: Connection, /, *, without_renewals: bool, tenant_id: UUID
    ) -> list[SelectSetAsideTotalsRow]: ...
    @staticmethod
    async def select_span_of_credit(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_day: dt.date | None,
        end_day: dt.date | None,
    ) -> SelectSpanOfCreditRow: ...
    @staticmethod
    async def select_standings(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> list[SelectStandingsRow]: ...
    @staticmethod
    async def select_stored_journeys(
        connection: Connection, /, *, longest: int, tenant_id: UUID, order_ids: Collection[str]
    ) -> list[SelectStoredJourneysRow]: ...
    @staticmethod
    async def select_stored_of_no_order(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[SelectStoredOfNoOrderRow]: ...
    @staticmethod
    async def select_touches(
        connection: Connection,
        /,
        *,
        journey_keys: Collection[bytes],
        first_moments: Collection[dt.datetime],
        last_moments: Collection[dt.datetime],
        tenant_id: UUID,
        most_of_each: int,
    ) -> list[SelectTouchesRow]: ...
    @staticmethod
    async def select_touches_at(
        connection: Connection,
        /,
        *,
        journey_keys: Collection[bytes],
        first_moments: Collection[dt.datetime],
        last_moments: Collection[dt.datetime],
        tenant_id: UUID,
        restated_by: dt.datetime,
        corrected_by: dt.datetime,
        touches_by: dt.datetime,
        taken_back_by: dt.datetime,
        most_of_each: int,
    ) -> list[SelectTouchesAtRow]: ...
    @staticmethod
    async def select_touches_of_journey(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        journey_key: bytes,
        first_moment: dt.datetime,
        last_moment: dt.datetime,
        after_key: str,
        most: int,
    ) -> SelectTouchesOfJourneyRow | None: ...
    @staticmethod
    async def select_touches_with_fields(
        connection: Connection,
        /,
        *,
        journey_keys: Collection[bytes],
        first_moments: Collection[dt.datetime],
        last_moments: Collection[dt.datetime],
        marked_key: str,
        tenant_id: UUID,
        most_of_each: int,
    ) -> list[SelectTouchesWithFieldsRow]: ...
    @staticmethod
    async def select_touches_with_origins(
        connection: Connection,
        /,
        *,
        journey_keys: Collection[bytes],
        first_moments: Collection[dt.datetime],
        last_moments: Collection[dt.datetime],
        tenant_id: UUID,
        most_of_each: int,
    ) -> list[SelectTouchesWithOriginsRow]: ...
    @staticmethod
    async def select_undoings_of_changes(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        until: dt.datetime,
        since: dt.datetime,
        most: int,
    ) -> list[SelectUndoingsOfChangesRow]: ...
    @staticmethod
    async def select_versions(
        connection: Connection, /, *, tenant_id: UUID, models: Collection[str]
    ) -> list[SelectVersionsRow]: ...
    @staticmethod
    async def select_versions_at(
        connection: Connection,
        /,
        *,
        moment: dt.datetime | None,
        models: Collection[str],
        tenant_id: UUID,
    ) -> list[SelectVersionsAtRow]: ...
    @staticmethod
    async def select_waiting(connection: Connection, /, *, tenant_id: UUID) -> SelectWaitingRow: ...
    @staticmethod
    async def select_withdrawn_touches(
        connection: Connection,
        /,
        *,
        journey_keys: Collection[bytes],
        tenant_id: UUID,
        before: dt.datetime,
        most_of_each: int,
    ) -> list[SelectWithdrawnTouchesRow]: ...
    @staticmethod
    async def set_aside_counts(connection: Connection, /) -> list[SetAsideCountsRow]: ...
    @staticmethod
    async def set_orders_aside(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        order_ids: Collection[str],
        reasons: Collection[str],
        details: Collection[str],
    ) -> None: ...
    @staticmethod
    async def take_dirty_journey(
        connection: Connection, /, *, tenant_id: UUID, ids: Collection[UUID]
    ) -> dt.datetime | None: ...
    @staticmethod
    async def take_marks(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        ids: Collection[UUID],
        credited: Collection[str],
    ) -> list[TakeMarksRow]: ...
    @staticmethod
    async def take_turn(connection: Connection, /, *, tenant_id: UUID, seen: int) -> int | None: ...
    @staticmethod
    async def tenants_with_dirty_orders(
        connection: Connection, /
    ) -> list[TenantsWithDirtyOrdersRow]: ...
    @staticmethod
    async def tenants_without_credit_job(
        connection: Connection, /, *, kind: str, dead_since: dt.datetime, most: int
    ) -> list[TenantsWithoutCreditJobRow]: ...

queries: _Queries
