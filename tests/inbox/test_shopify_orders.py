"""Shopify: what an order says of its state, its journey and its buyer's way to the shop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skeldir.inbox.saying import Visit
from tests.support.shopify import (
    CONTEXT,
    SHOP,
    Body,
    make_dispute,
    make_order,
    make_refund,
    make_transaction,
    notices,
    say,
)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"financial_status": "authorized"}, {"authorized"}),
        ({"financial_status": "voided"}, {"voided"}),
        ({"financial_status": "expired"}, {"voided"}),
        ({"cancelled_at": "2026-11-03T09:00:00-05:00"}, {"cancelled"}),
        ({"financial_status": "partially_refunded"}, set()),
    ],
)
def test_an_order_gives_notice_of_its_state(fields: Body, found: set[str]) -> None:
    assert notices(say(make_order(**fields))) == found


@pytest.mark.parametrize(
    ("fields", "is_live"),
    [
        ({}, True),
        ({"test": True}, False),
        ({"payment_gateway_names": ["bogus"]}, False),
        ({"test": None}, None),
    ],
)
def test_an_order_is_a_test_by_its_flag_or_its_gateway(fields: Body, is_live: bool | None) -> None:
    assert say(make_order(**fields)).is_live is is_live


def test_a_transaction_of_the_bogus_gateway_is_a_test() -> None:
    assert say(make_transaction(gateway="bogus")).is_live is False
    assert say(make_refund(transactions=[make_transaction(gateway="Bogus")])).is_live is False
    assert say(make_dispute()).is_live is None


@pytest.mark.parametrize("source", ["subscription_contract", "subscription_contract_checkout_one"])
def test_an_order_made_by_a_subscription_is_a_renewal(source: str) -> None:
    said = say(make_order(source_name=source))
    assert (said.is_renewal, said.visit) == (True, None)
    assert say(make_order(source_name="web")).is_renewal is None


def test_a_sales_channel_is_the_source_only_without_a_landing_page() -> None:
    assert say(make_order(source_name="instagram")).visit == Visit(source="instagram")
    with_page = say(make_order(source_name="instagram", landing_site="/a?utm_source=b"))
    assert with_page.visit == Visit(landing="/a?utm_source=b")
    assert say(make_order(source_name="web")).visit is None


@pytest.mark.parametrize("value", [None, 7, "", "a\nb", "x" * 201])
def test_a_journey_is_a_token_or_nothing(value: object) -> None:
    attributes = [{"name": "other", "value": "no"}, {"name": "journey_key", "value": value}, "odd"]
    assert say(make_order(note_attributes=attributes)).journey is None
    attributes.append({"name": "journey_key", "value": " token-1 "})
    assert say(make_order(note_attributes=attributes)).journey == "token-1"


@pytest.mark.parametrize(
    ("host", "account", "trouble"),
    [
        ("sample-shop.myshopify.com", SHOP, None),
        ("Sample-Shop.MyShopify.com", SHOP, None),
        ("other-shop.myshopify.com", SHOP, "wrong_shop"),
        ("checkout.example.com", SHOP, None),
        ("other-shop.myshopify.com.example.com", SHOP, None),
        ("other-shop.myshopify.com", "shop.example.com", None),
    ],
)
def test_an_order_of_another_shop_at_shopify_is_in_trouble(
    host: str, account: str, trouble: str | None
) -> None:
    order = make_order(order_status_url=f"https://{host}/1/orders/token/authenticate?key=a")
    said = say(order, replace(CONTEXT, account=account))
    assert (None if said.trouble is None else said.trouble.code) == trouble
    assert bool(said.facts) is False
    assert "token" not in str(said.kept)


@pytest.mark.parametrize("value", [None, 7, "", "https://", "other-shop.myshopify.com"])
def test_an_address_that_is_none_says_nothing_of_the_shop(value: object) -> None:
    assert say(make_order(order_status_url=value)).trouble is None
