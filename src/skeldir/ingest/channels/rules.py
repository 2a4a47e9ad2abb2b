"""The engine that reads the ordered rules and gives a touch its channel; pure and total.

The rules are data: `rules.toml` (the ordered rows, and the reasons for their order) and
`sources.toml` (who counts as a search engine, a payment host and so on). Both are read on import.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from operator import attrgetter
from typing import Any, Final, TypeAlias

from skeldir.ingest.nothing import LABEL_PLACEHOLDERS

# Imports repeat the same few thousand combinations. Longer values are never remembered, so that a
# flood of odd ones can't fill the memory: it takes 50 MB at most.
_REMEMBERED_CHOICES: Final = 32_768
_LONGEST_REMEMBERED: Final = 256  # characters, of the four texts together
_MOST_KINDS_REMEMBERED: Final = 4


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """A channel and the reason for it.

    `code` is a key of `COMMON_CHANNELS`, never a reserved one; `rule` is the stable name of the row
    of `rules.toml` that chose, such as `utm.paid_search`, for a person who asks why.
    """

    code: str
    rule: str


@dataclass(slots=True)
class _Evidence:
    """What is known of a touch's origin, without placeholders and payment hosts.

    Texts are trimmed, case-folded, and "" when absent; a list is a table of `sources.toml`, or "".
    `source` may be borrowed (rules.toml, point 4); `has_source` says that the tag itself gave one.
    """

    source: str
    source_list: str
    has_source: bool
    medium: str
    medium_is_paid: bool
    campaign: str
    campaign_names_shop: bool
    click_ids: frozenset[str]
    referrer_list: str
    has_referrer: bool
    is_empty: bool


_Condition: TypeAlias = Callable[[_Evidence], bool]


@dataclass(frozen=True, slots=True)
class _Rule:
    """A row of the table: it matches when every condition of any one alternative holds."""

    choice: ChannelChoice
    alternatives: tuple[tuple[_Condition, ...], ...]


# ---------------------------------------------------------------- conditions


def _one_of(field: str) -> Callable[[list[str]], _Condition]:
    read = attrgetter(field)

    def build(values: list[str]) -> _Condition:
        allowed = frozenset(values)
        return lambda evidence: read(evidence) in allowed

    return build


def _containing(field: str) -> Callable[[list[str]], _Condition]:
    read = attrgetter(field)

    def build(parts: list[str]) -> _Condition:
        return lambda evidence: any(part in read(evidence) for part in parts)

    return build


def _claim(field: str) -> Callable[[bool], _Condition]:
    read = attrgetter(field)

    def build(expected: bool) -> _Condition:
        return lambda evidence: read(evidence) is expected

    return build


def _medium_ending(endings: list[str]) -> _Condition:
    wanted = tuple(endings)
    return lambda evidence: evidence.medium.endswith(wanted)


def _click_id_among(kinds: list[str]) -> _Condition:
    wanted = frozenset(kinds)
    return lambda evidence: not wanted.isdisjoint(evidence.click_ids)


def _always(expected: bool) -> _Condition:
    return lambda _evidence: expected


PREDICATES: Final[dict[str, Callable[[Any], _Condition]]] = {
    "is_empty": _claim("is_empty"),
    "has_source": _claim("has_source"),
    "source_in": _one_of("source_list"),
    "source_is": _one_of("source"),
    "medium_is": _one_of("medium"),
    "medium_contains": _containing("medium"),
    "medium_ends_with": _medium_ending,
    "medium_is_paid": _claim("medium_is_paid"),
    "campaign_contains": _containing("campaign"),
    "campaign_names_shop": _claim("campaign_names_shop"),
    "click_id_in": _click_id_among,
    "has_referrer": _claim("has_referrer"),
    "referrer_in": _one_of("referrer_list"),
    "always": _always,
}


def is_paid(medium: str) -> bool:
    """Return whether a medium fits GA4's `^(.*cp.*|ppc|retargeting|paid.*)$`, in linear time."""
    return "cp" in medium or medium in ("ppc", "retargeting") or medium.startswith("paid")


def names_shop(campaign: str) -> bool:
    """Return whether a campaign fits GA4's `^(.*(([^a-df-z]|^)shop|shopping).*)$`, in linear time.

    The class means: "shop" at the start, or after `e` or any character but the letters a to z.
    """
    if "shopping" in campaign:
        return True
    at = campaign.find("shop")
    while at >= 0:
        before = campaign[at - 1 : at]
        if before == "e" or not "a" <= before <= "z":
            return True
        at = campaign.find("shop", at + 4)
    return False


# ---------------------------------------------------------------- the data, read once


def _read(name: str) -> dict[str, Any]:
    text = resources.files("skeldir.ingest.channels").joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def _compile(row: dict[str, Any]) -> _Rule:
    return _Rule(
        choice=ChannelChoice(code=row["channel"], rule=row["name"]),
        alternatives=tuple(
            tuple(PREDICATES[predicate](value) for predicate, value in alternative.items())
            for alternative in row["when"]
        ),
    )


_TABLE: Final = _read("rules.toml")
_LISTS: Final[dict[str, dict[str, list[str]]]] = _read("sources.toml")

_RULES: Final = tuple(_compile(row) for row in _TABLE["rule"])
_ABSENT: Final = LABEL_PLACEHOLDERS | frozenset(_TABLE["absent"])
_PAYMENT_DROPS_MEDIUM: Final = frozenset(_TABLE["payment_drops_medium"])
_IMPLIED_SOURCES: Final[dict[str, str]] = _TABLE["click_ids"]

