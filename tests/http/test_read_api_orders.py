"""`GET /v1/attribution/orders/{order_id}`: the response alone is enough to recompute the credit by hand."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx2
import pytest

from skeldir.attribution import credit_dirty_orders, define_models, mark_all_orders
from skeldir.attribution.bounds import Bounds
from skeldir.db.pool import Database
from skeldir.tenants import load_profile
from tests.conftest import Clone
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.reading import forget_before, get, key_of, open_client, settle

pytestmark = pytest.mark.shares_clone

PATH = "/v1/attribution/orders/"
CHANNELS = ("email", "paid_search", "direct", "organic_search", "referral")
WHOLE = 10**12


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


def divide(total: int, weights: list[Fraction]) -> list[int]:
    """Largest remainder, implemented again: exact shares towards zero, the rest to the largest fractions."""
    sign = -1 if total < 0 else 1
    exact = [Fraction(abs(total) * weight, sum(weights)) for weight in weights]
    parts = [int(share) for share in exact]
    by_fraction = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for index in by_fraction[: abs(total) - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]


def weigh(model: str, window: list[dict[str, Any]], half_life_days: int) -> list[float]:
    """Return the parts of a journey's touches by a model's definition, summing to 1."""
    count = len(window)
    last = count - 1
    if model == "last_non_direct":
        last = max((i for i in range(count) if window[i]["channel"] != "direct"), default=last)
    if model in ("first_touch", "last_touch", "last_non_direct"):
        chosen = 0 if model == "first_touch" else last
        return [float(i == chosen) for i in range(count)]
    if model == "position_based" and count > 2:
        return [0.4, *[0.2 / (count - 2)] * (count - 2), 0.4]
    if model != "time_decay":
        return [1 / count] * count
    days = [(touch["age_seconds"] - window[-1]["age_seconds"]) / 86_400 for touch in window]
    powers = [2 ** (-day / half_life_days) for day in days]
    return [power / sum(powers) for power in powers]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def moment_of(order: dict[str, Any], touch: dict[str, Any]) -> datetime:
    """Return when a touch happened, from its age, which is all that is kept of a forgotten one."""
    found = moment(order["capture"]["occurred_at"]) - timedelta(seconds=touch["age_seconds"])
    assert touch["is_forgotten"] == (touch["occurred_at"] is None)
    assert touch["is_forgotten"] or moment(touch["occurred_at"]) == found
    return found


def window_of(order: dict[str, Any], version: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the touches of the order that the version may credit, by the moments in the response."""
    start, end = moment(version["window_start"]), moment(version["window_end"])
    cut = version["journey_begins_after"]
    return [
        touch
        for touch in order["touches"]
        if start <= moment_of(order, touch) <= end
        and (cut is None or moment_of(order, touch) > moment(cut))
    ]


