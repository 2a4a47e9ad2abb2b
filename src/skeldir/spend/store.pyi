"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class CountTouchesOfCampaignsRow(TypedDict):
    campaign: str
    touches: int

class FindSpendSpanRow(TypedDict):
    first_day: dt.date | None
    last_day: dt.date | None

class SelectCampaignsRow(TypedDict):
    platform: str
    account: str
    campaign: str
    currency: str
    name: str | None
    cost_cents: Decimal | None
    claims_millionths: Decimal | None
    claimed_cents: Decimal | None
    days: int

class SelectChannelCostsRow(TypedDict):
    currency: str
    channel_code: str
    cents: Decimal

class SelectClaimedSpansRow(TypedDict):
    platform: str
    account: str
    first_day: dt.date
    last_day: dt.date

class SelectClaimsRow(TypedDict):
    platform: str
    account: str
    campaign: str
    campaign_name: str | None
    day: dt.date
    currency: str
    claim_type: str | None
    claimed_cents: int | None
    attribution_setting: str | None

class SelectDaysOfLoadRow(TypedDict):
    platform: str
    account: str
    campaign: str
    campaign_name: str | None
    day: dt.date
    currency: str
    cost_cents: int | None
    impressions: int | None
    clicks: int | None
    claim_type: str | None
    claims_millionths: int | None
    claimed_cents: int | None
    attribution_setting: str | None
    channel_code: str
    channel_rule: str
    load_id: UUID
    common_channel: str | None
    common_rule: str | None
    kind: Literal["file", "api", "withdrawal", "rules"]
    digest: str

class SelectDaysOfPlatformsRow(TypedDict):
    platform: str
    account: str
    campaign: str
    campaign_name: str | None
    day: dt.date
    currency: str

class SelectGivenChannelsRow(TypedDict):
    platform: str
    account: str
    campaign: str
    channel_code: str

class SelectKnownCampaignsRow(TypedDict):
    platform: str
    account: str
    campaign: str
    name: str | None
    names: list[str]
    channels: list[str]

class SelectLatestRow(TypedDict):
    platform: str
    account: str
    campaign: str
    day: dt.date
    currency: str
    revision: int
    cost_cents: int | None
    impressions: int | None
    clicks: int | None
    claim_type: str | None
    claims_millionths: int | None
    claimed_cents: int | None
    attribution_setting: str | None
    channel_code: str
    channel_rule: str
    campaign_name: str | None
    common_channel: str | None
    common_rule: str | None

class SelectLoadsRow(TypedDict):
    id: UUID
    kind: Literal["file", "api", "withdrawal", "rules"]
    source: str
    platforms: list[str]
    time_zone: str | None
    is_incomplete: bool
    source_rows: int
    totals: str
    new_days: int
    restated_days: int
    unchanged_days: int
    recorded_by: str
    recorded_at: dt.datetime

class SelectPageOfLatestRow(TypedDict):
    platform: str
    account: str
    campaign: str
    campaign_name: str | None
    day: dt.date
    currency: str
    cost_cents: int | None
    impressions: int | None
    clicks: int | None
    claim_type: str | None
    claims_millionths: int | None
    claimed_cents: int | None
    attribution_setting: str | None
    channel_code: str
    channel_rule: str
    common_channel: str | None
    common_rule: str | None

class SelectPaidChannelsRow(TypedDict):
    channel_code: str

class SelectRevisionsRow(TypedDict):
    account: str
    campaign: str
    campaign_name: str | None
    day: dt.date
    currency: str
    revision: int
    cost_cents: int | None
    claim_type: str | None
    claims_millionths: int | None
    claimed_cents: int | None
    attribution_setting: str | None
    channel_code: str
    channel_rule: str
    load_id: UUID
    recorded_at: dt.datetime

class SelectSpendDaysRow(TypedDict):
    platform: str
    channel_code: str
    day: dt.date
    currency: str
    cost_cents: Decimal | None
    campaign_days: int
    unknown_days: int

class SumClaimsRow(TypedDict):
    platform: str
    claim_type: str | None
    attribution_setting: str | None
    currency: str
    claims_millionths: Decimal | None
    claimed_cents: Decimal | None
    known_days: int
    campaign_days: int

class SumClaimsOfChannelsRow(TypedDict):
    currency: str
    channel_code: str
    claimed_cents: Decimal | None
    known_days: int
    unknown_days: int
    read_rows: int

