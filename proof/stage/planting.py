"""The facts of the two tenants of the proof: the same order ids and idempotency keys, other amounts, B's marker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg

MARKER_B: Final = "marker-b-7f3a91c2"
"""Stands in every free text of B, with hyphens or underscores, and in none of A."""

_DAY_0: Final = datetime(2025, 6, 2, 9, 30, tzinfo=UTC)
# More than the 35 days before the newest one that the views hold; the readers take it from the rollups.
_LONG_BEFORE: Final = -150
# Persons, and touches of each: enough for their orders to be summed together and not one by one.
_CROWD: Final = 60
_TOUCHES_EACH: Final = 4
# The campaigns that their touches of paid search name.
_PAID_FOR: Final = ("1042", "1043")

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """One tenant to be filled. `word` is in all its own texts; `price` multiplies every amount."""

    tenant_id: UUID
    word: str
    price: int

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.word} Ltd"

    @property
    def channel(self) -> str:
        """The code of its own channel."""
        return self.word.replace("-", "_")

    @property
    def e_mail(self) -> str:
        """An address that a careless shop sends along."""
        return f"jane.roe@{self.word}.example.com"


PLAN_A: Final = Plan(UUID("11111111-1111-4111-8111-111111111111"), "north-star", 3)
PLAN_B: Final = Plan(UUID("22222222-2222-4222-8222-222222222222"), MARKER_B, 7)


def touches_of(plan: Plan) -> list[Item]:
    """Return touches of a few journeys and of a crowd's, and two items that are refused."""
    return [
        _touch(plan, 1, "visitor-1", -3, "email"),
        _touch(plan, 2, "visitor-1", -2, "paid_search"),
        _touch(plan, 3, "visitor-1", -1, plan.channel),
        _touch(plan, 4, "visitor-2", -0.5, plan.channel),
        _touch(plan, 5, "visitor-2", -0.25, "direct"),
        # The lookback's first moment for the order `disputed`, and a day too early for those of the next day.
        _touch(plan, 10, "visitor-2", -30, "email"),
        _touch(plan, 6, plan.e_mail, _LONG_BEFORE - 1, "email"),
        _touch(plan, 7, plan.e_mail, 1, plan.channel) | {"idempotency_key": f"{plan.word}-touch"},
        _touch(plan, 8, "visitor-1", 0, "email") | {"occurred_at": f"{plan.word} day"},
        _touch(plan, 9, "visitor-1", 0, f"{plan.channel}_unheard_of") | {"session_id": plan.e_mail},
        *_touches_of_crowd(plan),
        *touches_to_derive(plan),
    ]


def touches_between(plan: Plan) -> list[Item]:
    """Return the touches that are sent while the models in force look back 20 days."""
    # Only those that look back 30 days count it, and nothing else of its order changes.
    return [_touch(plan, 13, "crowd-0", -25, "paid_search")]


def late_touches_of(plan: Plan) -> list[Item]:
    """Return touches that come when all orders have been credited."""
    return [
        _touch(plan, 11, "visitor-1", -1.5, "direct"),
        _touch(plan, 12, "visitor-2", 0.5, "paid_search"),
    ]


def touches_to_derive(plan: Plan) -> list[Item]:
    """Return touches of credited orders that come without a channel: rules give them theirs."""
    of_shop = {"landing_path": f"/{plan.word}/Outlet/shoes"}
    return [
        _untold(plan, 14, "visitor-1", -2.5, "google", "cpc", "news"),
        _untold(plan, 15, "visitor-1", -1.25, "google", "cpc", "evergreen"),
        _untold(plan, 16, "visitor-2", -4, "facebook", "cpc", "news"),
        _untold(plan, 17, "visitor-2", -2, "newsletter", "email", "spring") | of_shop,
        _untold(plan, 18, "visitor-2", -0.75, "bing", "organic", "news") | of_shop,
        _untold(plan, 19, "visitor-1", -5, "newsletter", "email", "autumn"),
    ]