def recompute(order: dict[str, Any], version: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the allocations that follow from the response's entries and weights."""
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for touch in version["touches"]:
        sums[touch["channel"]] += Fraction(touch["weight"])
    sums = {code: weight for code, weight in sums.items() if weight} or {
        "unattributed": Fraction(1)
    }
    codes = sorted(sums)
    weights = [sums[code] for code in codes]
    balance: dict[str, int] = defaultdict(int)
    held: dict[str, list[int]] = {}
    rows = []
    for entry in order["entries"]:
        currency = entry["currency"]
        balance[currency] += entry["amount_cents"]
        before = held.get(currency, [0] * len(codes))
        held[currency] = divide(balance[currency], weights)
        is_first = entry["business_key"] == order["capture"]["business_key"]
        parts = divide(WHOLE, weights) if is_first else [0] * len(codes)
        rows += [
            {
                "business_key": entry["business_key"],
                "channel": code,
                "allocated_cents": now - was,
                "conversion_ppt": part,
            }
            for code, was, now, part in zip(codes, before, held[currency], parts, strict=True)
            if now != was or part
        ]
    return rows


def check_by_hand(order: dict[str, Any]) -> int:
    """Recompute every version of a response; return the number of allocations."""
    assert not order["awaits_credit"]
    checked = 0
    for version in order["versions"]:
        window = window_of(order, version)
        weights = [Fraction(touch["weight"]) for touch in version["touches"]]
        assert [touch["place"] for touch in version["touches"]] == [t["place"] for t in window]
        expected = weigh(version["model"], window, version["half_life_days"]) if window else []
        assert [weight / sum(weights) for weight in weights] == pytest.approx(expected)
        rows = recompute(order, version)
        assert version["allocations"] == rows
        assert sum(share["conversion_ppt"] for share in version["shares"]) == WHOLE
        of_capture = {
            row["channel"]: row["conversion_ppt"] for row in rows if row["conversion_ppt"]
        }
        assert {s["channel"]: s["conversion_ppt"] for s in version["shares"]} == of_capture
        checked += len(rows)
    return checked


async def tell_a_story(db: Database, tenant: UUID, seed: int) -> list[str]:
    """Send journeys and orders of every kind; return the ids of the orders that have a capture."""
    chance = random.Random(seed)
    touches = [
        make_touch(
            journey_key=f"visitor-{chance.randrange(4)}",
            occurred_at=at(chance.choice((-40, 0, 0)) + chance.randrange(900) / 100),
            channel=chance.choice(CHANNELS),
        )
        for _ in range(60)
    ]
    orders = []
    for number in range(12):
        order: dict[str, object] = {
            "order_id": f"order-{number}",
            "journey_key": chance.choice(("visitor-0", "visitor-1", "visitor-2", "nobody", None)),
        }
        captured = chance.choice((1, 99, 10_001, 333_333))
        moments = sorted(chance.randrange(100, 900) / 100 for _ in range(3))
        orders += [
            make_conversion(**order, amount_cents=captured, occurred_at=at(moments[0])),
            make_conversion(**order, amount_cents=77, currency="EUR", occurred_at=at(moments[1])),
        ]
        for part in range(chance.randrange(3)):
            amount = max(1, captured // (part + 2))
            refund: dict[str, object] = {"kind": "refund", "amount_cents": amount}
            orders.append(make_conversion(**order, **refund, occurred_at=at(moments[2] - part)))
    await send_touches(db, tenant, *touches)
    receipt = await send_conversions(db, tenant, *orders)
    assert not receipt.rejected
    return [f"order-{number}" for number in range(12)]


@pytest.mark.parametrize("after_conversion", ["keep", "reset"])
async def test_every_allocation_can_be_recomputed_by_hand_from_the_answer_alone(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, after_conversion: Any
) -> None:
    async with db.tenant(tenant) as connection:
        await define_models(
            connection, tenant, lookback_days=3, after_conversion=after_conversion, half_life_days=2
        )
    orders = await tell_a_story(db, tenant, seed=3)
    await settle(db)
    key = await key_of(db, tenant)
    answers = [await get(client, PATH + order_id, key) for order_id in orders]
    assert sum(check_by_hand(answer) for answer in answers) > 200
    assert {len(answer["versions"]) for answer in answers} == {6}
    first_places = {
        v["touches"][0]["place"] for a in answers for v in a["versions"] if v["touches"]
    }
    assert (first_places == {0}) == (after_conversion == "keep")
    cuts = {v["journey_begins_after"] is None for a in answers for v in a["versions"]}
    assert cuts == ({True} if after_conversion == "keep" else {True, False})


async def test_a_touch_shows_the_rule_that_chose_its_channel_and_what_it_saw(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    tagged = make_touch(channel=None, source="google", medium="cpc", campaign="spring")
    tagged |= {"click_ids": ["gclid"], "referrer_host": "www.google.com"}
    named = make_touch(channel="email", occurred_at=at(0.5))
    await send_touches(db, tenant, tagged, named)
    await send_conversions(db, tenant, make_conversion(order_id="o"))
    await settle(db)
    first, second = (await get(client, PATH + "o", await key_of(db, tenant)))["touches"]
    assert (first["channel"], first["rule"]) == ("paid_search", "utm.paid_search")
    assert (first["source"], first["medium"], first["campaign"]) == ("google", "cpc", "spring")
    assert (first["referrer_host"], first["click_id_kinds"]) == ("www.google.com", ["gclid"])
    assert (second["channel"], second["rule"], second["place"]) == ("email", "explicit", 1)


async def test_an_order_without_a_capture_shows_its_entries_and_no_credit(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion(order_id="early", kind="refund"))
    await settle(db)
    order = await get(client, PATH + "early", await key_of(db, tenant))
    assert (order["capture"], order["touches"]) == (None, [])
    assert [entry["amount_cents"] for entry in order["entries"]] == [-10_000]
    assert order["balances"][0]["state"] == "awaiting_capture"
    assert all(v["allocations"] == v["shares"] == [] for v in order["versions"])


async def test_an_order_shows_that_it_awaits_credit(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant)
    await send_touches(db, tenant, make_touch())
    await send_conversions(db, tenant, make_conversion(order_id="o"))
    order = await get(client, PATH + "o", key)
    assert order["awaits_credit"]
    assert {len(version["allocations"]) for version in order["versions"]} == {0}
    await settle(db)
    assert not (await get(client, PATH + "o", key))["awaits_credit"]


@pytest.mark.own_clone
async def test_a_forgotten_touch_is_shown_by_channel_and_age(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, clone: Clone
) -> None:
    await send_touches(
        db, tenant, make_touch(), make_touch(channel="referral", occurred_at=at(0.5))
    )
    await send_conversions(db, tenant, make_conversion(order_id="o", amount_cents=101))
    await settle(db)
    key = await key_of(db, tenant)
    before = await get(client, PATH + "o", key)
    assert before["touches_forgotten_before"] is None
    forget_before(clone, tenant, at(0.25))
    # A touch that is sent again earns nothing, so it is not shown besides the one of the stored journey.
    await send_touches(db, tenant, make_touch(occurred_at=at(0.1)))
    await settle(db)
    order = await get(client, PATH + "o", key)
    first, second = order["touches"]
    assert (first["is_forgotten"], first["channel"]) == (True, "email")
    assert first["age_seconds"] == before["touches"][0]["age_seconds"]
    hidden = ("idempotency_key", "occurred_at", "rule", "source", "medium", "campaign")
    assert {first[name] for name in hidden} == {None}
    assert second == before["touches"][1]
    for version, was in zip(order["versions"], before["versions"], strict=True):
        assert version == was | {"touches_forgotten": True}
    linear = next(version for version in order["versions"] if version["model"] == "linear")
    assert [(t["channel"], t["weight"]) for t in linear["touches"]] == [
        ("email", "1/2"),
        ("referral", "1/2"),
    ]
    assert [row["allocated_cents"] for row in linear["allocations"]] == [51, 50]


@pytest.mark.own_clone
@pytest.mark.parametrize("after_conversion", ["keep", "reset"])
async def test_the_credit_of_forgotten_touches_can_be_recomputed_by_hand(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, clone: Clone, after_conversion: Any
) -> None:
    async with db.tenant(tenant) as connection:
        await define_models(
            connection, tenant, lookback_days=3, after_conversion=after_conversion, half_life_days=2
        )
    orders = await tell_a_story(db, tenant, seed=4)
    await settle(db)
    forget_before(clone, tenant, at(4))
    key = await key_of(db, tenant)
    answers = [await get(client, PATH + order_id, key) for order_id in orders]
    assert sum(check_by_hand(answer) for answer in answers) > 200
    forgotten = [touch["is_forgotten"] for answer in answers for touch in answer["touches"]]
    assert set(forgotten) == {True, False}


async def test_an_order_of_another_tenant_is_as_unknown_as_one_that_does_not_exist(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await send_conversions(db, other_tenant, make_conversion(order_id="theirs"))
    key = await key_of(db, tenant)
    bodies = []
    for order_id in ("theirs", "nobodys", "%00", "theirs%00", quote("é/ü?#", safe="")):
        answer = await client.get(PATH + order_id, headers=key)
        assert answer.status_code == 404, answer.text
        bodies.append({k: v for k, v in answer.json().items() if k != "correlation_id"})
    assert all(body == bodies[0] for body in bodies)
    assert bodies[0]["code"] == "order_unknown"


@pytest.mark.parametrize("order_id", ["2026/001", "a b?c#d%e", "ü", "x" * 200, "1/", "//"])
async def test_an_order_is_found_whatever_its_id(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, order_id: str
) -> None:
    await send_conversions(db, tenant, make_conversion(order_id=order_id))
    order = await get(client, PATH + quote(order_id, safe=""), await key_of(db, tenant))
    assert order["order_id"] == order_id


async def test_neither_the_journeys_secret_nor_its_hash_is_shown(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch())
    await send_conversions(db, tenant, make_conversion(order_id="o"))
    async with db.tenant(tenant) as connection:
        profile = await load_profile(connection, tenant)
        journey = await connection.fetchval("SELECT journey_key FROM attribution_events")
    answer = await client.get(PATH + "o", headers=await key_of(db, tenant))
    assert answer.json()["capture"]["has_journey"]
    for hidden in (profile.journey_secret.hex(), journey.hex(), "visitor-1", str(tenant)):
        assert hidden not in answer.text


async def test_an_order_that_is_set_aside_shows_the_reason_until_a_run_succeeds(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, *(make_touch() for _ in range(3)))
    await send_conversions(db, tenant, make_conversion(order_id="o"))
    key = await key_of(db, tenant)
    assert (await get(client, PATH + "o", key))["set_aside"] is None
    await credit_dirty_orders(db, bounds=Bounds(touches_of_order=2, touches_of_light_journey=1))
    order = await get(client, PATH + "o", key)
    assert order["set_aside"]["reason"] == "journey_too_long"
    assert "More than 2 touches" in order["set_aside"]["detail"]
    assert {row["channel"] for v in order["versions"] for row in v["allocations"]} == {
        "unattributed"
    }
    async with db.tenant(tenant) as connection:
        await mark_all_orders(connection, tenant)
    await credit_dirty_orders(db)
    order = await get(client, PATH + "o", key)
    assert order["set_aside"] is None
    assert {row["channel"] for v in order["versions"] for row in v["allocations"]} == {"email"}
