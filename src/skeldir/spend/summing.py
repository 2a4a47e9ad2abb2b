"""What campaigns cost by day and channel, and what platforms claim by kind, over some days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.spend.store import queries

if TYPE_CHECKING:
    from decimal import Decimal

    from skeldir.db import Connection


@dataclass(frozen=True, slots=True)
class SpendOfDay:
    """What the campaigns of a platform in a channel cost on a day; None if no cost of any is known.

    Of `unknown_days` of the `campaign_days` nothing is known.
    """

    platform: str
    channel: str
    day: date
    currency: str
    cost_cents: int | None
    campaign_days: int
    unknown_days: int


@dataclass(frozen=True, slots=True)
class ClaimSum:
    """What a platform claims by one kind of claim and one attribution setting; None for what it does not say.

    The value is known of `known_days` of the `campaign_days`.
    """

    platform: str
    claim_type: str | None
    attribution_setting: str | None
    currency: str
    claims_millionths: int | None
    claimed_cents: int | None
    known_days: int
    campaign_days: int


@dataclass(frozen=True, slots=True)
class CampaignCost:
    """What a campaign cost and claims, by the latest revisions of its days; None for what is not known."""

    platform: str
    account: str
    campaign: str
    name: str | None
    currency: str
    cost_cents: int | None
    claims_millionths: int | None
    claimed_cents: int | None
    days: int


async def list_spend_days(
    connection: Connection, tenant_id: UUID, *, first: date, last: date
) -> list[SpendOfDay]:
    """Return the spend between two days, both included, by currency, day, channel and platform."""
    rows = await queries.select_spend_days(connection, tenant_id=tenant_id, first=first, last=last)
    return [
        SpendOfDay(
            row["platform"],
            row["channel_code"],
            row["day"],
            row["currency"],
            whole(row["cost_cents"]),
            row["campaign_days"],
            row["unknown_days"],
        )
        for row in rows
    ]


async def sum_claims(
    connection: Connection, tenant_id: UUID, *, first: date, last: date
) -> list[ClaimSum]:
    """Return what platforms claim between two days, both included, by currency, platform and kind."""
    rows = await queries.sum_claims(connection, tenant_id=tenant_id, first=first, last=last)
    return [
        ClaimSum(
            row["platform"],
            row["claim_type"],
            row["attribution_setting"],
            row["currency"],
            whole(row["claims_millionths"]),
            whole(row["claimed_cents"]),
            row["known_days"],
            row["campaign_days"],
        )
        for row in rows
    ]


async def list_campaign_costs(
    connection: Connection, tenant_id: UUID, *, first: date, last: date
) -> list[CampaignCost]:
    """Return the campaigns of which anything is recorded between two days, by currency, the dearest first."""
    rows = await queries.select_campaigns(connection, tenant_id=tenant_id, first=first, last=last)
    return [
        CampaignCost(
            row["platform"],
            row["account"],
            row["campaign"],
            row["name"],
            row["currency"],
            whole(row["cost_cents"]),
            whole(row["claims_millionths"]),
            whole(row["claimed_cents"]),
            row["days"],
        )
        for row in rows
    ]


async def find_spend_span(connection: Connection, tenant_id: UUID) -> tuple[date, date] | None:
    """Return the first and the last day of which anything is recorded; None if there is none."""
    row = await queries.find_spend_span(connection, tenant_id=tenant_id)
    if row["first_day"] is None or row["last_day"] is None:
        return None
    return row["first_day"], row["last_day"]


def whole(number: Decimal | None) -> int | None:
    """Return a sum of the database, which has no fraction, as a whole number."""
    return None if number is None else int(number)
