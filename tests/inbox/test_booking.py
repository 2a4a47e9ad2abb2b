"""A payment's booking is a function of the set of its reports, and right to the minor unit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skeldir.inbox.booking import Rules, book
from skeldir.inbox.reporting import Report
from skeldir.inbox.saying import Part
from skeldir.revenue import KIND_SIGNS, LONGEST_KEY
from tests.support.reports import (
    REPORTS,
    at,
    captured_total,
    listed,
    make_report,
    moved,
    noticed,
    refunded_total,
)

_RULES = st.sampled_from((Rules(), Rules("shop"), Rules(sdk_basis="total")))
_ALL_RULES = _RULES | st.builds(
    Rules,
    st.sampled_from(("gateway", "shop")),
    st.sampled_from(("gross", "without_fee")),
    st.just("revenue"),
)


@settings(deadline=None, max_examples=150)
@given(REPORTS, _ALL_RULES, st.randoms(use_true_random=False))
def test_order_and_repetition_of_reports_do_not_matter(
    reports: list[Report], rules: Rules, random: Random
) -> None:
    again = reports + random.choices(reports, k=4) if reports else []
    random.shuffle(again)
    assert book(again, rules) == book(reports, rules)


@settings(deadline=None, max_examples=150)
@given(REPORTS, _RULES)
def test_each_movement_is_an_entry_once_and_of_the_right_sign(
    reports: list[Report], rules: Rules
) -> None:
    booking = book(reports, rules)
    keys = [entry.business_key for entry in booking.entries]
    assert len(set(keys)) == len(keys)
    assert all(len(key) <= LONGEST_KEY for key in keys)
    for entry in booking.entries:
        assert entry.order_id == booking.order_id
        assert entry.amount_cents * KIND_SIGNS[entry.kind] > 0
    kinds = {entry.kind for entry in booking.entries}
    assert not kinds or "capture" in kinds, "nothing is booked before a capture"


@settings(deadline=None, max_examples=150)
@given(REPORTS, _RULES)
def test_a_reversal_is_an_entry_only_beside_what_it_reverses(
    reports: list[Report], rules: Rules
) -> None:
    keys = {entry.business_key for entry in book(reports, rules).entries}
    for key in keys:
        assert key.replace("_reversal", "") in keys


# What happens to an order, and by how much it changes the balance, in parts of the captured sum.
_STORY = ("authorize", "capture", "refund_1", "refund_2", "dispute", "reinstated")


def tell(step: str, unit: int, currency: str) -> Report:
    minute = _STORY.index(step)
    match step:
        case "authorize":
            return make_report(noticed("authorized", minute=minute), minute=minute)
        case "capture":
            fact = moved("capture", 10 * unit, id_="ch_1", minute=minute, currency=currency)
        case "refund_1":
            fact = moved("refund", 2 * unit, id_="re_1", minute=minute, currency=currency)
        case "refund_2":
            fact = moved("refund", 3 * unit, id_="re_2", minute=minute, currency=currency)
        case "dispute":
            fact = moved("dispute", 5 * unit, id_="dp_1", minute=minute, currency=currency)
        case _:
            fact = moved("dispute_reversal", 5 * unit, id_="dp_1", minute=minute, currency=currency)
    return make_report(fact, minute=minute)


def balance_by_model(steps: set[str], unit: int) -> int:
    """Return the balance that the steps leave, without a look at how bookings are derived."""
    if "capture" not in steps:
        return 0
    balance = 10 * unit
    balance -= 2 * unit if "refund_1" in steps else 0
    balance -= 3 * unit if "refund_2" in steps else 0
    return balance - (5 * unit if "dispute" in steps and "reinstated" not in steps else 0)


def state_by_model(steps: set[str]) -> str:
    if "capture" not in steps:
        moving = steps - {"authorize"}
        return "awaiting_capture" if moving else "authorized" if steps else "pending"
    if "dispute" in steps and "reinstated" not in steps:
        return "disputed"
    return "partially_refunded" if steps & {"refund_1", "refund_2"} else "captured"


@pytest.mark.parametrize(
    ("currency", "unit"), [("USD", 500), ("JPY", 7), ("KWD", 5_120), ("MGA", 50_000), ("ISK", 5)]
)
def test_every_order_of_events_with_repetitions_gives_one_booking(currency: str, unit: int) -> None:
    bookings = set()
    for steps in permutations(_STORY):
        known = [tell(step, unit, currency) for step in steps]
        bookings |= {book(known, Rules()), book([*known, *known[::2]], Rules())}
    assert len(bookings) == 1
    (final,) = bookings
    assert final.state == "partially_refunded"
    assert sum(entry.amount_cents for entry in final.entries) == 5 * unit
    assert {entry.currency for entry in final.entries} == {currency}
    assert final.flags == ()


@given(st.permutations(_STORY), st.integers(1, 10**6), st.integers(0, 6))
@example(list(_STORY), 1, 6)
def test_what_is_known_so_far_has_the_balance_and_the_state_of_a_small_model(
    steps: list[str], unit: int, count: int
) -> None:
    known = set(steps[:count])
    booking = book([tell(step, unit, "USD") for step in steps[:count]], Rules())
    assert sum(entry.amount_cents for entry in booking.entries) == balance_by_model(known, unit)
    assert booking.state == state_by_model(known)


def test_a_refund_before_its_capture_waits_and_is_booked_after_it() -> None:
    refund = make_report(moved("refund", 200, id_="re_1", minute=2), minute=2)
    early = book([refund], Rules())
    assert (early.entries, early.state) == ((), "awaiting_capture")
    assert [(one.kind, one.id, one.minor, one.currency) for one in early.waiting] == [
        ("refund", "re_1", 200, "USD")
    ]
    capture = make_report(moved("capture", 900, id_="ch_1"))
    late = book([refund, capture], Rules())
    assert [entry.business_key for entry in late.entries] == [
        "stripe::charge:ch_1:capture",
        "stripe::refund:re_1:refund",
    ]
    assert late.waiting == ()


def test_a_refund_that_failed_without_having_succeeded_is_nothing() -> None:
    capture = make_report(moved("capture", 900, id_="ch_1"))
    failed = make_report(moved("refund_reversal", 200, id_="re_1", minute=1), minute=1)
    booking = book([capture, failed], Rules())
    assert (len(booking.entries), booking.waiting, booking.state) == (1, (), "captured")
    assert book([failed], Rules()).state == "pending"


def test_a_refund_and_its_reversal_sum_to_zero() -> None:
    reports = [
        make_report(moved("capture", 900, id_="ch_1")),
        make_report(moved("refund", 200, id_="re_1", minute=1), minute=1),
        make_report(moved("refund_reversal", 200, id_="re_1", minute=2), minute=2),
    ]
    booking = book(reports, Rules())
    assert Counter(entry.amount_cents for entry in booking.entries) == Counter([900, -200, 200])
    assert booking.state == "captured"


def test_reinstated_money_waits_for_its_dispute() -> None:
    capture = make_report(moved("capture", 900, id_="ch_1"))
    reinstated = make_report(moved("dispute_reversal", 900, id_="dp_1", minute=3), minute=3)
    booking = book([capture, reinstated], Rules())
    assert [one.kind for one in booking.waiting] == ["dispute_reversal"]
    assert (len(booking.entries), booking.state) == (1, "captured")


def test_a_reversal_of_more_than_was_moved_is_booked_and_flagged() -> None:
    reports = [
        make_report(moved("capture", 900, id_="ch_1")),
        make_report(moved("dispute", 900, id_="dp_1", minute=1), minute=1),
        make_report(moved("dispute_reversal", 950, id_="dp_1", minute=2), minute=2),
    ]
    booking = book(reports, Rules())
    assert booking.flags == ("reversal_exceeds",)
    assert sum(entry.amount_cents for entry in booking.entries) == 950


def test_a_movement_that_is_reported_with_another_amount_keeps_the_first_and_is_flagged() -> None:
    first = make_report(moved("capture", 3_900, id_="723"), minute=1)
    edited = make_report(moved("capture", 3_400, id_="723"), minute=5)
    booking = book([edited, first], Rules())
    assert [entry.amount_cents for entry in booking.entries] == [3_900]
    assert booking.flags == ("amount_changed",)


def test_the_first_report_is_the_one_that_was_made_first_not_that_of_the_earliest_movement() -> (
    None
):
    first = make_report(moved("capture", 9, id_="ch_1", minute=5), minute=5)
    later = make_report(moved("capture", 8, id_="ch_1", minute=1), minute=6)
    assert [entry.amount_cents for entry in book([later, first], Rules()).entries] == [9]


def test_a_report_without_a_time_counts_as_made_when_its_movement_was() -> None:
    notice, capture = noticed("authorized", minute=0), moved("capture", 9, id_="ch_1", minute=5)
    untimed = replace(make_report(notice, capture), reported_at=None)
    timed = make_report(moved("capture", 8, id_="ch_1", minute=4), minute=4)
    assert [entry.amount_cents for entry in book([untimed, timed], Rules()).entries] == [8]


def test_a_total_of_refunds_that_falls_is_flagged() -> None:
    capture = make_report(moved("capture", 90, id_="ch_1"))
    totals = [
        make_report(refunded_total(minor, minute=minute, is_booked=True), minute=minute)
        for minor, minute in ((25, 1), (10, 2))
    ]
    booking = book([capture, *totals], Rules())
    assert ([entry.amount_cents for entry in booking.entries], booking.flags) == (
        [90, -25],
        ("total_fell",),
    )


def test_totals_of_captures_are_booked_as_their_increases_whatever_arrives_first() -> None:
    totals = [
        captured_total(minor, minute=minute)
        for minor, minute in ((30, 1), (50, 2), (50, 3), (80, 4))
    ]
    for some in permutations(totals):
        booking = book([make_report(one, minute=9) for one in some], Rules())
        assert [(e.business_key, e.amount_cents, e.occurred_at) for e in booking.entries] == [
            ("stripe::charge:ch_1:capture", 30, at(1)),
            ("stripe::charge:ch_1:capture:2", 20, at(2)),
            ("stripe::charge:ch_1:capture:3", 30, at(4)),
        ]


def test_a_charge_that_is_reported_singly_and_as_a_total_is_counted_once() -> None:
    single = make_report(moved("capture", 30, id_="ch_1", minute=1), minute=1)
    total = make_report(captured_total(50, minute=2), minute=2)
    booking = book([total, single], Rules())
    assert [entry.amount_cents for entry in booking.entries] == [30, 20]


def test_a_total_of_refunds_is_compared_with_the_single_ones() -> None:
    capture = make_report(moved("capture", 90, id_="ch_1"))
    refund = make_report(moved("refund", 10, id_="re_1", minute=1), minute=1)
    total = make_report(refunded_total(25, minute=3), minute=3)
    missing = book([capture, refund, total], Rules())
    assert missing.flags == ("refund_missing",)
    assert sum(entry.amount_cents for entry in missing.entries) == 80
    second = make_report(moved("refund", 15, id_="re_2", minute=2), minute=2)
    assert book([capture, refund, total, second], Rules()).flags == ()


def test_totals_of_refunds_are_booked_where_no_single_ones_come() -> None:
    capture = make_report(moved("capture", 90, id_="ch_1"))
    totals = [
        make_report(refunded_total(minor, minute=minor, is_booked=True)) for minor in (10, 25)
    ]
    booking = book([totals[1], capture, totals[0]], Rules())
    assert [entry.amount_cents for entry in booking.entries] == [90, -10, -15]
    single = make_report(moved("refund", 10, id_="re_1", minute=10), minute=10)
    both = book([capture, *totals, single], Rules())
    assert [entry.amount_cents for entry in both.entries] == [90, -10]
    assert both.flags == ("refund_missing",)


def woo(*refunds: tuple[str, int], minute: int) -> Report:
    capture = moved("capture", 100, id_="723", noun="order")
    return make_report(
        capture, listed(*refunds, minute=minute), provider="woocommerce", minute=minute
    )


def test_listed_refunds_are_booked_when_they_appear_and_reversed_when_they_stay_away() -> None:
    reports = [
        woo(minute=0),
        woo(("724", 9), minute=1),
        woo(("724", 9), ("726", 10), minute=2),
        woo(("726", 10), minute=3),
        woo(("726", 10), minute=4),
    ]
    for some in permutations(reports):
        booking = book(some, Rules())
        assert [(e.business_key, e.amount_cents, e.occurred_at) for e in booking.entries[1:]] == [
            ("woocommerce::refund:724:refund", -9, at(1)),
            ("woocommerce::refund:726:refund", -10, at(2)),
            ("woocommerce::refund:724:refund_reversal", 9, at(3)),
        ]


def test_of_two_lists_of_one_moment_the_longer_is_the_later() -> None:
    short, long = woo(minute=1), woo(("724", 9), minute=1)
    assert [entry.kind for entry in book([long, short], Rules()).entries] == ["capture", "refund"]


def test_an_id_that_makes_the_key_too_long_is_replaced_by_its_digest() -> None:
    account, long = "shop." * 24, "a" * 119
    reports = [
        make_report(moved("capture", 9, id_=f"{long}{end}"), account=account, tag=end)
        for end in "xy"
    ]
    keys = {entry.business_key for entry in book(reports, Rules()).entries}
    assert len(keys) == 2
    assert all(len(key) <= LONGEST_KEY and long not in key for key in keys)


def test_captures_carry_the_journey_and_refunds_none() -> None:
    reports = [
        make_report(moved("capture", 9, id_="ch_1"), journey="first"),
        make_report(moved("refund", 4, id_="re_1", minute=1), minute=1, journey="second"),
    ]
    booking = book(reports, Rules())
    assert booking.flags == ("journeys_differ",)
    assert [entry.journey_key for entry in booking.entries] == [reports[0].journey_hash, None]


def test_the_order_is_named_by_the_merchant_or_else_by_the_provider() -> None:
    own = make_report(moved("capture", 9, id_="ch_1"), order_ref=None)
    assert book([own], Rules()).order_id == "stripe:payment_intent:pi_1"
    other = make_report(provider="paypal", order_ref=None, own_ref="paypal:order:1", minute=-1)
    assert book([other, own], Rules()).order_id == "stripe:payment_intent:pi_1"
    by_stripe = make_report(order_ref="0999", minute=1)
    by_shop = make_report(provider="shopify", order_ref="1001", minute=2)
    booking = book([own, by_stripe, by_shop], Rules())
    assert (booking.order_id, booking.flags) == ("1001", ("order_refs_differ",))


def test_money_without_an_order_waits() -> None:
    nowhere = make_report(moved("capture", 9), order_ref=None, own_ref=None)
    booking = book([nowhere], Rules())
    assert (booking.order_id, booking.entries, booking.flags) == (None, (), ("order_unknown",))
    assert [one.minor for one in booking.waiting] == [9]


def test_the_latest_parts_of_each_provider_are_kept_and_a_renewal_is_known() -> None:
    old, new = (Part("fee", 3, "USD"),), (Part("fee", 4, "USD"),)
    reports = [
        make_report(minute=2, parts=new, is_renewal=True),
        make_report(minute=1, parts=old),
        make_report(minute=3, is_renewal=False),
        replace(make_report(tag="untimed", parts=old), reported_at=None),
    ]
    booking = book(reports, Rules())
    assert booking.parts == (("stripe", new),)
    assert booking.is_renewal is True
