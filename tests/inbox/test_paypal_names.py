"""What PayPal's events connect, when they are, and what is not understood."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from skeldir.inbox.paypal import translate
from skeldir.inbox.saying import Movement
from tests.support.paypal_events import (
    CONTEXT,
    ENVELOPE_TIME,
    hear,
    make_capture,
    make_dispute,
    money_of,
    notices_of,
)


def test_an_order_connects_what_was_paid_for_it_and_moves_nothing() -> None:
    unit = {
        "custom_id": "journey_1",
        "invoice_id": "1001",
        "payments": {"captures": [{"id": "CAP1"}, {"id": "CAP2"}], "authorizations": [{"id": "A"}]},
    }
    said = hear("CHECKOUT.ORDER.COMPLETED", {"id": "ORD1", "purchase_units": [unit]})
    assert said.facts == ()
    assert not said.is_ignored
    assert said.refs == (
        "paypal:order:ORD1",
        "paypal:capture:CAP1",
        "paypal:capture:CAP2",
        "paypal:authorization:A",
        "order:1001",
    )
    assert said.journey == "journey_1"


def test_units_with_different_references_give_the_order_none() -> None:
    units = [{"invoice_id": "1001"}, {"invoice_id": "1002"}]
    assert hear("CHECKOUT.ORDER.APPROVED", {"id": "O", "purchase_units": units}).order_ref is None


@pytest.mark.parametrize(
    ("type_", "status", "outcome", "kind"),
    [
        ("CUSTOMER.DISPUTE.CREATED", "OPEN", None, "dispute_opened"),
        ("CUSTOMER.DISPUTE.UPDATED", "UNDER_REVIEW", None, "dispute_opened"),
        ("CUSTOMER.DISPUTE.UPDATED", "RESOLVED", "RESOLVED_BUYER_FAVOUR", "dispute_lost"),
        ("CUSTOMER.DISPUTE.RESOLVED", "RESOLVED", "RESOLVED_BUYER_FAVOUR", "dispute_lost"),
        ("CUSTOMER.DISPUTE.RESOLVED", "RESOLVED", "RESOLVED_SELLER_FAVOUR", "dispute_won"),
        ("CUSTOMER.DISPUTE.RESOLVED", "RESOLVED", "RESOLVED_WITH_PAYOUT", "dispute_won"),
        ("CUSTOMER.DISPUTE.RESOLVED", "RESOLVED", "CANCELED_BY_BUYER", "dispute_won"),
        ("CUSTOMER.DISPUTE.RESOLVED", "RESOLVED", "NONE", None),
        ("CUSTOMER.DISPUTE.RESOLVED", "RESOLVED", None, None),
    ],
)
def test_a_dispute_changes_the_state_by_its_outcome_and_moves_nothing(
    type_: str, status: str, outcome: str | None, kind: str | None
) -> None:
    said = hear(type_, make_dispute(status=status, dispute_outcome={"outcome_code": outcome}))
    assert notices_of(said) == ([(kind, "PP-D-1")] if kind else [])
    assert money_of(said) == []
    assert said.refs == (
        "paypal:dispute:PP-D-1",
        "paypal:capture:TX1",
        "order:1001",
    )
    assert said.own_ref is None


def test_a_dispute_about_two_orders_connects_neither() -> None:
    one = {"seller_transaction_id": "TX1", "invoice_number": "1001", "custom": "journey_1"}
    other = {"seller_transaction_id": "TX2", "invoice_number": "1002", "custom": "journey_2"}
    said = hear("CUSTOMER.DISPUTE.CREATED", make_dispute(one, other))
    assert said.refs == ("paypal:dispute:PP-D-1",)
    assert (said.order_ref, said.journey) == (None, None)
    same = hear("CUSTOMER.DISPUTE.CREATED", make_dispute(one, {**other, "invoice_number": "1001"}))
    assert {"paypal:capture:TX1", "paypal:capture:TX2", "order:1001"} <= set(same.refs)


def test_the_prefix_of_the_endpoint_goes_before_the_reference() -> None:
    said = hear("PAYMENT.CAPTURE.COMPLETED", make_capture(), replace(CONTEXT, order_prefix="de-"))
    assert said.order_ref == "de-1001"
    assert "order:de-1001" in said.refs


@pytest.mark.parametrize(
    ("hosts", "is_live"),
    [
        (["https://api.paypal.com", "https://api-m.paypal.com"], True),
        (["https://API-M.PayPal.com"], True),
        (["https://api.sandbox.paypal.com"], False),
        (["https://api-m.sandbox.paypal.com", "https://api.paypal.com"], False),
        (["https://www.paypal.com"], None),
        (["https://api.paypal.com.example.org"], None),
        (["https://api.paypal.com@example.org"], None),
        (["http://api.paypal.com"], None),
        (["https://[", "not a link"], None),
        ([], None),
    ],
)
def test_the_hosts_of_the_links_tell_live_from_test(hosts: list[str], is_live: bool | None) -> None:
    links = [{"href": f"{host}/v2/payments/captures/CAP1", "rel": "self"} for host in hosts]
    said = hear("PAYMENT.CAPTURE.COMPLETED", make_capture(links=[]), links=links)
    assert said.is_live is is_live
    assert hear("PAYMENT.CAPTURE.COMPLETED", make_capture(links=links)).is_live is is_live


def test_a_time_that_is_missing_is_taken_from_the_next_best_field() -> None:
    capture = make_capture(create_time="2026-11-02T10:00:00")
    (fact,) = hear("PAYMENT.CAPTURE.COMPLETED", capture).facts
    assert isinstance(fact, Movement)
    assert fact.moved_at == datetime(2026, 11, 2, 10, 30, tzinfo=UTC)
    capture["update_time"] = None
    (fact,) = hear("PAYMENT.CAPTURE.COMPLETED", capture).facts
    assert isinstance(fact, Movement)
    assert fact.moved_at == ENVELOPE_TIME


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (make_capture(id=None), "id_missing"),
        (make_capture(id="Ada Example"), "id_missing"),
        (make_capture(amount=None), "amount_missing"),
        (make_capture(amount={"currency_code": "USD"}), "amount_missing"),
        (make_capture(amount={"value": "1e3", "currency_code": "USD"}), "amount_invalid"),
        (make_capture(amount={"value": "1.001", "currency_code": "USD"}), "amount_invalid"),
        (make_capture(amount={"value": "-1.00", "currency_code": "USD"}), "amount_invalid"),
        (make_capture(amount={"value": "1.00"}), "currency_missing"),
        (make_capture(amount={"value": "1.00", "currency_code": "ABC"}), "currency_unknown"),
        (None, "id_missing"),
        ([], "id_missing"),
    ],
)
def test_a_capture_that_lacks_something_is_in_trouble_and_moves_nothing(
    resource: object, code: str
) -> None:
    said = hear("PAYMENT.CAPTURE.COMPLETED", resource)
    assert said.trouble is not None
    assert said.trouble.code == code
    assert said.facts == ()
    assert said.parts == ()
    assert said.type == "PAYMENT.CAPTURE.COMPLETED"


def test_money_without_any_time_is_in_trouble() -> None:
    capture = make_capture(create_time=None, update_time=None)
    said = hear("PAYMENT.CAPTURE.COMPLETED", capture, create_time="yesterday")
    assert said.trouble is not None
    assert said.trouble.code == "time_missing"
    assert said.facts == ()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "kind_missing"),
        ({"event_type": "Ada Example", "resource": make_capture()}, "kind_missing"),
        ({"name": "INVALID_REQUEST", "message": "No", "debug_id": "1"}, "error_body"),
        ({"error": "invalid_client", "error_description": "No"}, "error_body"),
    ],
)
def test_a_body_that_is_no_event_is_in_trouble(body: dict[str, Any], code: str) -> None:
    said = translate(body, CONTEXT)
    assert said.trouble is not None
    assert said.trouble.code == code
    assert said.facts == ()


@pytest.mark.parametrize(
    "type_", ["BILLING.SUBSCRIPTION.CREATED", "PAYMENT.PAYOUTSBATCH.SUCCESS", "SOMETHING.NEW"]
)
def test_an_event_that_is_not_known_is_ignored_with_its_envelope(type_: str) -> None:
    said = hear(type_, make_capture())
    assert said.is_ignored
    assert (said.facts, said.refs, said.trouble) == ((), (), None)
    assert "resource" not in said.kept
    assert said.kept["event_type"] == type_