_LIST_BY_NAME: Final = {name: key for key, entry in _LISTS.items() for name in entry["names"]}
_LIST_BY_HOST: Final = {host: key for key, entry in _LISTS.items() for host in entry["hosts"]}
# "google.*" has two labels and stands for up to three (google.co.uk).
_MOST_LABELS: Final = max(host.count(".") + 1 + host.endswith(".*") for host in _LIST_BY_HOST)

CLICK_ID_KINDS: Final[frozenset[str]] = frozenset(_IMPLIED_SOURCES)
"""The kinds of click id that the rules know, lower case (ScCid is `sccid`). Only the kind is ever
looked at or kept, never the value."""

_NO_KINDS: Final[frozenset[str]] = frozenset()


# ---------------------------------------------------------------- looking up a source or a host


def _country_ending(labels: list[str]) -> int:
    """Return how many labels at the end can stand for the `*` of "google.*": 0, 1 or 2."""
    last = labels[-1]
    if last == "com":
        return 1
    if len(last) != 2:
        return 0
    return 2 if labels[-2] in ("co", "com") else 1


def find_list(text: str) -> str:
    """Return the list of `sources.toml` that a tidied source or host belongs to, or ""."""
    if not text:
        return ""
    by_name = _LIST_BY_NAME.get(text)
    if by_name is not None:
        return by_name
    # Some callers pass a full URL instead of a host.
    host = text.partition("//")[2] if "//" in text else text
    host = host.partition("/")[0].partition(":")[0].rstrip(".")
    # The rest of a longer host stays in front, in one piece, and matches nothing.
    labels = host.rsplit(".", _MOST_LABELS)
    if len(labels) < 2:
        return ""
    ending = _country_ending(labels)
    for start in range(len(labels) - 1):
        found = _LIST_BY_HOST.get(".".join(labels[start:]))
        if found is None and ending:
            found = _LIST_BY_HOST.get(".".join(labels[start:-ending]) + ".*")
        if found is not None:
            return found
    return ""


# ---------------------------------------------------------------- choosing


def _tidy(text: str | None) -> str:
    if not text:
        return ""
    tidied = text.strip().casefold()
    return "" if tidied in _ABSENT else tidied


def known_kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of these kinds of click id that are known, each once, in a fixed order."""
    return tuple(sorted(CLICK_ID_KINDS.intersection(kind.strip().casefold() for kind in kinds)))


def _borrow_source(kinds: tuple[str, ...], referrer: str, medium: str, campaign: str) -> str:
    if kinds:
        for kind, implied in _IMPLIED_SOURCES.items():
            if implied and kind in kinds:
                return implied
    return referrer if medium or campaign else ""


def _gather(
    source: str | None,
    medium: str | None,
    campaign: str | None,
    referrer_host: str | None,
    kinds: tuple[str, ...],
) -> _Evidence:
    tag_source, tag_medium, tag_campaign = _tidy(source), _tidy(medium), _tidy(campaign)
    referrer = _tidy(referrer_host)

    source_list = find_list(tag_source)
    if source_list == "payment":
        tag_source = source_list = ""
        if tag_medium in _PAYMENT_DROPS_MEDIUM:
            tag_medium = ""
    referrer_list = find_list(referrer)
    if referrer_list == "payment":
        referrer = referrer_list = ""

    has_source = bool(tag_source)
    if not has_source:
        tag_source = _borrow_source(kinds, referrer, tag_medium, tag_campaign)
        source_list = find_list(tag_source)
    return _Evidence(
        source=tag_source,
        source_list=source_list,
        has_source=has_source,
        medium=tag_medium,
        medium_is_paid=is_paid(tag_medium),
        campaign=tag_campaign,
        campaign_names_shop=names_shop(tag_campaign),
        click_ids=frozenset(kinds) if kinds else _NO_KINDS,
        referrer_list=referrer_list,
        has_referrer=bool(referrer),
        is_empty=not (tag_source or tag_medium or tag_campaign or kinds or referrer),
    )


def decide(
    source: str | None,
    medium: str | None,
    campaign: str | None,
    referrer_host: str | None,
    kinds: tuple[str, ...],
) -> ChannelChoice:
    evidence = _gather(source, medium, campaign, referrer_host, kinds)
    for rule in _RULES:
        for conditions in rule.alternatives:
            for holds in conditions:
                if not holds(evidence):
                    break
            else:
                return rule.choice
    raise AssertionError("the last row of rules.toml must match every touch")


decide_once: Final = lru_cache(maxsize=_REMEMBERED_CHOICES)(decide)


def choose_channel(
    *,
    source: str | None,
    medium: str | None,
    campaign: str | None,
    referrer_host: str | None,
    click_id_kinds: tuple[str, ...],
) -> ChannelChoice:
    """Return the channel of a touch and the rule that chose it: the first row that matches.

    `source`, `medium` and `campaign` are the decoded utm parameters; `referrer_host` is the host of
    an external referrer (the caller leaves out the tenant's own hosts); `click_id_kinds` are the
    parameter names of the click ids that were present. None, "" and placeholders such as
    `(not set)` mean absent; letter case and surrounding white space never matter.

    Every input gives a channel; the same input always gives the same one, in time linear in its
    length. The table is the default channel group of Google Analytics 4; what that leaves open is
    decided in `rules.toml`.
    """
    kinds = click_id_kinds
    if kinds and (len(kinds) > _MOST_KINDS_REMEMBERED or not CLICK_ID_KINDS.issuperset(kinds)):
        kinds = known_kinds(kinds)
    length = len(source or "") + len(medium or "") + len(campaign or "") + len(referrer_host or "")
    if length > _LONGEST_REMEMBERED:
        return decide(source, medium, campaign, referrer_host, kinds)
    return decide_once(source, medium, campaign, referrer_host, kinds)