def touches_after_rules(plan: Plan) -> list[Item]:
    """Return touches without a channel that come when the tenant's own rules are in force."""
    return [
        _untold(plan, 20, "visitor-1", -0.125, "bing", "organic", "news"),
        _untold(plan, 21, "visitor-2", -0.125, "newsletter", "email", "winter"),
    ]


def _untold(
    plan: Plan, number: int, journey: str, day: float, source: str, medium: str, name: str
) -> Item:
    touch = _touch(plan, number, journey, day, "") | {"source": source, "medium": medium}
    del touch["channel"], touch["referrer_host"]
    return touch | {"campaign": f"{plan.word} {name}"}


def _touches_of_crowd(plan: Plan) -> list[Item]:
    channels = ("email", "paid_search", plan.channel, "direct")
    touches = []
    for person in range(_CROWD):
        for step in range(_TOUCHES_EACH):
            channel = channels[(person + step * (1 + person % 3)) % len(channels)]
            number, day = _TOUCHES_EACH * person + step, step - _TOUCHES_EACH - person / 16
            touch = _touch(plan, 100 + number, f"crowd-{person}", day, channel)
            if channel == "paid_search":
                touch["campaign"] = _PAID_FOR[person // 3 % 2]
            touches.append(touch)
    return touches


def _touch(plan: Plan, number: int, journey: str, day: float, channel: str) -> Item:
    return {
        "idempotency_key": f"touch-{number}",
        "occurred_at": _at(day),
        "journey_key": journey,
        "session_id": f"{plan.word}-session",
        "source": plan.word,
        "medium": plan.word,
        "campaign": f"{plan.word} for {plan.e_mail}",
        "referrer_host": f"{plan.word}.example.com",
        "landing_path": f"/{plan.word}",
        "channel": channel,
    }


def conversions_of(plan: Plan) -> list[Item]:
    """Return captures, refunds and disputes in three currencies, and two items that are refused."""
    visitor_2 = {"journey_key": "visitor-2"}
    own = {"journey_key": plan.e_mail}
    return [
        _money(plan, "part-refunded:1", "capture", 10_001, 0),
        _money(plan, "part-refunded:2", "refund", 2_503, 1),
        _money(plan, "all-refunded:1", "capture", 9_999, 0),
        _money(plan, "all-refunded:2", "refund", 3_331, 1),
        _money(plan, "all-refunded:3", "refund", 3_335, 2),
        _money(plan, "disputed:1", "capture", 5_003, 0, **visitor_2),
        _money(plan, "disputed:2", "dispute", 5_003, 1, **visitor_2),
        _money(plan, "yen:1", "capture", 1_499, 1, currency="JPY", **visitor_2),
        _money(plan, "yen:2", "refund", 500, 2, currency="JPY", **visitor_2),
        _money(plan, "euro:1", "capture", 3_001, 1, currency="EUR", **visitor_2),
        _money(plan, "euro:2", "refund", 1_001, 2, currency="EUR", **visitor_2),
        _money(plan, "too-early:1", "refund", 777, 1),
        _money(plan, "moved:1", "capture", 3_333, 2),
        _money(plan, "no-journey:1", "capture", 2_222, 2, journey_key=None),
        _money(plan, "long-ago:1", "capture", 4_447, _LONG_BEFORE, **own),
        _money(plan, f"{plan.word}-order:1", "capture", 6_667, 2, **own),
        _money(plan, f"{plan.word}-order:2", "barter", 1, 2, **own),
        _money(plan, "refused:1", "refund", 1, 2, **own)
        | {"order_id": plan.e_mail, "amount_cents": 0.5},
        *_conversions_of_crowd(plan),
    ]


def conversions_between(plan: Plan) -> list[Item]:
    """Return entries that come while the models in force look back 20 days."""
    return [
        _money(plan, "disputed:3", "dispute_reversal", 5_003, 2, journey_key="visitor-2"),
        _money(plan, "between:1", "capture", 2_007, 2.25),
    ]


def late_conversions_of(plan: Plan) -> list[Item]:
    """Return entries of orders that have been credited, one of which moves to another journey, and a new order."""
    return [
        _money(plan, "part-refunded:3", "refund", 1_334, 2),
        _money(plan, "all-refunded:4", "refund", 3_333, 2.5),
        _money(plan, "moved:2", "capture", 1_111, 1, journey_key="visitor-2"),
        _money(plan, "late:1", "capture", 2_011, 2.25),
    ]


def _conversions_of_crowd(plan: Plan) -> list[Item]:
    own = [{"journey_key": f"crowd-{person}"} for person in range(_CROWD)]
    return [
        *(
            _money(plan, f"crowd-{n}:1", "capture", 1_001 + 2 * n, n % 3, **own[n])
            for n in range(_CROWD)
        ),
        *(
            _money(plan, f"crowd-{n}:2", "refund", 500 + n, n % 3 + 0.5, **own[n])
            for n in range(0, _CROWD, 5)
        ),
    ]


def _money(plan: Plan, key: str, kind: str, amount: int, day: float, **fields: object) -> Item:
    return {
        "idempotency_key": key,
        "order_id": key.partition(":")[0],
        "kind": kind,
        "amount_cents": amount * plan.price,
        "currency": "USD",
        "occurred_at": _at(day),
        "journey_key": "visitor-1",
    } | fields


def _at(days: float) -> str:
    return (_DAY_0 + timedelta(days=days)).isoformat()


def insert_plain_rows(connection: psycopg.Connection[Any], plan: Plan) -> None:
    """Insert, as `app_user` bound to the tenant, the rows that no route takes in yet."""
    first_day = _DAY_0.date()
    for number, channel, cents in (
        (1, "email", 500),
        (2, plan.channel, 0),
        (3, plan.channel, 1_100),
    ):
        connection.execute(
            """INSERT INTO public.spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
               VALUES (%s, gen_random_uuid(), %s, %s, %s, 'USD', %s)""",
            (plan.tenant_id, f"spend-{number}", first_day, channel, cents * plan.price),
        )
    connection.execute(
        "INSERT INTO public.dirty_days (tenant_id, day) VALUES (%s, %s)",
        (plan.tenant_id, first_day),
    )
    connection.execute(
        "INSERT INTO public.waiting_tenants (tenant_id, work) VALUES (%s, 'days')",
        (plan.tenant_id,),
    )
    # Two runs of one platform share a moment: the later id is the latest.
    # That of Google Ads is older than the comparison of its claims.
    for number, platform, verified in (
        (2, "meta", 99),
        (1, "meta", 100),
        (3, plan.word, 0),
        (4, "google_ads", 98),
    ):
        connection.execute(
            """INSERT INTO public.reconciliation_runs (tenant_id, id, platform, currency, state, claimed_cents,
                                                       verified_cents, ghost_cents, ran_at)
               VALUES (%s, %s, %s, 'USD', %s, %s, %s, 0, %s)""",
            (
                plan.tenant_id,
                UUID(int=(plan.tenant_id.int & ~0xFF) | number),
                platform,
                plan.word,
                100 * plan.price,
                verified * plan.price,
                _DAY_0,
            ),
        )
    connection.execute(
        """INSERT INTO public.imports (tenant_id, fingerprint, file_name, rows_done, touches_accepted,
                                       touches_duplicate, conversions_accepted, conversions_duplicate, rejected,
                                       is_complete)
           VALUES (%s, 'same', %s, 1, 1, 0, 0, 0, 0, true)""",
        (plan.tenant_id, f"{plan.word}.csv"),
    )
    connection.execute(
        "INSERT INTO public.retention (tenant_id, touch_days) VALUES (%s, 36500)", (plan.tenant_id,)
    )