class _Queries:
    @staticmethod
    async def count_touches_of_campaigns(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first: dt.datetime,
        end: dt.datetime,
        channels: Collection[str],
    ) -> list[CountTouchesOfCampaignsRow]: ...
    @staticmethod
    async def find_load(
        connection: Connection, /, *, tenant_id: UUID, load_id: UUID
    ) -> str | None: ...
    @staticmethod
    async def find_spend_span(
        connection: Connection, /, *, tenant_id: UUID
    ) -> FindSpendSpanRow: ...
    @staticmethod
    async def insert_ad_days(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        load_id: UUID,
        ids: Collection[UUID],
        platforms: Collection[str],
        accounts: Collection[str],
        campaigns: Collection[str],
        names: Collection[str | None],
        days: Collection[dt.date],
        currencies: Collection[str],
        revisions: Collection[int],
        costs: Collection[int | None],
        impressions: Collection[int | None],
        clicks: Collection[int | None],
        claim_types: Collection[str | None],
        claims: Collection[int | None],
        claimed: Collection[int | None],
        settings: Collection[str | None],
        channels: Collection[str],
        rules: Collection[str],
        common_channels: Collection[str | None],
        common_rules: Collection[str | None],
    ) -> None: ...
    @staticmethod
    async def insert_load(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        kind: str,
        source: str,
        digest: str,
        platforms: Collection[str],
        time_zone: str | None,
        is_incomplete: bool,
        source_rows: int,
        totals: str,
        new_days: int,
        restated_days: int,
        unchanged_days: int,
        recorded_by: str,
    ) -> None: ...
    @staticmethod
    async def insert_spend(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        ids: Collection[UUID],
        business_keys: Collection[str],
        days: Collection[dt.date],
        channels: Collection[str],
        currencies: Collection[str],
        cents: Collection[int],
    ) -> None: ...
    @staticmethod
    async def select_campaigns(
        connection: Connection, /, *, tenant_id: UUID, first: dt.date, last: dt.date
    ) -> list[SelectCampaignsRow]: ...
    @staticmethod
    async def select_channel_costs(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectChannelCostsRow]: ...
    @staticmethod
    async def select_claimed_spans(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectClaimedSpansRow]: ...
    @staticmethod
    async def select_claims(
        connection: Connection, /, *, tenant_id: UUID, first: dt.date, last: dt.date
    ) -> list[SelectClaimsRow]: ...
    @staticmethod
    async def select_days_of_load(
        connection: Connection, /, *, tenant_id: UUID, load_id: UUID
    ) -> list[SelectDaysOfLoadRow]: ...
    @staticmethod
    async def select_days_of_platforms(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        platforms: Collection[str],
        days: Collection[dt.date],
    ) -> list[SelectDaysOfPlatformsRow]: ...
    @staticmethod
    async def select_given_channels(
        connection: Connection, /, *, tenant_id: UUID, platforms: Collection[str]
    ) -> list[SelectGivenChannelsRow]: ...
    @staticmethod
    async def select_known_campaigns(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectKnownCampaignsRow]: ...
    @staticmethod
    async def select_latest(
        connection: Connection,
        /,
        *,
        platforms: Collection[str],
        accounts: Collection[str],
        campaigns: Collection[str],
        days: Collection[dt.date],
        currencies: Collection[str],
        tenant_id: UUID,
    ) -> list[SelectLatestRow]: ...
    @staticmethod
    async def select_loads(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[SelectLoadsRow]: ...
    @staticmethod
    async def select_page_of_latest(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        platform: str,
        account: str,
        campaign: str,
        day: dt.date,
        currency: str,
        most: int,
    ) -> list[SelectPageOfLatestRow]: ...
    @staticmethod
    async def select_paid_channels(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectPaidChannelsRow]: ...
    @staticmethod
    async def select_revisions(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        platform: str,
        campaign: str,
        first: dt.date,
        last: dt.date,
    ) -> list[SelectRevisionsRow]: ...
    @staticmethod
    async def select_spend_days(
        connection: Connection, /, *, tenant_id: UUID, first: dt.date, last: dt.date
    ) -> list[SelectSpendDaysRow]: ...
    @staticmethod
    async def sum_claims(
        connection: Connection, /, *, tenant_id: UUID, first: dt.date, last: dt.date
    ) -> list[SumClaimsRow]: ...
    @staticmethod
    async def sum_claims_of_channels(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_day: dt.date,
        end_day: dt.date,
        most: int,
    ) -> list[SumClaimsOfChannelsRow]: ...

queries: _Queries
