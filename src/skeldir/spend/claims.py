"""What platforms claim of campaigns' days, and every campaign that was ever recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.spend.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


@dataclass(frozen=True, slots=True)
class ClaimedDay:
    """The latest that a platform said of a campaign's day, in minor units; None for what it does not say."""

    platform: str
    account: str
    campaign: str
    name: str | None
    day: date
    currency: str
    claim_type: str | None
    claimed_cents: int | None
    attribution_setting: str | None


@dataclass(frozen=True, slots=True)
class KnownCampaign:
    """A campaign, its latest name if one is known, all names that it ever had, and the channels of its spend."""

    platform: str
    account: str
    campaign: str
    name: str | None
    names: Sequence[str]
    channels: Sequence[str]


async def list_claims(
    connection: Connection, tenant_id: UUID, *, first: date, last: date
) -> list[ClaimedDay]:
    """Return what is recorded of all campaigns' days between two days, both included."""
    rows = await queries.select_claims(connection, tenant_id=tenant_id, first=first, last=last)
    return [
        ClaimedDay(
            row["platform"],
            row["account"],
            row["campaign"],
            row["campaign_name"],
            row["day"],
            row["currency"],
            row["claim_type"],
            row["claimed_cents"],
            row["attribution_setting"],
        )
        for row in rows
    ]


async def list_campaigns(connection: Connection, tenant_id: UUID) -> list[KnownCampaign]:
    """Return every campaign of the transaction's tenant."""
    return [
        KnownCampaign(
            row["platform"],
            row["account"],
            row["campaign"],
            row["name"],
            row["names"],
            row["channels"],
        )
        for row in await queries.select_known_campaigns(connection, tenant_id=tenant_id)
    ]


async def list_claimed_spans(
    connection: Connection, tenant_id: UUID
) -> dict[tuple[str, str], tuple[date, date]]:
    """Return by platform and ad account the first and the last day of which a claimed value is known."""
    rows = await queries.select_claimed_spans(connection, tenant_id=tenant_id)
    return {(row["platform"], row["account"]): (row["first_day"], row["last_day"]) for row in rows}
