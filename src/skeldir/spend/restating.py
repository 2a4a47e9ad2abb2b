"""Channels of recorded campaign days, chosen again by the tenant's rules in force: new revisions, page by page."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from skeldir.ingest import OwnRules, rules_in_force
from skeldir.spend.classifying import place_by_rules
from skeldir.spend.days import FIGURES, GIVEN, AdDay, AdKey
from skeldir.spend.recording import Load, common_of, figures_of, record_days, take_locks
from skeldir.spend.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection, Database
    from skeldir.jobs import Job

_AT_ONCE: Final = 5_000
_FIRST: Final = AdKey("", "", "", date.min, "")


class CampaignMove(NamedTuple):
    """A campaign in a currency, its channel now, and the one that days of it get."""

    platform: str
    account: str
    campaign: str
    currency: str
    now: str
    then: str


@dataclass(slots=True)
class SpendMoves:
    """How many campaign days would move, and their cost: (currency, channel now, channel then) to minor units.

    `campaigns` has the days and the cost of each campaign that moves.
    """

    days: int = 0
    cents: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    campaigns: dict[CampaignMove, tuple[int, int]] = field(default_factory=dict)

    def add(self, day: AdDay, channel: str) -> None:
        """Count a day that moves to another channel."""
        cost = day.figures["cost_cents"]
        cents = cost if isinstance(cost, int) else 0
        key = day.key
        move = CampaignMove(
            key.platform, key.account, key.campaign, key.currency, day.channel, channel
        )
        of_campaign = self.campaigns.get(move, (0, 0))
        self.days += 1
        self.cents[key.currency, day.channel, channel] += cents
        self.campaigns[move] = of_campaign[0] + 1, of_campaign[1] + cents


async def preview_spend(
    connection: Connection, tenant_id: UUID, rules: OwnRules | None, *, at_once: int = _AT_ONCE
) -> SpendMoves:
    """Return what `restate_spend` would move if these rules were in force, or none of the tenant's own with None."""
    moves = SpendMoves()
    after: AdKey | None = _FIRST
    while after is not None:
        page, after = await _read_page(connection, tenant_id, after, at_once)
        for day in page:
            then = place_by_rules(day, rules)
            if then.channel != day.channel:
                moves.add(day, then.channel)
    return moves


async def restate_spend(
    database: Database,
    tenant_id: UUID,
    *,
    at_once: int = _AT_ONCE,
    fence: Callable[[Connection], Awaitable[None]] | None = None,
) -> int:
    """Record days whose channel is another by the rules in force as new revisions; return how many.

    A transaction for each page of `at_once` days; each begins with the rules of its moment, so it can be stopped and
    begun again. Channels that somebody chose stay.
    """
    restated = 0
    after: AdKey | None = _FIRST
    while after is not None:
        async with database.tenant(tenant_id) as connection:
            await take_locks(connection, tenant_id)
            page, after = await _read_page(connection, tenant_id, after, at_once)
            rules = await rules_in_force(connection, tenant_id)
            moved = [day for day in page if place_by_rules(day, rules).channel != day.channel]
            if moved:
                source = "rules of channels" + (f", version {rules.version}" if rules else "")
                digest = hashlib.sha256(source.encode()).hexdigest()
                load = Load("rules", source, digest, "skeldir rules", len(moved))
                restated += (await record_days(connection, tenant_id, load, moved)).restated
            if fence is not None:
                await fence(connection)
    return restated


async def restate_for_tenant(database: Database, job: Job) -> None:
    """Restate the spend of the job's tenant."""
    await restate_spend(database, job.tenant_id, fence=job.hold)
    async with database.tenant(job.tenant_id) as connection:
        await job.finish(connection)


async def _read_page(
    connection: Connection, tenant_id: UUID, after: AdKey, most: int
) -> tuple[list[AdDay], AdKey | None]:
    """Return the days of a page whose channel nobody chose, and its last key, None if none follow."""
    rows = await queries.select_page_of_latest(
        connection,
        tenant_id=tenant_id,
        platform=after.platform,
        account=after.account,
        campaign=after.campaign,
        day=after.day,
        currency=after.currency,
        most=most,
    )
    days = []
    for row in rows:
        key = AdKey(row["platform"], row["account"], row["campaign"], row["day"], row["currency"])
        figures = dict(zip(FIGURES, figures_of(row), strict=True))
        common = common_of(row["common_channel"], row["common_rule"])
        day = AdDay(
            key, row["campaign_name"], figures, row["channel_code"], row["channel_rule"], common
        )
        days.append(day)
    last = days[-1].key if len(days) == most else None
    return [day for day in days if day.rule != GIVEN], last
