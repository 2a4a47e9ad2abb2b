"""What was loaded, every revision of a campaign's days, and which campaigns have spend but no touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import orjson

from skeldir.attribution import plain_campaign
from skeldir.db import plan_for_each_tenant
from skeldir.spend.days import BY_NAME
from skeldir.spend.store import queries
from skeldir.spend.summing import list_campaign_costs

if TYPE_CHECKING:
    from skeldir.db import Connection

PAID_CHANNELS: Final = frozenset(
    {
        "cross_network",
        "paid_shopping",
        "paid_search",
        "paid_social",
        "paid_video",
        "display",
        "paid_other",
    }
)
_SPARE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KnownLoad:
    """A load as it is recorded."""

    id: UUID
    kind: Literal["file", "api", "withdrawal", "rules"]
    source: str
    platforms: Sequence[str]
    time_zone: str | None
    is_incomplete: bool
    rows: int
    totals: Mapping[str, int]
    new: int
    restated: int
    unchanged: int
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class StoredRevision:
    """What was said of a campaign's day, and when."""

    account: str
    day: date
    currency: str
    number: int
    cost_cents: int | None
    claims_millionths: int | None
    claimed_cents: int | None
    channel: str
    rule: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class CampaignSpend:
    """What a campaign cost and claims, by the latest revisions of its days; None for what is not known.

    `touches` are those that name it by its id or its name; 0 means that none does.
    """

    platform: str
    account: str
    campaign: str
    name: str | None
    currency: str
    cost_cents: int | None
    claims_millionths: int | None
    claimed_cents: int | None
    days: int
    touches: int


@dataclass(frozen=True, slots=True)
class MatchReport:
    """Campaigns with their touches, and the touches' campaigns that no spend is known of.

    `matched` and `spent` are the costs by currency: of the campaigns with touches, and of all.
    """

    campaigns: list[CampaignSpend]
    without_spend: list[tuple[str, int]]
    matched: Mapping[str, int]
    spent: Mapping[str, int]


async def list_loads(connection: Connection, tenant_id: UUID, *, most: int = 50) -> list[KnownLoad]:
    """Return what was loaded for the transaction's tenant, the latest first."""
    return [
        KnownLoad(
            row["id"],
            row["kind"],
            row["source"],
            row["platforms"],
            row["time_zone"],
            row["is_incomplete"],
            row["source_rows"],
            orjson.loads(row["totals"]),
            row["new_days"],
            row["restated_days"],
            row["unchanged_days"],
            row["recorded_by"],
            row["recorded_at"],
        )
        for row in await queries.select_loads(connection, tenant_id=tenant_id, most=most)
    ]


async def list_revisions(
    connection: Connection,
    tenant_id: UUID,
    *,
    platform: str,
    campaign: str,
    first: date,
    last: date,
) -> list[StoredRevision]:
    """Return every revision of a campaign's days, which is given as it is stored, by day and number."""
    rows = await queries.select_revisions(
        connection,
        tenant_id=tenant_id,
        platform=platform,
        campaign=campaign,
        first=first,
        last=last,
    )
    return [
        StoredRevision(
            row["account"],
            row["day"],
            row["currency"],
            row["revision"],
            row["cost_cents"],
            row["claims_millionths"],
            row["claimed_cents"],
            row["channel_code"],
            row["channel_rule"],
            row["recorded_at"],
        )
        for row in rows
    ]


async def match_campaigns(
    connection: Connection, tenant_id: UUID, *, first: date, last: date
) -> MatchReport:
    """Compare the campaigns that cost something between two days with the campaigns that touches name.

    A touch names a campaign by its id, or by its name without regard to letter case and white space. Touches count in
    channels that are paid for, or that spend was recorded in; from a day before to a day after, since the days of an ad
    account are of its own time zone.
    """
    rows = await list_campaign_costs(connection, tenant_id, first=first, last=last)
    spent_in = await queries.select_paid_channels(connection, tenant_id=tenant_id)
    await plan_for_each_tenant(connection)
    touches = await queries.count_touches_of_campaigns(
        connection,
        tenant_id=tenant_id,
        first=datetime.combine(first, time(), UTC) - _SPARE,
        end=datetime.combine(last, time(), UTC) + 2 * _SPARE,
        channels=sorted(PAID_CHANNELS | {row["channel_code"] for row in spent_in}),
    )
    counts: dict[str, int] = {}
    for touch in touches:
        plain = plain_campaign(touch["campaign"])
        counts[plain] = counts.get(plain, 0) + touch["touches"]
    campaigns = []
    named: set[str] = set()
    matched: dict[str, int] = {}
    spent: dict[str, int] = {}
    for row in rows:
        names = {
            plain_campaign(row.campaign.removeprefix(BY_NAME)),
            plain_campaign(row.name or ""),
        }
        found = sum(counts.get(name, 0) for name in names if name)
        named |= names
        if row.cost_cents is not None:
            cost, currency = row.cost_cents, row.currency
            spent[currency] = spent.get(currency, 0) + cost
            matched[currency] = matched.get(currency, 0) + (cost if found else 0)
        campaigns.append(
            CampaignSpend(
                row.platform,
                row.account,
                row.campaign,
                row.name,
                row.currency,
                row.cost_cents,
                row.claims_millionths,
                row.claimed_cents,
                row.days,
                found,
            )
        )
    left = [
        (t["campaign"], t["touches"]) for t in touches if plain_campaign(t["campaign"]) not in named
    ]
    return MatchReport(campaigns, left, matched, spent)
