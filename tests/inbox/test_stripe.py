"""Stripe: an event read into what was captured, refunded and disputed, and into what it belongs to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from skeldir.inbox.saying import Context, Fact, Movement, Notice, Said, Total
from skeldir.inbox.stripe import translate
from tests.support.stripe import (
    ABSENT,
    BEFORE_BASIL,
    CONTEXT,
    CREATED_AT,
    make_charge,
    make_dispute,
    make_event,
    make_refund,
    say,
)

BOOKS_TOTALS = replace(CONTEXT, books_totals=True)


def facts_of(
    kind: str, about: dict[str, object], context: Context = CONTEXT, **fields: object
) -> tuple[Fact, ...]:
    said = say(kind, about, context, **fields)
    assert said.trouble is None
    return said.facts


def trouble_of(said: Said) -> str | None:
    assert not (said.trouble and said.facts)
    return said.trouble.code if said.trouble else None


def captured(minor: int, currency: str = "EUR") -> Total:
    return Total("capture", "charge", "ch_1", minor, currency, CREATED_AT, is_booked=True)


def refunded(minor: int, *, is_booked: bool = False) -> Total:
    return Total("refund", "charge", "ch_1", minor, "EUR", CREATED_AT, is_booked=is_booked)


def noticed(kind: Any, id_: str = "ch_1") -> Notice:
    return Notice(kind, id_, CREATED_AT)


# Captures


def test_a_charge_captured_at_once_is_a_total_of_captures_at_the_time_of_the_event() -> None:
    said = say("charge.succeeded", make_charge())
    assert said.facts == (captured(4999),)
    assert (said.type, said.event_id, said.account) == ("charge.succeeded", "evt_1", "")
    assert (said.reported_at, said.is_live, said.is_ignored) == (CREATED_AT, False, False)


def test_an_authorization_is_paid_and_moves_nothing() -> None:
    charge = make_charge(captured=False, amount_captured=0)
    assert facts_of("charge.succeeded", charge) == (noticed("authorized"),)


def test_each_of_several_captures_reports_the_total_whether_or_not_the_charge_is_done() -> None:
    for is_done in (True, False):
        charge = make_charge(captured=is_done, amount_captured=3000)
        assert facts_of("charge.captured", charge) == (captured(3000),)


def test_an_old_shape_without_a_captured_amount_was_captured_as_a_matter_of_course() -> None:
    charge = make_charge(amount_captured=ABSENT)
    assert facts_of("charge.succeeded", charge) == (captured(4999),)


def test_whether_a_charge_was_captured_is_never_guessed() -> None:
    for kind, captured_flag in (("charge.succeeded", ABSENT), ("charge.captured", False)):
        charge = make_charge(amount_captured=ABSENT, captured=captured_flag)
        assert trouble_of(say(kind, charge)) == "amount_missing"
    assert facts_of("charge.succeeded", make_charge(captured=ABSENT)) == (captured(4999),)


@pytest.mark.parametrize(
    ("currency", "wire", "minor"),
    [("jpy", 500, 500), ("kwd", 5120, 5120), ("mga", 500, 50000), ("isk", 500, 5), ("ugx", 500, 5)],
)
def test_amounts_in_units_of_the_wire_become_those_of_the_currency(
    currency: str, wire: int, minor: int
) -> None:
    charge = make_charge(amount=wire, amount_captured=wire, currency=currency)
    assert facts_of("charge.succeeded", charge) == (captured(minor, currency.upper()),)


def test_what_the_buyer_saw_in_another_currency_is_not_what_was_captured() -> None:
    shown = {"presentment_amount": 5499, "presentment_currency": "usd"}
    said = say("charge.succeeded", make_charge(presentment_details=shown))
    assert said.facts == (captured(4999),)


@pytest.mark.parametrize(
    ("kind", "notice"),
    [
        ("charge.expired", "voided"),
        ("charge.failed", "capture_failed"),
        ("charge.pending", "capture_pending"),
    ],
)
def test_a_charge_that_moves_nothing_is_only_noticed(kind: str, notice: str) -> None:
    charge = make_charge(amount=None, currency=None)
    assert facts_of(kind, charge) == (noticed(notice),)


# Totals of refunds


@pytest.mark.parametrize("context", [CONTEXT, BOOKS_TOTALS])
def test_a_total_of_refunds_is_booked_only_where_no_single_refunds_come(context: Context) -> None:
    charge = make_charge(amount_refunded=2500)
    expected = refunded(2500, is_booked=context.books_totals)
    assert facts_of("charge.refunded", charge, context) == (expected,)


@pytest.mark.parametrize("version", [BEFORE_BASIL, "2022-11-15", None, "beta"])
def test_before_basil_the_remainder_of_a_partial_capture_is_no_refund(version: object) -> None:
    charge = make_charge(amount_captured=3000, amount_refunded=2999)
    assert facts_of("charge.refunded", charge, api_version=version)[0] == refunded(1000)


@pytest.mark.parametrize("version", ["2025-03-31.basil", "2026-10-28.endive"])
def test_since_basil_the_total_of_refunds_has_no_remainder(version: str) -> None:
    charge = make_charge(amount_captured=3000, amount_refunded=2999)
    assert facts_of("charge.refunded", charge, api_version=version) == (refunded(2999),)


def test_a_total_below_the_remainder_does_not_contain_it() -> None:
    charge = make_charge(amount_captured=3000, amount_refunded=1000)
    assert facts_of("charge.refunded", charge, api_version=BEFORE_BASIL) == (refunded(1000),)


def test_more_captured_than_authorized_leaves_no_remainder() -> None:
    charge = make_charge(amount_captured=6000, amount_refunded=1000)
    assert facts_of("charge.refunded", charge, api_version=BEFORE_BASIL) == (refunded(1000),)


def test_a_cancelled_authorization_is_no_refund() -> None:
    charge = make_charge(captured=False, amount_captured=None, amount_refunded=4999)
    for context in (CONTEXT, BOOKS_TOTALS):
        facts = facts_of("charge.refunded", charge, context, api_version=BEFORE_BASIL)
        assert facts == (noticed("voided"),)


# Single refunds


@pytest.mark.parametrize("kind", ["refund.created", "refund.updated", "charge.refund.updated"])
def test_a_refund_moves_money_once_it_succeeded(kind: str) -> None:
    expected = Movement("refund", "refund", "re_1", 1000, "EUR", CREATED_AT)
    assert facts_of(kind, make_refund()) == (expected,)
    for status in ("pending", "requires_action"):
        facts = facts_of(kind, make_refund(status=status))
        assert facts == (noticed("refund_pending", "re_1"),)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("refund.failed", "failed"), ("refund.updated", "canceled"), ("refund.failed", "succeeded")],
)
def test_a_refund_that_fails_is_reversed_and_noticed(kind: str, status: str) -> None:
    assert facts_of(kind, make_refund(status=status)) == (
        Movement("refund_reversal", "refund", "re_1", 1000, "EUR", CREATED_AT),
        noticed("refund_failed", "re_1"),
    )


def test_single_refunds_are_only_noticed_where_totals_are_booked() -> None:
    assert facts_of("charge.refund.updated", make_refund(), BOOKS_TOTALS) == ()
    facts = facts_of("refund.failed", make_refund(status="failed"), BOOKS_TOTALS)
    assert facts == (noticed("refund_failed", "re_1"),)


@pytest.mark.parametrize("status", [None, ABSENT, "succeeding", 1])
def test_a_refund_of_an_unknown_status_is_trouble_and_not_lost(status: object) -> None:
    assert trouble_of(say("refund.created", make_refund(status=status))) == "kind_missing"


def test_the_release_of_an_authorization_is_no_refund() -> None:
    expired = make_refund(reason="expired_uncaptured_charge")
    assert facts_of("refund.created", expired) == (noticed("voided"),)
    assert facts_of("refund.created", make_refund(reason="partial_capture")) == ()


def test_a_refund_without_a_parent_has_no_name_but_its_own() -> None:
    said = say("refund.created", make_refund(charge=None, payment_intent=None))
    assert said.refs == ("stripe:refund:re_1",)
    assert (said.order_ref, said.own_ref) == (None, None)
    assert [type(fact) for fact in said.facts] == [Movement]


# Disputes


def test_a_dispute_moves_money_when_it_is_withdrawn_and_given_back() -> None:
    back = [{"amount": -4999, "currency": "eur"}, {"amount": 4999, "currency": "eur"}]
    won = make_dispute(status="won", balance_transactions=back)
    assert facts_of("charge.dispute.funds_withdrawn", make_dispute()) == (
        Movement("dispute", "dispute", "dp_1", 4999, "EUR", CREATED_AT),
    )
    assert facts_of("charge.dispute.funds_reinstated", won) == (
        Movement("dispute_reversal", "dispute", "dp_1", 4999, "EUR", CREATED_AT),
    )


@pytest.mark.parametrize(
    ("balance", "minor"),
    [
        ([{"amount": -4999, "currency": "eur"}, {"amount": 2000, "currency": "eur"}], 2000),
        ([{"amount": 2000, "currency": "EUR"}, {"amount": 500, "currency": "eur"}], 2500),
        ([{"amount": 4999, "currency": "eur"}] * 2, 4999),
        ([{"amount": 5400, "currency": "usd"}], 4999),
        ([], 4999),
        (None, 4999),
    ],
)
def test_as_much_of_a_dispute_comes_back_as_was_paid_in(balance: object, minor: int) -> None:
    dispute = make_dispute(balance_transactions=balance)
    (fact,) = facts_of("charge.dispute.funds_reinstated", dispute)
    assert isinstance(fact, Movement)
    assert fact.minor == minor


@pytest.mark.parametrize(
    ("turn", "status", "notice"),
    [
        ("created", "needs_response", "dispute_opened"),
        ("created", "warning_needs_response", "inquiry_opened"),
        ("closed", "won", "dispute_won"),
        ("closed", "lost", "dispute_lost"),
        ("closed", "warning_closed", "inquiry_closed"),
        ("closed", "prevented", "inquiry_closed"),
    ],
)
def test_the_turns_of_a_dispute_are_noticed(turn: str, status: str, notice: str) -> None:
    facts = facts_of(f"charge.dispute.{turn}", make_dispute(status=status))
    assert facts == (noticed(notice, "dp_1"),)


def test_an_updated_dispute_only_links() -> None:
    said = say("charge.dispute.updated", make_dispute(status="under_review"))
    assert (said.facts, said.is_ignored, said.trouble) == ((), False, None)
    assert "stripe:charge:ch_1" in said.refs


# What is not understood


@pytest.mark.parametrize(
    ("kind", "about", "code"),
    [
        ("charge.succeeded", make_charge(currency=None), "currency_missing"),
        ("charge.succeeded", make_charge(currency="abc"), "currency_unknown"),
        ("charge.succeeded", make_charge(amount_captured="4999"), "amount_invalid"),
        ("charge.succeeded", make_charge(amount_captured=-1), "amount_invalid"),
        ("charge.succeeded", make_charge(id="ada@example.com"), "id_missing"),
        ("charge.refunded", make_charge(amount_refunded=ABSENT), "amount_missing"),
        ("refund.created", make_refund(amount=None), "amount_missing"),
        ("charge.dispute.funds_withdrawn", make_dispute(amount=ABSENT), "amount_missing"),
        ("payment_intent.succeeded", {}, "id_missing"),
    ],
)
def test_missing_money_is_trouble_of_its_class(
    kind: str, about: dict[str, object], code: str
) -> None:
    said = say(kind, about)
    assert (trouble_of(said), said.type) == (code, kind)


@pytest.mark.parametrize("created", [ABSENT, None, "2026-11-02T10:00:00Z", 1793613602.0, True])
def test_a_movement_without_a_time_is_never_dated_now(created: object) -> None:
    said = say("charge.succeeded", make_charge(created=1793613600), created=created)
    assert trouble_of(said) == "time_missing"


def test_a_refund_of_nothing_moves_nothing() -> None:
    assert facts_of("refund.created", make_refund(amount=0)) == ()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"id": "evt_1", "object": "v2.core.event", "type": "v1.charge.succeeded"}, "thin_event"),
        (make_event("charge.succeeded", {}, object="v2.core.event"), "thin_event"),
        (make_event("charge.succeeded", make_charge(), data=ABSENT), "thin_event"),
        (make_event("charge.succeeded", "ch_1"), "thin_event"),
        ({"detail-type": "charge.succeeded", "detail": make_event("a.b", {})}, "wrapped_event"),
        ({"error": {"message": "No such charge"}}, "kind_missing"),
        (make_event("charge.succeeded", make_charge(), type=["charge.succeeded"]), "kind_missing"),
        ({}, "kind_missing"),
    ],
)
def test_a_body_that_is_no_snapshot_is_refused(body: dict[str, object], code: str) -> None:
    said = translate(body, CONTEXT)
    assert (trouble_of(said), said.is_ignored) == (code, False)


@pytest.mark.parametrize("kind", ["customer.created", "charge.updated", "Charge Succeeded"])
def test_other_types_are_ignored_without_trouble(kind: str) -> None:
    said = say(kind, make_charge())
    assert said.is_ignored
    assert (said.facts, said.refs, said.trouble) == ((), (), None)
    assert said.type in (kind, "unknown")
