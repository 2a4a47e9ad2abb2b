"""What campaigns cost, beside the sources or campaigns of the touches that were credited."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

BY_NAME: Final = "name:"
"""Before the name of a campaign whose source has no id."""
MOST_CAMPAIGNS: Final = 10_000

ChannelKey: TypeAlias = tuple[str, str]
"""Currency and channel."""
NamesOfValues: TypeAlias = Mapping[str, Mapping[str | None, Iterable[str]]]
"""By channel and then by source or campaign, the campaigns that its touches name."""


@dataclass(frozen=True, slots=True)
class CampaignCost:
    """What a campaign cost in a channel, and what a touch may call it: its id or a name, as `plain_campaign` has it."""

    key: ChannelKey
    names: frozenset[str]
    cents: int


@dataclass(frozen=True, slots=True)
class SpendOfDays:
    """What channels cost on the days of a report, and what is known of their campaigns."""

    of_channels: Mapping[ChannelKey, int] = field(default_factory=dict)
    campaigns: Sequence[CampaignCost] = ()


def plain_campaign(name: str) -> str:
    """Return a campaign's name or id without regard to letter case and white space."""
    return " ".join(name.casefold().split())


async def read_spend_of_days(
    connection: Connection,
    tenant_id: UUID,
    *,
    version: str,
    days: tuple[date | None, date | None],
    currency: str | None,
    channel: str | None,
    most_channels: int,
) -> SpendOfDays:
    """Return what was spent on half-open days; if there are more than MOST_CAMPAIGNS campaigns, of none of them."""
    spent = await queries.select_channel_spend(
        connection,
        tenant_id=tenant_id,
        version=version,
        first_day=days[0],
        end_day=days[1],
        currency=currency,
        channel=channel,
        most=most_channels,
    )
    if not spent:
        return SpendOfDays()
    rows = await queries.select_campaign_costs(
        connection,
        tenant_id=tenant_id,
        first_day=days[0],
        end_day=days[1],
        currency=currency,
        channel=channel,
        most=MOST_CAMPAIGNS + 1,
    )
    return SpendOfDays(
        {(row["currency"], row["channel_code"]): int(row["spend_cents"]) for row in spent},
        [
            CampaignCost(
                (row["currency"], row["channel_code"]),
                frozenset(
                    plain_campaign(name)
                    for name in (row["campaign"].removeprefix(BY_NAME), *(row["names"] or ()))
                )
                - {""},
                int(row["cost_cents"] or 0),
            )
            for row in (rows if len(rows) <= MOST_CAMPAIGNS else ())
        ],
    )


def spend_of_values(
    spend: SpendOfDays, names: NamesOfValues
) -> dict[ChannelKey, dict[str | None, int]]:
    """Return what the values of each channel cost, as far as a campaign's touches in its channel have one value only.

    What is left of a channel's spend is of campaigns whose touches are not credited, have several values, or are in
    another channel, or was recorded without campaigns. It cannot be divided.
    """
    owners: dict[tuple[str, str], set[str | None]] = defaultdict(set)
    for channel, of_values in names.items():
        for value, campaigns in of_values.items():
            for name in campaigns:
                owners[channel, plain_campaign(name)].add(value)
    found: dict[ChannelKey, dict[str | None, int]] = defaultdict(dict)
    for campaign in spend.campaigns:
        channel = campaign.key[1]
        values: set[str | None] = set()
        for name in campaign.names:
            values |= owners.get((channel, name), set())
        if len(values) == 1:
            (value,) = values
            of_channel = found[campaign.key]
            of_channel[value] = of_channel.get(value, 0) + campaign.cents
    return found
