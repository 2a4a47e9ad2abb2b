"""What both tenants of the proof spend on ads, what platforms claim, a rate, rules, corrections: batches in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from proof.stage.planting import Plan

FIRST_DAY: Final = "2025-06-02"
LAST_DAY: Final = "2025-06-04"
IN_FORCE: Final = 2
"""The version of a tenant's rules that is put in force; the other one never is."""
_NEXT_DAY: Final = "2025-06-03"


@dataclass(frozen=True, slots=True)
class Batch:
    """A request: the end of its path, its body, and how many of its items are new, restated and unchanged."""

    path: str
    items: Any
    counts: tuple[int | None, int | None, int | None]


COMPARISON: Final = Batch(
    "reconciliations",
    {"first_day": FIRST_DAY, "last_day": LAST_DAY, "model": "linear"},
    (None, None, None),
)
"""Has the claims of all days compared; the answer counts nothing."""


def batches_of(plan: Plan) -> list[Batch]:
    """Return the batches of a tenant: days of campaigns, claims about them, some restated, moved or sent again."""
    brand = _about(plan, "google_ads", "1042", FIRST_DAY, f"{plan.word} brand")
    generic = _about(plan, "google_ads", "1043", FIRST_DAY, f"{plan.word} generic")
    social = _about(plan, "meta", "120211", _NEXT_DAY, f"{plan.word} social")
    radio = _about(plan, "radio", "7", FIRST_DAY, f"{plan.word} spots") | {"channel": plan.channel}
    spent = [
        brand | {"cost_cents": 1_201 * plan.price, "impressions": 4_100, "clicks": 210},
        generic | {"cost_cents": 333 * plan.price, "clicks": 17},
        social | {"cost_cents": None, "impressions": 900},
        radio | {"cost_cents": 5_000 * plan.price},
    ]
    claimed = [
        brand | _claim("conversions", "2", 11_111 * plan.price, None),
        generic | _claim("conversions", "0.25", 5 * plan.price, "data-driven, 30-day click"),
        social | _claim("purchases", "3.5", 9_901 * plan.price, "7-day click or 1-day view"),
    ]
    later = [
        brand | {"cost_cents": 1_187 * plan.price, "clicks": 208},
        generic | {"cost_cents": 333 * plan.price, "clicks": 17},
        social | {"cost_cents": 777 * plan.price},
        radio | {"cost_cents": 4_500 * plan.price, "channel": "email"},
    ]
    corrected = [social | _claim("purchases", "3", None, "7-day click")]
    return [
        Batch("spend", spent, (4, 0, 0)),
        Batch("claims", claimed, (0, 3, 0)),
        Batch("spend", spent[1:3], (0, 0, 2)),
        Batch("spend", later, (0, 3, 1)),
        Batch("claims", corrected, (0, 1, 0)),
    ]


def rates_of(plan: Plan) -> Batch:
    """Return an exchange rate of a source that only this tenant has."""
    rate = {"day": FIRST_DAY, "quote": "USD", "rate": f"1.{plan.price}"}
    return Batch("rates", {"source": plan.channel, "base": "EUR", "rates": [rate]}, (1, 0, 0))


def rules_of(plan: Plan) -> list[Batch]:
    """Return the storing of two versions of rules, and the turn to the second; nothing is counted."""
    return [
        Batch(
            "rules",
            {"document": _rules(plan, news="affiliates"), "reason": plan.word},
            (None, None, None),
        ),
        Batch(
            "rules",
            {"document": _rules(plan, news="display"), "reason": plan.word},
            (None, None, None),
        ),
        Batch("rules/apply", {"version": IN_FORCE, "reason": plan.word}, (None, None, None)),
    ]


def corrections_of(plan: Plan) -> list[Batch]:
    """Return corrections, two of them before the rules and two after; the last one replaces the first."""
    given = (("touch-17", "audio"), ("touch-1", plan.channel), ("touch-16", "email"))
    return [_correct(plan, *one) for one in (*given, ("touch-17", "display"))]


def _correct(plan: Plan, touch: str, channel: str) -> Batch:
    items = {"touch": touch, "channel": channel, "reason": f"{plan.word} says so"}
    return Batch("corrections", items, (None, None, None))


def _rules(plan: Plan, *, news: str) -> str:
    """Write rules, the second and third of which match some touches that an earlier one takes."""
    return f"""
[[rule]]
id = "outlet"
channel = "{plan.channel}"
path.starts_with = ["/{plan.word}/outlet/", "/{plan.word}/shop/"]

[[rule]]
id = "news"
channel = "{news}"
source.is = ["Google", "bing"]
campaign.contains = "news"

[[rule]]
id = "social"
channel = "{plan.channel}"
source.is = "facebook"
campaign.ends_with = ["news", "social"]
"""


def _about(plan: Plan, platform: str, campaign: str, day: str, name: str) -> dict[str, Any]:
    return {
        "platform": platform,
        "account": f"{plan.word}-account",
        "campaign_id": campaign,
        "campaign_name": name,
        "day": day,
        "currency": "USD",
    }


def _claim(kind: str, conversions: str, cents: int | None, setting: str | None) -> dict[str, Any]:
    return {
        "claim_type": kind,
        "conversions": conversions,
        "value_cents": cents,
        "attribution_setting": setting,
    }
