"""What must be stored of days at ad platforms after batches, in plain Python: revisions, and what they cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

REVISION_COLUMNS: Final = (
    *("platform", "account", "campaign", "day", "currency", "revision", "channel_code"),
    *("cost_cents", "impressions", "clicks"),
    *("claim_type", "claims_millionths", "claimed_cents", "attribution_setting"),
)
COST_COLUMNS: Final = ("spend_date", "channel_code", "currency", "cents")

_KEY: Final = ("platform", "account", "campaign_id", "day", "currency")
_COSTS: Final = ("cost_cents", "impressions", "clicks")
_CLAIMS: Final = ("claim_type", "claims_millionths", "claimed_cents", "attribution_setting")
_CHANNELS: Final = {"google_ads": "paid_search", "meta": "paid_social"}
"""The channels of campaigns whose name and type say nothing."""
_SOURCES: Final = {"google_ads": "google", "meta": "facebook"}
"""What visits from these platforms have as their source; their medium is cpc."""

State: TypeAlias = dict[str, Any]
Revisions: TypeAlias = dict[tuple[str, ...], list[State]]


def revisions_of(batches: Iterable[tuple[str, Sequence[Mapping[str, Any]]]]) -> Revisions:
    """Return the states of each campaign's day, the earliest first, after batches of (path, items).

    Each figure that an item has replaces the one before; the figures of a claim go together. A state that is equal to
    the one before is none. A channel that is given stays until another is given.
    """
    revisions: Revisions = {}
    for path, items in batches:
        for item in items:
            states = revisions.setdefault(tuple(item[name] for name in _KEY), [])
            before = states[-1] if states else dict.fromkeys((*_COSTS, *_CLAIMS))
            given = item.get("channel")
            after = {
                **before,
                **_figures(path, item),
                "channel": given or before.get("channel") or _CHANNELS[item["platform"]],
            }
            if after != before:
                states.append(after)
    return revisions


def restate_by_rules(
    revisions: Revisions,
    names: Mapping[str, str],
    choose: Callable[[Mapping[str, str]], str | None],
) -> None:
    """Add the revisions that come with a tenant's rules; `choose` says which channel they give a visit, if any.

    `names` are those of campaigns. A channel that somebody chose stays; here those are of platforms that are not known.
    """
    for (platform, _, campaign, _, _), states in revisions.items():
        if platform not in _SOURCES:
            continue
        seen = {"source": _SOURCES[platform], "medium": "cpc", "campaign": names[campaign]}
        channel = choose(seen) or _CHANNELS[platform]
        if channel != states[-1]["channel"]:
            states.append({**states[-1], "channel": channel})


def _figures(path: str, item: Mapping[str, Any]) -> State:
    if path == "spend":
        return {name: item[name] for name in _COSTS if name in item}
    return {
        "claim_type": item["claim_type"],
        "claims_millionths": int(Decimal(item["conversions"]) * 1_000_000),
        "claimed_cents": item["value_cents"],
        "attribution_setting": item["attribution_setting"],
    }


def revision_rows(revisions: Revisions) -> set[tuple[Any, ...]]:
    """Return the rows of REVISION_COLUMNS."""
    return {
        (*key, number, state["channel"], *(state[name] for name in (*_COSTS, *_CLAIMS)))
        for key, states in revisions.items()
        for number, state in enumerate(states, start=1)
    }


def cost_rows(revisions: Revisions) -> set[tuple[Any, ...]]:
    """Return the rows of COST_COLUMNS: what the latest states cost, where that is not 0 or unknown."""
    cents: Counter[tuple[str, str, str]] = Counter()
    for (_, _, _, day, currency), states in revisions.items():
        cents[day, states[-1]["channel"], currency] += states[-1]["cost_cents"] or 0
    return {(*key, cost) for key, cost in cents.items() if cost}
