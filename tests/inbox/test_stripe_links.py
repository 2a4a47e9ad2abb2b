"""Stripe: the order, the journey, the subscription and the parts of the sum that an event belongs to or names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skeldir.inbox.saying import Notice, Part
from tests.support.stripe import (
    ABSENT,
    CONTEXT,
    CREATED_AT,
    make_charge,
    make_dispute,
    make_invoice,
    make_refund,
    make_session,
    say,
)


def test_all_events_of_a_payment_meet_in_its_payment_intent_and_its_order() -> None:
    payment = ("stripe:payment_intent:pi_1", "stripe:charge:ch_1")
    shop = replace(CONTEXT, order_prefix="shop-a-")
    said = say("charge.succeeded", make_charge(), shop)
    assert set(said.refs) == {*payment, "order:shop-a-A-1"}
    assert (said.order_ref, said.own_ref) == ("shop-a-A-1", payment[0])
    assert said.journey == "journey_1"
    refund = say("refund.created", make_refund(), shop)
    assert set(refund.refs) == {*payment, "stripe:refund:re_1", "order:shop-a-A-1"}
    assert refund.own_ref == payment[0]
    dispute = say("charge.dispute.created", make_dispute())
    assert set(dispute.refs) == {*payment, "stripe:dispute:dp_1"}
    intent = {"id": "pi_1", "latest_charge": "ch_1", "metadata": {}}
    assert set(say("payment_intent.succeeded", intent).refs) == set(payment)
    cancelled = say("payment_intent.canceled", intent)
    assert cancelled.facts == (Notice("voided", "pi_1", CREATED_AT),)


def test_the_metadata_of_other_names_is_read_where_the_endpoint_says_so() -> None:
    names = replace(CONTEXT, order_name="cart", journey_name="click_id")
    charge = make_charge(metadata={"cart": "#77", "click_id": "clk_1", "order_id": "A-1"})
    said = say("charge.succeeded", charge, names)
    assert (said.order_ref, said.journey) == ("77", "clk_1")


@pytest.mark.parametrize("kind", ["completed", "async_payment_succeeded", "expired"])
def test_a_session_links_its_payment_and_the_journey_paid_or_not(kind: str) -> None:
    session = make_session(payment_status="unpaid", invoice="in_1")
    said = say(f"checkout.session.{kind}", session)
    assert (said.facts, said.is_ignored, said.trouble) == ((), False, None)
    linked = {"stripe:session:cs_1", "stripe:payment_intent:pi_1", "stripe:invoice:in_1"}
    assert set(said.refs) == linked
    assert said.journey == "journey_1"
    assert set(said.parts) == {
        Part("gross", 4999, "EUR"),
        Part("tax", 798, "EUR"),
        Part("shipping", 490, "EUR"),
        Part("discount", 500, "EUR"),
    }


def test_the_journey_in_the_metadata_goes_before_the_client_reference() -> None:
    session = make_session(metadata={"skeldir_journey": "journey_2"})
    assert say("checkout.session.completed", session).journey == "journey_2"


def test_a_subscription_is_an_agreement_and_never_a_name_of_an_order() -> None:
    session = make_session(mode="subscription", subscription="sub_1", payment_intent=None)
    first = say("checkout.session.completed", session)
    later = say("invoice.paid", make_invoice())
    old = say("invoice.paid", make_invoice(parent=ABSENT, subscription="sub_1", charge="ch_2"))
    assert [one.agreement for one in (first, later, old)] == ["sub_1"] * 3
    assert [one.is_renewal for one in (first, later, old)] == [False, True, True]
    assert (later.refs, later.journey) == (("stripe:invoice:in_1",), "journey_1")
    assert set(old.refs) == {"stripe:invoice:in_1", "stripe:charge:ch_2"}
    assert not any("sub_1" in ref or "cus_1" in ref for one in (first, later) for ref in one.refs)


@pytest.mark.parametrize(
    ("reason", "is_renewal"),
    [("subscription_create", False), ("subscription_update", None), ("manual", None), (7, None)],
)
def test_an_invoice_names_a_renewal_by_its_reason(reason: object, is_renewal: bool | None) -> None:
    assert say("invoice.paid", make_invoice(billing_reason=reason)).is_renewal is is_renewal


def test_an_invoice_has_the_sums_of_its_taxes_and_discounts() -> None:
    assert set(say("invoice.paid", make_invoice()).parts) == {
        Part("gross", 1900, "EUR"),
        Part("tax", 303, "EUR"),
        Part("discount", 100, "EUR"),
    }


@pytest.mark.parametrize("noun", ["payment_intent", "charge"])
def test_the_payment_of_an_invoice_links_it(noun: str) -> None:
    about = {"id": "inpay_1", "invoice": "in_1", "payment": {"type": noun, noun: "id_1"}}
    said = say("invoice_payment.paid", about)
    assert set(said.refs) == {"stripe:invoice:in_1", f"stripe:{noun}:id_1"}
    assert (said.facts, said.trouble) == ((), None)


def test_the_fee_is_in_an_expanded_balance_transaction() -> None:
    balance = {"id": "txn_1", "fee": 175, "net": 4824, "currency": "eur"}
    said = say("charge.succeeded", make_charge(balance_transaction=balance))
    assert set(said.parts) == {Part("fee", 175, "EUR"), Part("net", 4824, "EUR")}


def test_a_connected_account_is_told_apart() -> None:
    assert say("charge.succeeded", make_charge(), account="acct_1").account == "acct_1"
