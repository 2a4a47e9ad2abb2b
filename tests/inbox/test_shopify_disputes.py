"""Shopify: disputes, privacy requests, and bodies that book nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from skeldir.inbox.saying import Movement
from tests.support.shopify import (
    CLOSED_AT,
    OPENED_AT,
    SHOP,
    Body,
    make_dispute,
    money,
    notices,
    say,
    trouble_of,
)


def test_a_chargeback_takes_the_money_when_it_opens() -> None:
    said = say(make_dispute())
    assert Movement("dispute", "dispute", "28", 4999, "USD", OPENED_AT, "shopify") in said.facts
    assert (said.type, notices(said)) == ("dispute", {"dispute_opened"})


def test_a_won_chargeback_says_both_ways_of_the_money() -> None:
    said = say(make_dispute(status="won", finalized_on="2026-11-25T07:00:00-05:00"))
    moved = {fact.kind: fact for fact in said.facts if isinstance(fact, Movement)}
    assert moved["dispute"] in say(make_dispute()).facts
    assert (moved["dispute_reversal"].id, moved["dispute_reversal"].moved_at) == ("28", CLOSED_AT)
    assert notices(said) == {"dispute_opened", "dispute_won"}


def test_a_day_without_time_does_not_end_a_dispute_before_it_opened() -> None:
    said = say(
        make_dispute(status="won", initiated_at="2026-11-25T10:00:00Z", finalized_on="2026-11-25")
    )
    times = {fact.moved_at for fact in said.facts if isinstance(fact, Movement)}
    assert times == {datetime(2026, 11, 25, 10, tzinfo=UTC)}


@pytest.mark.parametrize("status", ["lost", "accepted"])
def test_a_lost_chargeback_gives_nothing_back(status: str) -> None:
    said = say(make_dispute(status=status, finalized_on="2026-11-25T07:00:00-05:00"))
    assert money(said) == {("dispute", 4999, "USD", "28")}
    assert "dispute_lost" in notices(said)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"type": "inquiry"}, {"inquiry_opened"}),
        ({"type": "inquiry", "status": "won"}, {"inquiry_opened", "inquiry_closed"}),
        ({"status": "prevented"}, set()),
    ],
)
def test_inquiries_and_prevented_disputes_move_no_money(fields: Body, found: set[str]) -> None:
    said = say(make_dispute(**fields))
    assert (money(said), notices(said), said.trouble) == (set(), found, None)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "novel"}, "kind_missing"),
        ({"initiated_at": None}, "time_missing"),
        ({"status": "won", "finalized_on": None}, "time_missing"),
        ({"amount": None}, "amount_missing"),
        ({"id": "x y"}, "id_missing"),
    ],
)
def test_a_dispute_without_what_money_needs_is_trouble_and_no_fact(fields: Body, code: str) -> None:
    said = say(make_dispute(**fields))
    assert (trouble_of(said), said.facts) == (code, ())


def test_a_dispute_without_an_order_waits_under_its_own_name() -> None:
    said = say(make_dispute(order_id=None))
    assert (said.refs, said.order_ref) == (("shopify:dispute:28",), None)
    assert money(said) == {("dispute", 4999, "USD", "28")}


def test_privacy_requests_name_the_orders_and_nobody() -> None:
    shared: Body = {
        "shop_id": 9,
        "shop_domain": SHOP,
        "customer": {"id": 70, "email": "a@b.example"},
    }
    asked = say({**shared, "orders_requested": [1, 2, 2, "x y"], "data_request": {"id": 3}})
    assert asked.erasure is not None
    assert (asked.type, asked.erasure.kind) == ("customers_data_request", "data_request")
    assert asked.erasure.order_refs == ("shopify:order:1", "shopify:order:2")
    redacted = say({**shared, "orders_to_redact": list(range(1, 301))})
    assert redacted.erasure is not None
    assert (redacted.type, redacted.erasure.kind) == ("customers_redact", "redact_customer")
    assert len(redacted.erasure.order_refs) == 300
    assert redacted.refs == ()
    assert "70" not in json.dumps(asked.kept)


def test_only_the_shop_of_the_endpoint_can_be_erased() -> None:
    own = say({"shop_id": 9, "shop_domain": SHOP.upper()})
    assert own.erasure is not None
    assert (own.type, own.erasure.kind) == ("shop_redact", "redact_shop")
    other = say({"shop_id": 8, "shop_domain": "other.myshopify.com"})
    assert (other.erasure, other.is_ignored) == (None, True)


def test_a_body_with_more_than_a_shop_erases_no_shop() -> None:
    said = say({"shop_id": 9, "shop_domain": SHOP, "customer": {"id": 70}})
    assert (said.erasure, said.is_ignored) == (None, True)


def test_an_uninstalled_app_is_trouble_of_its_own_shop() -> None:
    shop: Body = {
        "id": 9,
        "myshopify_domain": SHOP,
        "plan_name": "basic",
        "email": "o@shop.example",
    }
    assert trouble_of(say(shop)) == "uninstalled"
    assert trouble_of(say({**shop, "myshopify_domain": "other.myshopify.com"})) is None


def test_the_newer_events_are_refused_as_thin() -> None:
    said = say({"topic": "Order", "action": "create", "handle": "orders", "fields_changed": []})
    assert (trouble_of(said), said.type) == ("thin_event", "event")


def test_other_bodies_are_ignored_but_not_other_money() -> None:
    product = say({"id": 1, "admin_graphql_api_id": "gid://shopify/Product/1"})
    assert (product.is_ignored, product.trouble, product.type) == (True, None, "Product")
    assert say({}).is_ignored
    assert trouble_of(say({"order_id": 59, "amount": "1.00"})) == "kind_missing"
