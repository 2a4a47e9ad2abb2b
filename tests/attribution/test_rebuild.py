"""However facts arrive, the credit equals that of a full rebuild, and that computed from the rules by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from skeldir.attribution import RULE_MODELS, ModelVersion, credit_dirty_orders, define_models
from skeldir.attribution.bounds import BOUNDS, Bounds
from skeldir.attribution.models import JourneyTouch
from skeldir.attribution.splits import LedgerEntry, allocate_order
from skeldir.db.pool import Database
from tests.support.credit import (
    CreditRow,
    assert_ledger_is_credited,
    read_credits,
    rebuild_credits,
)
from tests.support.make import at, make_tenant, send_conversions, send_touches

LOOKBACK_DAYS = 3
# Everything is read, computed and written in the smallest parts; no order has more touches in reach.
TINY = Bounds(
    touches_of_order=9,
    touches_of_light_journey=1,
    touches_at_once=18,
    entries_at_once=17,
    entries_of_order=16,
    touches_of_page=2,
    touches_of_part=1,
    shares_of_part=1,
    orders_of_restatement=1,
    rows_of_statement=1,
    orders_of_expansion=1,
)
NAMESPACE = UUID(int=0x51)
SIGNS = {"capture": 1, "refund": -1, "refund_reversal": 1, "dispute": -1, "dispute_reversal": 1}

Item = dict[str, object]
AfterConversion = Literal["keep", "reset"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Facts that arrive in one transaction per kind, and whether a credit run follows."""

    touches: list[Item]
    conversions: list[Item]
    is_followed_by_a_run: bool


# Few moments, so that many are equal or exactly a lookback apart; keys whose bytewise order is not the alphabet's.
moments = st.integers(0, 12).map(lambda half_days: at(half_days / 2))
journeys = st.sampled_from(["visitor-1", "visitor-1", "visitor-2"])
names = st.permutations([f"{letter}{number}" for letter in "aZéz" for number in range(6)])


@st.composite
def draw_touches(draw: st.DrawFn) -> list[Item]:
    count = draw(st.integers(0, 9))
    return [
        {
            "idempotency_key": key,
            "occurred_at": draw(moments),
            "journey_key": draw(journeys),
            "channel": draw(st.sampled_from(["direct", "email", "paid_search", "display"])),
        }
        for key in draw(names)[:count]
    ]


@st.composite
def draw_conversions(draw: st.DrawFn) -> list[Item]:
    keys = iter(draw(names))
    orders = draw(st.lists(st.sampled_from("aZéz"), max_size=4, unique=True))
    kinds = st.builds(
        lambda first, others: [first, *others],
        st.sampled_from(["capture", "capture", *SIGNS]),
        st.lists(st.sampled_from(["capture", *SIGNS]), max_size=3),
    )
    return [
        {
            "idempotency_key": next(keys),
            "order_id": order_id,
            "kind": kind,
            "amount_cents": draw(st.sampled_from([1, 2, 100, 101, 9_999])),
            "currency": draw(st.sampled_from(["USD", "USD", "JPY"])),
            "occurred_at": draw(moments),
            "journey_key": draw(st.sampled_from(["visitor-1", "visitor-1", "visitor-2", None])),
        }
        for order_id in orders
        for kind in draw(kinds)
    ]


@st.composite
def draw_arrivals(
    draw: st.DrawFn, touches: Sequence[Item], conversions: Sequence[Item]
) -> list[Arrival]:
    facts = [("touch", item) for item in touches] + [("conversion", item) for item in conversions]
    again = draw(st.lists(st.sampled_from(facts), max_size=3)) if facts else []
    arriving = draw(st.permutations(facts + again))
    arrivals = []
    while arriving:
        size = draw(st.integers(1, 6))
        together, arriving = arriving[:size], arriving[size:]
        arrivals.append(
            Arrival(
                [item for kind, item in together if kind == "touch"],
                [item for kind, item in together if kind == "conversion"],
                draw(st.booleans()),
            )
        )
    return arrivals


async def make_tenant_with_models(db: Database, after_conversion: AfterConversion) -> UUID:
    tenant = await make_tenant(db, "any")
    async with db.tenant(tenant) as connection:
        await define_models(
            connection, tenant, lookback_days=LOOKBACK_DAYS, after_conversion=after_conversion
        )
    return tenant


