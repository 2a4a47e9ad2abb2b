"""Which money and notices PayPal's captures, sales, refunds and reversals give."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from skeldir.inbox.saying import Movement, Notice, Part, Total
from tests.support.paypal_events import (
    API,
    ENVELOPE_TIME,
    TEN,
    hear,
    make_capture,
    make_refund,
    make_sale,
    make_sale_refund,
    money_of,
    notices_of,
)


def test_a_completed_capture_moves_its_amount_at_the_time_of_its_making() -> None:
    said = hear("PAYMENT.CAPTURE.COMPLETED", make_capture())
    assert said.facts == (Movement("capture", "capture", "CAP1", 4999, "USD", TEN),)
    assert said.refs == ("paypal:capture:CAP1", "paypal:order:ORD1", "order:1001")
    assert (said.order_ref, said.own_ref) == ("1001", "paypal:order:ORD1")
    assert (said.journey, said.event_id, said.reported_at) == ("journey_1", "WH-1", ENVELOPE_TIME)


@pytest.mark.parametrize(
    ("status", "facts"),
    [
        ("PARTIALLY_REFUNDED", "capture"),
        ("REFUNDED", "capture"),
        (None, "capture"),
        ("PENDING", "capture_pending"),
        ("DECLINED", "capture_failed"),
        ("FAILED", "capture_failed"),
        ("SOMETHING_NEW", None),
    ],
)
def test_the_status_of_a_capture_decides_whether_money_moved(
    status: str | None, facts: str | None
) -> None:
    said = hear("PAYMENT.CAPTURE.COMPLETED", make_capture(status=status))
    assert [one.kind for one in said.facts if isinstance(one, Movement | Notice)] == (
        [facts] if facts else []
    )
    assert "paypal:capture:CAP1" in said.refs


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        ({"value": "5000", "currency_code": "JPY"}, 5000),
        ({"value": "5000", "currency_code": "HUF"}, 500_000),
        ({"value": "5000", "currency_code": "TWD"}, 500_000),
        ({"value": "1.234", "currency_code": "KWD"}, 1234),
        ({"total": "19.00", "currency": "usd"}, 1900),
    ],
)
def test_amounts_of_both_versions_become_minor_units(amount: dict[str, str], minor: int) -> None:
    said = hear("PAYMENT.CAPTURE.COMPLETED", make_capture(amount=amount))
    assert [one[1] for one in money_of(said)] == [minor]


def test_the_fee_and_the_net_amount_of_a_capture_are_parts() -> None:
    breakdown = {
        "gross_amount": {"value": "49.99", "currency_code": "USD"},
        "paypal_fee": {"value": "2.24", "currency_code": "USD"},
        "net_amount": {"value": "47.75", "currency_code": "USD"},
    }
    said = hear("PAYMENT.CAPTURE.COMPLETED", make_capture(seller_receivable_breakdown=breakdown))
    assert said.parts == (
        Part("gross", 4999, "USD"),
        Part("fee", 224, "USD"),
        Part("net", 4775, "USD"),
    )


def test_the_fee_and_the_tax_of_a_sale_are_parts() -> None:
    amount = {
        "total": "19.00",
        "currency": "USD",
        "details": {"subtotal": "17.00", "tax": "2.00", "shipping": "unreadable"},
    }
    fee = {"value": "1.15", "currency": "USD"}
    said = hear("PAYMENT.SALE.COMPLETED", make_sale(amount=amount, transaction_fee=fee))
    assert said.parts == (
        Part("gross", 1900, "USD"),
        Part("fee", 115, "USD"),
        Part("tax", 200, "USD"),
    )
    assert money_of(said) == [("capture", 1900, "USD", "SAL1")]


def test_a_sale_of_a_subscription_names_its_agreement_but_is_not_connected_by_it() -> None:
    said = hear("PAYMENT.SALE.COMPLETED", make_sale(billing_agreement_id="I-SUB1"))
    assert said.facts == (Movement("capture", "capture", "SAL1", 1900, "USD", TEN),)
    assert (said.agreement, said.is_renewal) == ("I-SUB1", None)
    assert said.refs == ("paypal:capture:SAL1",)


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("PAYMENT.CAPTURE.PENDING", "capture_pending"),
        ("PAYMENT.CAPTURE.DENIED", "capture_failed"),
        ("PAYMENT.CAPTURE.DECLINED", "capture_failed"),
        ("PAYMENT.SALE.PENDING", "capture_pending"),
        ("PAYMENT.SALE.DENIED", "capture_failed"),
        ("PAYMENT.REFUND.PENDING", "refund_pending"),
        ("PAYMENT.AUTHORIZATION.CREATED", "authorized"),
        ("PAYMENT.AUTHORIZATION.VOIDED", "voided"),
    ],
)
def test_what_only_changes_the_state_moves_nothing(type_: str, kind: str) -> None:
    said = hear(type_, make_capture(id="X1", status=None))
    assert said.facts == (Notice(kind, "X1", ENVELOPE_TIME),)  # type: ignore[arg-type]  # any text


@pytest.mark.parametrize("status", ["PENDING", "DENIED"])
def test_an_authorization_that_was_not_granted_is_none(status: str) -> None:
    assert hear("PAYMENT.AUTHORIZATION.CREATED", make_capture(status=status)).facts == ()


def test_a_refund_is_booked_once_and_its_total_only_compared() -> None:
    said = hear("PAYMENT.CAPTURE.REFUNDED", make_refund())
    assert said.facts == (
        Movement("refund", "refund", "REF1", 200, "USD", TEN),
        Total("refund", "capture", "CAP1", 600, "USD", TEN, is_booked=False),
    )
    assert said.refs == ("paypal:refund:REF1", "paypal:capture:CAP1")
    assert said.own_ref == "paypal:capture:CAP1"


def test_a_refund_without_a_total_or_a_capture_is_booked_nevertheless() -> None:
    for lacking, value in (("seller_payable_breakdown", None), ("links", [])):
        said = hear("PAYMENT.CAPTURE.REFUNDED", make_refund(**{lacking: value}))
        assert said.facts == (Movement("refund", "refund", "REF1", 200, "USD", TEN),)


def test_a_pending_refund_is_a_notice_and_a_failed_one_a_reversal() -> None:
    pending = hear("PAYMENT.CAPTURE.REFUNDED", make_refund(status="PENDING"))
    assert (money_of(pending), notices_of(pending)) == ([], [("refund_pending", "REF1")])
    for type_ in ("PAYMENT.REFUND.FAILED", "PAYMENT.CAPTURE.REFUNDED"):
        failed = hear(type_, make_refund(status="FAILED"))
        at = datetime(2026, 11, 2, 10, 30, tzinfo=UTC)
        assert failed.facts == (
            Movement("refund_reversal", "refund", "REF1", 200, "USD", at),
            Notice("refund_failed", "REF1", ENVELOPE_TIME),
        )


def test_a_refund_event_with_the_capture_itself_is_not_understood() -> None:
    said = hear("PAYMENT.CAPTURE.REFUNDED", make_capture(status="REFUNDED"))
    assert said.trouble is not None
    assert said.trouble.code == "id_missing"
    assert said.facts == ()


def test_a_refunded_sale_counts_its_amount_without_the_sign() -> None:
    for total in ("5.00", "-5.00"):
        amount = {"total": total, "currency": "USD"}
        said = hear("PAYMENT.SALE.REFUNDED", make_sale_refund(amount=amount))
        assert said.facts == (
            Movement("refund", "refund", "RFD1", 500, "USD", TEN),
            Total("refund", "capture", "SAL1", 900, "USD", TEN, is_booked=False),
        )
        assert said.refs == ("paypal:refund:RFD1", "paypal:capture:SAL1", "paypal:payment:PAYID-1")


def test_a_refunded_sale_is_found_by_its_link_where_its_id_is_missing() -> None:
    links = [{"rel": "sale", "href": f"{API}/v1/payments/sale/SAL1"}]
    said = hear("PAYMENT.SALE.REFUNDED", make_sale_refund(sale_id=None, links=links))
    assert "paypal:capture:SAL1" in said.refs
    assert Total("refund", "capture", "SAL1", 900, "USD", TEN, is_booked=False) in said.facts


@pytest.mark.parametrize(
    ("type_", "resource", "money"),
    [
        ("PAYMENT.CAPTURE.REVERSED", make_refund(), ("dispute", 200, "USD", "REF1")),
        ("PAYMENT.SALE.REVERSED", make_sale_refund(), ("dispute", 500, "USD", "RFD1")),
        (
            "PAYMENT.SALE.REVERSED",
            make_sale(state="reversed", update_time="2026-11-05T09:00:00Z"),
            ("dispute", 1900, "USD", "SAL1"),
        ),
    ],
)
def test_a_reversal_is_a_dispute(
    type_: str, resource: dict[str, Any], money: tuple[str, int, str, str]
) -> None:
    said = hear(type_, resource)
    assert money_of(said) == [money]
    assert len(said.facts) == 1
    assert {"paypal:capture:CAP1", "paypal:capture:SAL1"} & set(said.refs)


def test_a_sale_that_was_reversed_is_dated_by_its_change_and_not_by_its_making() -> None:
    changed = make_sale(update_time="2026-11-05T09:00:00Z")
    (fact,) = hear("PAYMENT.SALE.REVERSED", changed).facts
    assert isinstance(fact, Movement)
    assert fact.moved_at == datetime(2026, 11, 5, 9, tzinfo=UTC)
