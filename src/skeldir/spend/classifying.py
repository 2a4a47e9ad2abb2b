"""The channel of a campaign: by the rules that touches follow, seen as a visit from the platform. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any, Final

from skeldir.ingest import OwnRules, choose_channel
from skeldir.spend.days import GIVEN, AdDay

_SIGNS: Final = re.compile(r"[\W_]+")
PLATFORM_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Platform:
    """A known platform: its name for people, and what its campaigns are to the rules of channels."""

    code: str
    label: str
    source: str
    medium: str
    types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placement:
    """A campaign's channel and the rule that chose it; `is_type_unknown`: its type is none that is known."""

    channel: str
    rule: str
    is_type_unknown: bool = False


def _read() -> dict[str, Platform]:
    text = resources.files("skeldir.spend").joinpath("platforms.toml").read_text(encoding="utf-8")
    rows: dict[str, dict[str, Any]] = tomllib.loads(text)
    return {code: Platform(code=code, **row) for code, row in rows.items()}


PLATFORMS: Final[Mapping[str, Platform]] = _read()


def place_campaign(
    platform: str, name: str | None, campaign_type: str | None = None
) -> Placement | None:
    """Return the channel of a campaign of a known platform; None if the platform is not known."""
    known = PLATFORMS.get(platform)
    if known is None:
        return None
    plain = _SIGNS.sub(" ", (campaign_type or "").casefold()).strip()
    hints = known.types.get(plain)
    seen = {"source": known.source, "medium": known.medium, "campaign": name, **(hints or {})}
    choice = choose_channel(
        source=seen["source"],
        medium=seen["medium"],
        campaign=seen["campaign"],
        referrer_host=None,
        click_id_kinds=(),
    )
    is_type_unknown = bool(plain and known.types) and hints is None
    return Placement(choice.code, choice.rule, is_type_unknown)


def place_by_rules(day: AdDay, rules: OwnRules | None) -> AdDay:
    """Return a day with the channel that a tenant's rules give its campaign, else the one of the common rules.

    To the tenant's rules a campaign is a visit from its platform, whatever the campaign's type. A channel that
    somebody chose stays, and so does that of a platform that is not known.
    """
    known = PLATFORMS.get(day.key.platform)
    if day.rule == GIVEN or known is None:
        return day
    common = day.common or (day.channel, day.rule)
    choice = rules and rules.choose(
        source=known.source,
        medium=known.medium,
        campaign=day.name,
        referrer_host=None,
        click_id_kinds=(),
        landing_path=None,
    )
    if not choice:
        return replace(day, channel=common[0], rule=common[1], common=None)
    return replace(day, channel=choice.code, rule=choice.rule, common=common)
