"""A movement that is reported in two ways is booked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import pytest

from skeldir.inbox.booking import Booking, Rules, book
from skeldir.inbox.reporting import Report, report_of
from skeldir.inbox.saying import Provider, Said
from tests.support import paypal_events as paypal
from tests.support.shopify import CONTEXT, make_order, make_transaction
from tests.support.shopify import say as shopify_says
from tests.support.stripe import BEFORE_BASIL, make_charge, make_dispute, make_refund, say


def reports_of(provider: Provider, *said: Said) -> list[Report]:
    assert all(one.trouble is None for one in said)
    return [report_of(provider, bytes([number]), one, None) for number, one in enumerate(said)]


def booked_once(reports: Sequence[Report]) -> Booking:
    """Return the one booking of the reports in each order."""
    bookings = {book(some, Rules()) for some in permutations(reports)}
    assert len(bookings) == 1
    return bookings.pop()


@pytest.mark.parametrize("accounts", [("", "acct_1"), ("acct_1", "")])
def test_a_charge_with_and_without_its_connected_account_is_booked_once_with_it(
    accounts: tuple[str, str],
) -> None:
    first, second = ({"account": account} if account else {} for account in accounts)
    said = (
        say("charge.succeeded", make_charge(), **first),
        say("charge.succeeded", make_charge(), **second, created=1793613650),
        say("refund.created", make_refund(), **second),
        say("charge.dispute.funds_withdrawn", make_dispute(amount=500), **first),
    )
    booking = booked_once(reports_of("stripe", *said))
    assert sorted(entry.business_key for entry in booking.entries) == [
        "stripe:acct_1:charge:ch_1:capture",
        "stripe:acct_1:dispute:dp_1:dispute",
        "stripe:acct_1:refund:re_1:refund",
    ]
    assert booking.flags == ()


def test_a_transaction_of_shopify_that_came_to_the_endpoints_of_two_shops_is_booked_once() -> None:
    endpoints = [replace(CONTEXT, account=f"{name}.myshopify.com") for name in ("b", "a", "b")]
    bodies = (make_transaction(), make_transaction(), make_order())
    said = [shopify_says(body, context) for body, context in zip(bodies, endpoints, strict=True)]
    booking = booked_once(reports_of("shopify", *(one for one in said if one.trouble is None)))
    assert [entry.business_key.split(":")[1] for entry in booking.entries] == ["a.myshopify.com"]
    assert booking.flags == ()


def test_charges_of_two_accounts_keep_theirs_if_one_order_joins_them() -> None:
    said = (
        say("charge.succeeded", make_charge(), account="acct_1"),
        say("charge.succeeded", make_charge(id="ch_2", payment_intent="pi_2")),
        say("charge.succeeded", make_charge(id="ch_3", payment_intent="pi_3"), account="acct_2"),
    )
    booking = booked_once(reports_of("stripe", *said))
    assert sorted(entry.business_key for entry in booking.entries) == [
        "stripe::charge:ch_2:capture",
        "stripe:acct_1:charge:ch_1:capture",
        "stripe:acct_2:charge:ch_3:capture",
    ]


def test_a_release_is_no_refund_though_only_one_of_its_reports_names_the_account() -> None:
    captured = make_charge(amount_captured=3000, amount_refunded=1999)
    remainder = make_refund(id="re_remainder", amount=1999)
    said = (
        say("charge.captured", captured, account="acct_1", api_version=BEFORE_BASIL),
        say("refund.created", remainder, api_version=BEFORE_BASIL),
    )
    booking = booked_once(reports_of("stripe", *said))
    assert [entry.amount_cents for entry in booking.entries] == [3000]


def test_a_sale_of_paypals_that_is_reported_as_a_capture_too_is_booked_once() -> None:
    amount = {"value": "19.00", "currency_code": "USD"}
    refund = paypal.make_sale_refund(id="REF1", total_refunded_amount=None)
    said = (
        paypal.hear("PAYMENT.SALE.COMPLETED", paypal.make_sale()),
        paypal.hear("PAYMENT.CAPTURE.COMPLETED", paypal.make_capture(id="SAL1", amount=amount)),
        paypal.hear("PAYMENT.SALE.REFUNDED", refund),
    )
    assert all("paypal:capture:SAL1" in one.refs for one in said)
    booking = booked_once(reports_of("paypal", *said))
    assert [(entry.kind, entry.amount_cents) for entry in booking.entries] == [
        ("capture", 1900),
        ("refund", -500),
    ]
    assert booking.flags == ()


def test_a_dispute_of_stripes_that_is_lost_after_it_was_won_pays_back_what_its_turn_withdrew() -> (
    None
):
    amounts = (-4999, 4999, -4999, 3000)
    moves = [
        {"amount": amount, "currency": "eur", "created": 1793613700 + number}
        for number, amount in enumerate(amounts)
    ]
    said = [say("charge.succeeded", make_charge())]
    for number, amount in enumerate(amounts, start=1):
        about = make_dispute(balance_transactions=moves[:number])
        type_ = "funds_withdrawn" if amount < 0 else "funds_reinstated"
        said.append(say(f"charge.dispute.{type_}", about, created=1793613700 + number))
    booking = booked_once(reports_of("stripe", *said))
    assert [entry.amount_cents for entry in booking.entries] == [4999, *amounts]
    assert booking.state == "captured"
