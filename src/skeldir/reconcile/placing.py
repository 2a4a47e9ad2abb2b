"""Which platform's campaign a touch names: by the campaign's id or name, and by the touch's source. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from skeldir.attribution import Origin, plain_campaign
from skeldir.spend import BY_NAME, PAID_CHANNELS, KnownCampaign

SOURCES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("google", "google ads", "googleads", "adwords", "youtube"), "google_ads"),
    **dict.fromkeys(("facebook", "fb", "instagram", "ig", "meta", "messenger", "msg"), "meta"),
    **dict.fromkeys(("bing", "microsoft", "msn", "bing ads", "microsoft ads"), "microsoft_ads"),
    **{name: name for name in ("tiktok", "linkedin", "reddit", "pinterest")},
    "amazon": "amazon_dsp",
}
"""Sources of touches that are of one platform, as people write them in links."""


class Placed(NamedTuple):
    """A campaign of a platform; account and campaign are empty if it has several that the touch could mean."""

    platform: str
    account: str
    campaign: str


@dataclass(slots=True)
class Places:
    """Finds the campaign that a touch names, among all that were ever recorded."""

    by_id: dict[str, set[Placed]] = field(default_factory=lambda: defaultdict(set))
    by_name: dict[str, set[Placed]] = field(default_factory=lambda: defaultdict(set))
    channels: set[str] = field(default_factory=set)
    platforms: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, campaigns: Iterable[KnownCampaign]) -> Places:
        """Return the places of these campaigns."""
        places = cls(channels=set(PAID_CHANNELS))
        for one in campaigns:
            placed = Placed(one.platform, one.account, one.campaign)
            places.channels |= set(one.channels)
            places.platforms.add(one.platform)
            if one.campaign.startswith(BY_NAME):
                places.by_name[plain_campaign(one.campaign.removeprefix(BY_NAME))].add(placed)
            else:
                places.by_id[plain_campaign(one.campaign)].add(placed)
            for name in one.names:
                places.by_name[plain_campaign(name)].add(placed)
        return places

    def find(self, origin: Origin) -> set[Placed]:
        """Return the campaign that a touch of this origin names; none, or one of each platform that it could be of.

        A touch counts in channels that are paid for, or that spend was recorded in. Ids go before names, and a source
        that belongs to a platform excludes the others.
        """
        if origin.channel not in self.channels or not origin.campaign:
            return set()
        name = plain_campaign(origin.campaign)
        found = self.by_id.get(name) or self.by_name.get(name) or set()
        source = plain_campaign(origin.source or "")
        of_source = SOURCES.get(source) or (source if source in self.platforms else None)
        by_platform: dict[str, set[Placed]] = defaultdict(set)
        for placed in found:
            if of_source in (None, placed.platform):
                by_platform[placed.platform].add(placed)
        return {
            next(iter(some)) if len(some) == 1 else Placed(platform, "", "")
            for platform, some in by_platform.items()
        }
