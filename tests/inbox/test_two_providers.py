"""A payment that a shop and its gateway report is counted once, and joined to its journey, whichever comes first."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from itertools import permutations
from uuid import UUID

import pytest

from skeldir.attribution import credit_dirty_orders
from skeldir.db.pool import Database
from skeldir.inbox import rebook_all, set_precedence
from skeldir.inbox.saying import EndpointProvider
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import Clone
from tests.support import shopify, stripe, woocommerce
from tests.support.inbox import Post, inbox_of, make_post
from tests.support.make import make_touch, send_touches

Desk = dict[EndpointProvider, Post]
PROVIDERS: tuple[EndpointProvider, ...] = ("stripe", "shopify", "woocommerce")
REFUND_OF_WOO = {"id": 724, "reason": "", "total": "-9.00"}


@pytest.fixture
async def desk(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    async with inbox_of(clone, monkeypatch) as (_app, client):
        yield {one: await make_post(client, clone, db, tenant, one) for one in PROVIDERS}


async def deliver(desk: Desk, *deliveries: tuple[EndpointProvider, dict[str, object]]) -> None:
    for provider, body in deliveries:
        answer = await desk[provider].send(json.dumps(body, default=str).encode())
        assert answer.status_code == 200, answer.text


def entries_of(desk: Desk) -> list[tuple[str, str, int]]:
    rows = desk["stripe"].ask(
        "SELECT split_part(business_key, ':', 1), kind, amount_cents FROM standing_entries ORDER BY 1, 3 DESC"
    )
    return [(provider, kind, cents) for provider, kind, cents in rows]


def charge(order: str, **fields: object) -> dict[str, object]:
    about = stripe.make_charge(
        amount=3900, amount_captured=3900, currency="usd", metadata={"order_id": order}, **fields
    )
    return stripe.make_event("charge.succeeded", about, livemode=True)


def refund(order: str) -> dict[str, object]:
    about = stripe.make_refund(amount=900, currency="usd", metadata={"order_id": order})
    event = stripe.make_event("refund.created", about, livemode=True, created=1793700000)
    return event | {"id": "evt_refund"}


WOO_ORDER = woocommerce.make_order(order_key="wc_order")
WOO_REFUNDED = woocommerce.make_order(
    order_key="wc_order", refunds=[REFUND_OF_WOO], date_modified_gmt="2026-11-03T10:00:00"
)
OF_WOO: Sequence[tuple[EndpointProvider, dict[str, object]]] = (
    ("stripe", charge("723")),
    ("stripe", refund("723")),
    ("woocommerce", WOO_ORDER),
    ("woocommerce", WOO_REFUNDED),
)


@pytest.mark.slow
@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_an_order_of_woocommerce_paid_through_stripe_is_counted_once(
    desk: Desk, db: Database, tenant: UUID, order: tuple[int, ...]
) -> None:
    await deliver(desk, *(OF_WOO[place] for place in order))
    assert entries_of(desk) == [("stripe", "capture", 3900), ("stripe", "refund", -900)]
    assert desk["stripe"].ask("SELECT state, jsonb_array_length(evidence) FROM payments") == [
        ("partially_refunded", 2)
    ]
    async with db.tenant(tenant) as connection:
        await set_precedence(connection, tenant, "shop")
    await rebook_all(db, tenant, is_of_both=True)
    assert entries_of(desk) == [("woocommerce", "capture", 3900), ("woocommerce", "refund", -900)]


async def test_an_order_of_shopify_is_joined_by_the_reference_in_the_gateways_metadata(
    desk: Desk,
) -> None:
    paid = shopify.make_transaction(gateway="stripe", amount="39.00")
    await deliver(desk, ("shopify", paid), ("stripe", charge("59")))
    assert entries_of(desk) == [("stripe", "capture", 3900)]
    # What was paid another way stays booked.
    await deliver(desk, ("shopify", shopify.make_transaction(id=61, amount="10.00")))
    assert entries_of(desk) == [("shopify", "capture", 1000), ("stripe", "capture", 3900)]


async def test_two_groups_that_a_later_delivery_joins_become_one_payment(desk: Desk) -> None:
    about = stripe.make_charge(payment_intent="pi_1", currency="usd", metadata={})
    captured = stripe.make_event("charge.succeeded", about, livemode=True)
    session = stripe.make_session(
        id="cs_1", payment_intent="pi_1", metadata={"order_id": "A-9"}, client_reference_id=None
    )
    await deliver(desk, ("stripe", captured))
    assert desk["stripe"].ask("SELECT order_id FROM payments") == [("stripe:payment_intent:pi_1",)]
    late = stripe.make_event("checkout.session.completed", session, livemode=True)
    await deliver(desk, ("stripe", late | {"id": "evt_session"}))
    assert desk["stripe"].ask("SELECT order_id, state FROM payments") == [("A-9", "captured")]
    assert desk["stripe"].entries() == [("A-9", "capture", 4999, "USD")]


async def credit_of(desk: Desk, db: Database) -> list[tuple[str, int]]:
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    rows = desk["stripe"].ask(
        "SELECT channel_code, sum(credited_cents)::bigint FROM rollup_channel_day"
        " WHERE model_version LIKE 'last_touch%' GROUP BY 1 HAVING sum(credited_cents) <> 0"
    )
    return [(channel, cents) for channel, cents in rows]


async def test_a_token_that_comes_after_the_money_joins_the_order_to_its_journey(
    desk: Desk, db: Database, tenant: UUID
) -> None:
    touch = make_touch(journey_key="j-1", occurred_at="2026-11-01T10:00:00Z", channel="email")
    await send_touches(db, tenant, touch)
    await deliver(desk, ("stripe", charge("A-1")))
    assert await credit_of(desk, db) == [("unattributed", 3900)]
    session = stripe.make_session(
        id="cs_1", payment_intent="pi_1", metadata={}, client_reference_id="j-1"
    )
    late = stripe.make_event("checkout.session.completed", session, livemode=True)
    await deliver(desk, ("stripe", late | {"id": "evt_session"}))
    assert await credit_of(desk, db) == [("email", 3900)]


async def test_without_a_token_the_orders_own_fields_say_where_the_buyer_came_from(
    desk: Desk, db: Database, tenant: UUID
) -> None:
    order = shopify.make_order(
        landing_site="/shoes?utm_source=newsletter&utm_medium=email",
        referring_site="https://mail.example/",
    )
    await deliver(desk, ("shopify", order), ("shopify", shopify.make_transaction()))
    assert await credit_of(desk, db) == [("email", 4999)]
    assert desk["shopify"].ask("SELECT journey FROM payments") == [("derived",)]
    attribution = woocommerce.make_meta(
        _wc_order_attribution_source_type="utm",
        _wc_order_attribution_utm_source="google",
        _wc_order_attribution_utm_medium="cpc",
    )
    await deliver(desk, ("woocommerce", WOO_ORDER | {"meta_data": attribution}))
    assert sorted(await credit_of(desk, db)) == [("email", 4999), ("paid_search", 3900)]
    # A token that comes later goes before what was derived.
    touch = make_touch(journey_key="j-2", occurred_at="2026-11-01T10:00:00Z", channel="affiliates")
    await send_touches(db, tenant, touch)
    noted = order | {
        "note_attributes": [{"name": "skeldir_journey", "value": "j-2"}],
        "updated_at": "2026-11-02T06:00:00-05:00",
    }
    await deliver(desk, ("shopify", noted))
    assert sorted(await credit_of(desk, db)) == [("affiliates", 4999), ("paid_search", 3900)]
    assert ("token",) in desk["shopify"].ask("SELECT journey FROM payments")
