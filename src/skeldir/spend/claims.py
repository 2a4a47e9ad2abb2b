"""What platforms claim of campaigns' days, and every campaign that was ever recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.errors import ReportTooLarge
from skeldir.spend.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

MOST_CLAIM_ROWS: Final = 50_000
"""The most revisions of campaigns' days that are read to sum claims."""


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


@dataclass(frozen=True, slots=True)
class ChannelClaims:
    """What platforms claim for the campaigns of a channel, in minor units; None if they say nothing of money.

    `unknown_days` counts the campaigns' days of which nothing is known. Claims of several platforms may be of the same
    orders.
    """

    currency: str
    channel: str
    claimed_cents: int | None
    known_days: int
    unknown_days: int


async def sum_claims_of_channels(
    connection: Connection, tenant_id: UUID, *, first_day: date, end_day: date
) -> list[ChannelClaims]:
    """Return what is claimed for `[first_day, end_day)`, days of the ad accounts, by currency and channel.

    Raises:
        ReportTooLarge: the days have more than `MOST_CLAIM_ROWS` revisions.
    """
    rows = await queries.sum_claims_of_channels(
        connection,
        tenant_id=tenant_id,
        first_day=first_day,
        end_day=end_day,
        most=MOST_CLAIM_ROWS + 1,
    )
    if rows and rows[0]["read_rows"] > MOST_CLAIM_ROWS:
        raise ReportTooLarge(
            f"More than {MOST_CLAIM_ROWS:,} days of campaigns have claims or spend.",
            cure="Ask for fewer days at a time.",
        )
    return [
        ChannelClaims(
            row["currency"],
            row["channel_code"],
            None if row["claimed_cents"] is None else int(row["claimed_cents"]),
            row["known_days"],
            row["unknown_days"],
        )
        for row in rows
    ]


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
