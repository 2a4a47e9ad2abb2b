"""Deliveries of an order in any order of arrival, repeated and at once, end in the same ledger; then credit follows."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from itertools import permutations
from uuid import UUID

import pytest
from psycopg.rows import TupleRow

from skeldir.attribution import credit_dirty_orders
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.inbox.booking import Booking, Rules, book
from skeldir.inbox.reporting import report_of
from skeldir.inbox.saying import Context
from skeldir.inbox.stripe import translate
from skeldir.money import decimals
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import Clone
from tests.support.inbox import Post, inbox_of, make_post
from tests.support.make import make_touch, send_touches
from tests.support.stripe import make_charge, make_dispute, make_event, make_refund

# Minor units of the currency and in Stripe's integers, for the same share of the order.
WIRE_DECIMALS = {"USD": 2, "JPY": 0, "KWD": 3, "MGA": 0, "ISK": 2}
UNIT = {"USD": 100, "JPY": 1, "KWD": 1000, "MGA": 1, "ISK": 100}
AT = 1793613602
JOURNEY = "journey_1"


def make_events(order: str, currency: str) -> list[dict[str, object]]:
    """Return six events of an order of 50 units: authorized, captured, two refunds, a dispute, and its end."""
    unit, code = UNIT[currency], currency.lower()

    def event(number: int, kind: str, about: dict[str, object]) -> dict[str, object]:
        common = {"currency": code, "metadata": {"order_id": order, "skeldir_journey": JOURNEY}}
        return make_event(
            kind, about | common, id=f"evt_{order}_{number}", created=AT + number, livemode=True
        )

    charge: dict[str, object] = {
        "id": f"ch_{order}", "payment_intent": f"pi_{order}", "amount": 50 * unit,
    }  # fmt: skip
    of_charge: dict[str, object] = {"charge": f"ch_{order}", "payment_intent": f"pi_{order}"}
    dispute = make_dispute(**of_charge, id=f"dp_{order}", amount=30 * unit, balance_transactions=[])
    return [
        event(0, "charge.succeeded", make_charge(**charge, captured=False, amount_captured=0)),
        event(1, "charge.captured", make_charge(**charge, amount_captured=50 * unit)),
        event(2, "refund.created", make_refund(**of_charge, id=f"re_{order}_1", amount=10 * unit)),
        event(3, "refund.created", make_refund(**of_charge, id=f"re_{order}_2", amount=7 * unit)),
        event(4, "charge.dispute.funds_withdrawn", dispute),
        event(5, "charge.dispute.funds_reinstated", dispute),
    ]


def expected_entries(order: str, currency: str) -> list[tuple[str, str, int, str]]:
    unit = 10 ** decimals(currency)
    return [
        (order, kind, amount * unit, currency)
        for kind, amount in (
            ("capture", 50), ("refund", -10), ("refund", -7), ("dispute", -30), ("dispute_reversal", 30),
        )
    ]  # fmt: skip


@pytest.fixture
async def post(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Post]:
    async with inbox_of(clone, monkeypatch) as (_app, client):
        yield await make_post(client, clone, db, tenant, "stripe")


async def deliver_at_once(post: Post, bodies: Sequence[dict[str, object]], most: int = 50) -> None:
    """Send bodies in their order, up to `most` at a time."""
    free = asyncio.Semaphore(most)

    async def send(body: dict[str, object]) -> None:
        async with free:
            answer = await post.send(json.dumps(body).encode())
            assert answer.status_code == 200, answer.text

    await asyncio.gather(*map(send, bodies))


def states(post: Post) -> list[TupleRow]:
    return post.ask("SELECT DISTINCT state, flags, waiting::text, evidence::text FROM payments")


@pytest.mark.parametrize("currency", UNIT)
async def test_every_order_of_arrival_ends_in_one_ledger(post: Post, currency: str) -> None:
    rng = random.Random(currency)
    orders = list(permutations(range(6)))
    # All of them are booked in the test below; one in twenty is delivered in each currency.
    chosen = rng.sample(orders, len(orders) // 20)
    names = [f"{currency}-{number}" for number in range(len(chosen))]
    turns = [
        [make_events(name, currency)[place] for place in order]
        for name, order in zip(names, chosen, strict=True)
    ]
    for round_ in range(6):
        bodies = [turn[round_] for turn in turns]
        repeated = [rng.choice(turn[: round_ + 1]) for turn in turns if rng.random() < 0.5]
        await deliver_at_once(post, rng.sample(bodies + repeated, len(bodies + repeated)))
    wanted = [entry for name in names for entry in expected_entries(name, currency)]
    assert sorted(post.entries()) == sorted(wanted)
    assert states(post) == [("partially_refunded", [], "[]", "[]")]


@pytest.mark.parametrize("currency", UNIT)
def test_all_720_orders_of_arrival_are_booked_alike_at_each_step(currency: str) -> None:
    context = Context(is_live=True, now=utc_now())
    reports = [
        report_of("stripe", str(body["id"]).encode(), translate(body, context), None)
        for body in make_events("order-1", currency)
    ]
    # What is booked after the first few deliveries may depend on which came, but not on their order.
    after: dict[frozenset[int], Booking] = {}
    for order in permutations(range(6)):
        for count in range(1, 7):
            came = order[:count]
            booking = book([reports[place] for place in (*came, came[0])], Rules())
            assert after.setdefault(frozenset(came), booking) == booking
    last = after[frozenset(range(6))]
    assert [
        (entry.order_id, entry.kind, entry.amount_cents, entry.currency) for entry in last.entries
    ] == expected_entries("order-1", currency)
    assert (last.state, last.flags, last.waiting) == ("partially_refunded", (), ())


async def test_all_deliveries_of_an_order_at_once_end_in_one_ledger(post: Post) -> None:
    rng = random.Random(7)
    bodies = make_events("order-1", "USD") * 8
    await deliver_at_once(post, rng.sample(bodies, len(bodies)))
    assert sorted(post.entries()) == sorted(expected_entries("order-1", "USD"))
    assert post.ask("SELECT count(*) FROM webhook_deliveries") == [(6,)]
    assert states(post) == [("partially_refunded", [], "[]", "[]")]


async def test_a_refund_before_its_capture_waits_and_is_seen_to_wait(post: Post) -> None:
    _, captured, refund, *_ = make_events("order-1", "USD")
    await post.send(refund)
    assert post.entries() == []
    ((state, _, waiting, _),) = states(post)
    assert state == "awaiting_capture"
    assert [(one["kind"], one["minor"]) for one in json.loads(waiting)] == [("refund", 1000)]
    await post.send(captured)
    assert [cents for *_, cents, _ in post.entries()] == [5000, -1000]
    assert states(post) == [("partially_refunded", [], "[]", "[]")]


async def test_credit_follows_what_was_booked_in_any_order(
    post: Post, db: Database, tenant: UUID
) -> None:
    rng = random.Random(11)
    touch = make_touch(
        journey_key=JOURNEY, occurred_at="2026-11-01T10:00:00Z", channel="paid_search"
    )
    await send_touches(db, tenant, touch)
    turns = [make_events(f"order-{number}", "USD") for number in range(5)]
    bodies = [event for turn in turns for event in turn]
    for body in rng.sample(bodies, len(bodies)):
        await post.send(body)
        if rng.random() < 0.3:
            await credit_dirty_orders(db)
            await roll_up_dirty_days(db)
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    # Of each order 33 of 50 units are left.
    assert post.ask(
        "SELECT channel_code, sum(credited_cents)::bigint FROM rollup_channel_day"
        " WHERE model_version LIKE 'last_touch%' GROUP BY 1 HAVING sum(credited_cents) <> 0"
    ) == [("paid_search", 5 * 3300)]