def credit_by_hand(
    touches: Sequence[Item], conversions: Sequence[Item], after_conversion: AfterConversion
) -> list[CreditRow]:
    """Return the credit by the rules, from all facts at once and without a database.

    An order converts at its first capture by (moment, key). With "reset" it earns from the touches after the previous
    conversion of its journey, by (moment, order id).
    """
    captures = sorted(
        (item for item in conversions if item["kind"] == "capture"),
        key=lambda item: (moment_of(item), str(item["idempotency_key"]).encode()),
    )
    first: dict[object, Item] = {}
    for item in captures:
        first.setdefault(item["order_id"], item)
    rows: list[CreditRow] = []
    for order_id, capture in first.items():
        journey = [item for item in touches if item["journey_key"] == capture["journey_key"]]
        converted = place_of(capture)
        before = [
            place_of(item)
            for item in first.values()
            if item["journey_key"] == capture["journey_key"] and place_of(item) < converted
        ]
        window = [
            touch
            for touch in sorted(map(journey_touch, journey), key=touch_place)
            if converted[0] - timedelta(days=LOOKBACK_DAYS) <= touch.occurred_at <= converted[0]
            and (after_conversion == "keep" or not before or touch.occurred_at > max(before)[0])
        ]
        entries = [item for item in conversions if item["order_id"] == order_id]
        rows += credit_order_by_hand(str(order_id), entries, window)
    return rows


def credit_order_by_hand(
    order_id: str, items: Sequence[Item], window: Sequence[JourneyTouch]
) -> Iterator[CreditRow]:
    entries = {ledger_entry(item).entry_id: ledger_entry(item) for item in items}
    for model in RULE_MODELS:
        version = ModelVersion(f"{model}@2", model)
        for row in allocate_order(list(entries.values()), window, version):
            entry = entries[row.entry_id]
            yield (
                order_id,
                row.model_version,
                entry.business_key,
                row.channel_code,
                str(entry.occurred_at.date()),
                entry.currency,
                row.allocated_cents,
                row.conversion_ppt,
            )


def moment_of(item: Item) -> datetime:
    return datetime.fromisoformat(str(item["occurred_at"])).astimezone(UTC)


def place_of(capture: Item) -> tuple[datetime, bytes]:
    return moment_of(capture), str(capture["order_id"]).encode()


def journey_touch(item: Item) -> JourneyTouch:
    return JourneyTouch(moment_of(item), str(item["channel"]), str(item["idempotency_key"]))


def touch_place(touch: JourneyTouch) -> tuple[datetime, bytes]:
    return touch.occurred_at, touch.idempotency_key.encode()


def ledger_entry(item: Item) -> LedgerEntry:
    key, kind, cents = str(item["idempotency_key"]), str(item["kind"]), item["amount_cents"]
    assert isinstance(cents, int)
    return LedgerEntry(
        uuid5(NAMESPACE, key),
        key,
        moment_of(item),
        kind,
        str(item["currency"]),
        SIGNS[kind] * cents,
    )


facts = given(
    data=st.data(),
    after_conversion=st.sampled_from(["keep", "reset"]),
    bounds=st.sampled_from([BOUNDS, BOUNDS, BOUNDS, TINY]),
)
some = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@some
@facts
async def test_any_arrival_of_the_same_facts_gives_the_credits_of_a_rebuild(
    db: Database, data: st.DataObject, after_conversion: AfterConversion, bounds: Bounds
) -> None:
    await hold_credits_against_a_rebuild(db, data, after_conversion, bounds)


@pytest.mark.slow
@settings(some, max_examples=200)
@facts
async def test_hundreds_of_arrivals_of_the_same_facts_give_the_credits_of_a_rebuild(
    db: Database, data: st.DataObject, after_conversion: AfterConversion, bounds: Bounds
) -> None:
    await hold_credits_against_a_rebuild(db, data, after_conversion, bounds)


async def hold_credits_against_a_rebuild(
    db: Database, data: st.DataObject, after_conversion: AfterConversion, bounds: Bounds
) -> None:
    touches, conversions = data.draw(draw_touches()), data.draw(draw_conversions())
    arrivals = data.draw(draw_arrivals(touches, conversions))

    tenant = await make_tenant_with_models(db, after_conversion)
    for number, arrival in enumerate(arrivals):
        await send_touches(db, tenant, *arrival.touches, origin=f"t{number}")
        await send_conversions(db, tenant, *arrival.conversions, origin=f"c{number}")
        if arrival.is_followed_by_a_run:
            await credit_dirty_orders(db, tenant_id=tenant, bounds=bounds)
    report = await credit_dirty_orders(db, tenant_id=tenant, bounds=bounds)
    assert (report.is_complete, report.set_aside) == (True, 0)
    incremental = await read_credits(db, tenant)
    event(f"{sum(arrival.is_followed_by_a_run for arrival in arrivals)} runs in between")

    await assert_ledger_is_credited(db, tenant)
    expected = credit_by_hand(touches, conversions, after_conversion)
    assert sorted(incremental) == sorted(expected)
    assert incremental == await rebuild_credits(db, tenant)

    fresh = await make_tenant_with_models(db, after_conversion)
    await send_conversions(db, fresh, *conversions)
    await send_touches(db, fresh, *touches)
    assert incremental == await rebuild_credits(db, fresh)
