"""The names of channels that people read: of common channels in the page's language, of a tenant's own its label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skeldir.ingest import COMMON_CHANNELS, list_channels

if TYPE_CHECKING:
    from skeldir.web.phrases import Phrases
    from skeldir.web.reports import Report


@dataclass(frozen=True, slots=True)
class ChannelNames:
    """Names by code, of the common channels and the tenant's `own`."""

    say: Phrases
    own: Mapping[str, str]

    def __call__(self, code: str) -> str:
        """Return the name of a channel; the code itself for one that was removed from the tenant's own."""
        return self.say(f"channel.{code}") if code in COMMON_CHANNELS else self.own.get(code, code)

    def codes(self) -> set[str]:
        """Return the codes of all channels."""
        return {*COMMON_CHANNELS, *self.own}


async def read_channel_names(report: Report) -> ChannelNames:
    """Return the names of the channels of a report's tenant."""
    own = await list_channels(report.page.connection, report.page.profile.tenant_id)
    return ChannelNames(report.say, own)
