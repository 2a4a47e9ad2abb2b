"""A campaign's day at an ad platform: its key, its figures, and what a later report makes of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from skeldir.attribution import BY_NAME as BY_NAME

Figure: TypeAlias = int | str | None

COST_FIGURES: Final = ("cost_cents", "impressions", "clicks")
CLAIM_FIGURES: Final = (
    "claim_type",
    "claims_millionths",
    "claimed_cents",
    "attribution_setting",
)
"""What a platform claims hangs together: a report that gives one of these replaces all of them."""
FIGURES: Final = (*COST_FIGURES, *CLAIM_FIGURES)

GIVEN: Final = "given"
"""The rule of a channel that somebody chose; it stays until another is chosen for the campaign."""
LONGEST_ACCOUNT: Final = 200
LONGEST_CAMPAIGN: Final = 295
MILLION: Final = 1_000_000

_URN: Final = re.compile(r"(?:urn:li:\w+:|customers/|campaigns/|act_)(?=[0-9])")
_DASHED: Final = re.compile(r"[0-9]{3}-[0-9]{3}-[0-9]{4}")
_SPOILED_ID: Final = re.compile(
    r"[0-9](?:[.,][0-9]+)?E\+?[0-9]{1,3}|[0-9]+[.,]0+|[0-9]{1,3}(?:[., '\u00a0\u202f][0-9]{3})+",
    re.IGNORECASE,
)
"""What spreadsheets and programs make of an id that they take for a number: digits are lost, or it is another id."""


@dataclass(frozen=True, slots=True, order=True)
class AdKey:
    """What a fact of an ad platform is about; `campaign` is its id, or BY_NAME and its name."""

    platform: str
    account: str
    campaign: str
    day: date
    currency: str


@dataclass(frozen=True, slots=True)
class AdDay:
    """What a source says about a key: only the figures that it has, None for those that it calls unknown.

    `common` are the channel and the rule that the common rules give, where a rule of the tenant chose another.
    """

    key: AdKey
    name: str | None
    figures: Mapping[str, Figure]
    channel: str
    rule: str
    common: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """The latest that is recorded of a key."""

    key: AdKey
    number: int
    figures: Mapping[str, Figure]
    channel: str
    rule: str
    name: str | None = None
    common: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """Money to add to what a channel cost on a day; negative to take it off."""

    channel: str
    cents: int


def plain_id(text: str) -> str:
    """Return an id as the platform's pages show it: without brackets, the words of an API, or Google's dashes."""
    text = text.strip().removeprefix("[").removesuffix("]").strip()
    text = text[found.end() :] if (found := _URN.match(text)) else text
    return text.replace("-", "") if _DASHED.fullmatch(text) else text


def is_spoiled_id(text: str) -> bool:
    """Return whether an id was changed as if it were a number: digits are lost, or it is another campaign's."""
    return _SPOILED_ID.fullmatch(text.strip()) is not None


def campaign_key(campaign_id: str | None, name: str | None) -> str | None:
    """Return what a campaign is known by: its id or, without one, its name; None without either."""
    if campaign_id is not None and (plain := plain_id(campaign_id)):
        return plain
    return f"{BY_NAME}{name.strip()}" if name is not None and name.strip() else None


def merge_figures(
    before: Mapping[str, Figure] | None, given: Mapping[str, Figure]
) -> dict[str, Figure]:
    """Return all figures after a report: what it gives, and what it says nothing of as it was before."""
    merged = {name: (before or {}).get(name) for name in FIGURES}
    if any(name in given for name in CLAIM_FIGURES):
        merged.update(dict.fromkeys(CLAIM_FIGURES))
    merged.update(given)
    return merged


def next_revision(latest: Revision | None, day: AdDay) -> Revision | None:
    """Return the revision that a report makes, or None if it says nothing new."""
    figures = merge_figures(None if latest is None else latest.figures, day.figures)
    if latest is None:
        return Revision(day.key, 1, figures, day.channel, day.rule, day.name, day.common)
    is_equal = figures == latest.figures and day.channel == latest.channel
    if is_equal and (day.rule == latest.rule or day.rule != GIVEN):
        return None
    name = day.name or latest.name
    return Revision(day.key, latest.number + 1, figures, day.channel, day.rule, name, day.common)


def postings_of(latest: Revision | None, after: Revision) -> list[Posting]:
    """Return the money to add so that the key's postings sum to its cost now, all of it in its channel now."""
    was, now = _cost(latest), _cost(after)
    if latest is None or latest.channel == after.channel:
        return [Posting(after.channel, now - was)] if now != was else []
    found = [Posting(latest.channel, -was), Posting(after.channel, now)]
    return [posting for posting in found if posting.cents]


def totals_of(days: Iterable[AdDay]) -> dict[str, int]:
    """Return the cost by currency of the days whose cost is known."""
    totals: dict[str, int] = {}
    for day in days:
        cost = day.figures.get("cost_cents")
        if isinstance(cost, int):
            totals[day.key.currency] = totals.get(day.key.currency, 0) + cost
    return dict(sorted(totals.items()))


def _cost(revision: Revision | None) -> int:
    cost = None if revision is None else revision.figures["cost_cents"]
    return cost if isinstance(cost, int) else 0
