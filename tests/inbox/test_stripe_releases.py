"""What is released of an authorization is no refund, in whichever way Stripe's version reports it."""

from __future__ import annotations

from itertools import permutations

import pytest

from skeldir.inbox.booking import Rules, book
from skeldir.inbox.reporting import pack_report, read_report, report_of
from tests.support.stripe import BEFORE_BASIL, make_charge, make_refund, say

AUTHORIZED = (
    "charge.succeeded",
    make_charge(captured=False, amount_captured=0),
)
CAPTURED_IN_PART = (
    "charge.captured",
    make_charge(amount_captured=3000, amount_refunded=1999),
)
REMAINDER = ("refund.created", make_refund(id="re_remainder", amount=1999))
CANCELLED = (
    "charge.refunded",
    make_charge(captured=False, amount_captured=0, amount_refunded=4999),
)
REFUND_OF_ALL = ("refund.created", make_refund(id="re_all", amount=4999))


def book_events(*events: tuple[str, dict[str, object]], version: str = BEFORE_BASIL) -> object:
    reports = []
    for number, (kind, about) in enumerate(events):
        said = say(kind, about, created=1793613602 + number, api_version=version)
        assert said.trouble is None
        report = report_of("stripe", bytes([number]), said, None)
        assert read_report(pack_report(report)) == report
        reports.append(report)
    outcomes = {_seen(order) for order in permutations(reports)}
    assert len(outcomes) == 1
    return outcomes.pop()


def _seen(reports: object) -> tuple[object, ...]:
    booking = book(list(reports), Rules())  # type: ignore[call-overload]
    return booking.state, *((entry.kind, entry.amount_cents) for entry in booking.entries)


def test_the_remainder_of_a_partial_capture_is_not_booked() -> None:
    booked = book_events(AUTHORIZED, CAPTURED_IN_PART, REMAINDER)
    assert booked == ("captured", ("capture", 3000))


@pytest.mark.parametrize("amount", [500, 1999])
def test_a_later_refund_is_booked_even_if_it_is_as_large_as_the_remainder(amount: int) -> None:
    later = ("refund.created", make_refund(id="re_later", amount=amount))
    booked = book_events(AUTHORIZED, CAPTURED_IN_PART, REMAINDER, later)
    assert booked == ("partially_refunded", ("capture", 3000), ("refund", -amount))


def test_a_cancelled_authorization_moves_no_money() -> None:
    assert book_events(AUTHORIZED, CANCELLED, REFUND_OF_ALL) == ("voided",)


def test_since_basil_a_refund_of_the_same_sum_is_a_refund() -> None:
    captured = ("charge.captured", make_charge(amount_captured=3000))
    booked = book_events(AUTHORIZED, captured, REMAINDER, version="2026-10-28.endive")
    assert booked == ("partially_refunded", ("capture", 3000), ("refund", -1999))


@pytest.mark.parametrize("reason", ["requested_by_customer", "partial_capture"])
def test_a_refund_that_is_as_large_as_what_was_released_before_is_booked(reason: str) -> None:
    captured = ("charge.captured", make_charge(amount_captured=3000))
    later = ("refund.created", make_refund(id="re_later", amount=1999, reason=reason))
    total = ("charge.refunded", make_charge(amount_captured=3000, amount_refunded=1999))
    booked = book_events(AUTHORIZED, captured, later, total)
    assert booked == ("partially_refunded", ("capture", 3000), ("refund", -1999))
