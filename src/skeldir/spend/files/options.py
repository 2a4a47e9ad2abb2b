"""What a person says about an export, where the file does not."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from skeldir.errors import InputInvalid
from skeldir.ingest.files import DateOrder, DecimalMark


@dataclass(frozen=True, slots=True)
class Options:
    """Answers to what an export leaves open; `campaigns` and `types` give channels by name or id, and by type."""

    platform: str | None = None
    account: str | None = None
    currency: str | None = None
    decimal_mark: DecimalMark | None = None
    amount_unit: Literal["major", "minor"] | None = None
    date_order: DateOrder | None = None
    time_zone: str | None = None
    channel: str | None = None
    campaigns: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    sheet: str | None = None
    is_whole: bool = False

    def channel_of(
        self, name: str | None, campaign_id: str | None, campaign_type: str | None
    ) -> str | None:
        """Return the channel that was given for a campaign, or None."""
        for text in (campaign_id, name):
            if text is not None and text.casefold() in self.campaigns:
                return self.campaigns[text.casefold()]
        if campaign_type is not None and campaign_type.casefold() in self.types:
            return self.types[campaign_type.casefold()]
        return self.channel


def read_channel_file(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the channels of campaigns and of types from a TOML file with [campaigns] and [types].

    Raises:
        InputInvalid: it cannot be read, or has anything else.
    """
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputInvalid(
            f"{path.name} cannot be read as TOML: {error}.",
            cure='Write lines such as "Brand" = "paid_search" under [campaigns] or [types].',
        ) from error
    found: dict[str, dict[str, str]] = {"campaigns": {}, "types": {}}
    for table, entries in read.items():
        if table not in found or not isinstance(entries, dict):
            raise InputInvalid(
                f"{path.name} has {table!r:.60}, which is not known.",
                cure="Its tables are [campaigns] and [types].",
            )
        for name, channel in entries.items():
            if not isinstance(channel, str):
                raise InputInvalid(
                    f"The channel of {name!r:.60} is not a text.",
                    cure='Write it like "paid_search".',
                )
            found[table][name.casefold()] = channel
    return found["campaigns"], found["types"]
