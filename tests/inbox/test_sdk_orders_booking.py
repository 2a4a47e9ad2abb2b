"""What is booked of orders that SDKs report: whatever the order of their messages, and each sum once."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.inbox.booking import Booking, Rules, book
from skeldir.inbox.precedence import Precedence
from skeldir.inbox.sdk_orders import SdkOrder
from skeldir.inbox.standings import SdkBasis
from tests.support.reports import at, make_report, moved
from tests.support.sdk_orders import (
    book_orders,
    entries_of,
    make_order,
    reports_of,
    waiting_in,
)

ORDER = make_order("completed", 100, revenue=80)


def test_a_sum_that_rises_is_captured_and_one_that_falls_is_refunded() -> None:
    booking = book_orders(
        make_order("completed", "100.00"),
        make_order("updated", "120.50", minute=1),
        make_order("updated", "120.50", minute=2),
        make_order("updated", "90.25", minute=3),
        make_order("updated", "95.25", minute=4),
    )
    assert entries_of(booking) == [
        ("capture", 10_000), ("capture", 2050), ("refund", -3025), ("capture", 500),
    ]  # fmt: skip
    assert booking.order_id == "1001"
    assert (booking.state, booking.flags) == ("partially_refunded", ())
    assert [entry.business_key for entry in booking.entries] == [
        "segment::order:1001:capture",
        "segment::order:1001:capture:2",
        "segment::edit:1001:refund",
        "segment::order:1001:capture:3",
    ]


@pytest.mark.parametrize(("currency", "minor"), [("USD", 100), ("JPY", 1), ("KWD", 1000)])
def test_each_currency_has_its_own_smallest_unit(currency: str, minor: int) -> None:
    booking = book_orders(
        make_order("completed", 30, currency=currency),
        make_order("refunded", 12, minute=1, currency=currency),
    )
    assert entries_of(booking) == [("capture", 30 * minor), ("refund", -12 * minor)]


def test_a_refund_without_a_total_and_a_cancellation_refund_what_is_left() -> None:
    partly = make_order("refunded", 30, minute=1)
    for kind in ("refunded", "cancelled"):
        ending = make_order(kind, minute=2)  # type: ignore[arg-type]
        booking = book_orders(ORDER, partly, ending, replace(ending, message_id="again"))
        assert entries_of(booking) == [("capture", 10_000), ("refund", -3000), ("refund", -7000)]
        assert (booking.state, booking.flags) == ("refunded", ())


def test_after_a_cancellation_the_same_money_is_not_refunded_again() -> None:
    cancelled = make_order("cancelled", minute=1)
    for later in (make_order("refunded", 100, minute=2), make_order("updated", 0, minute=2)):
        booking = book_orders(ORDER, cancelled, later)
        assert entries_of(booking) == [("capture", 10_000), ("refund", -10_000)]
        assert booking.flags == ("refund_overlaps",)
    again = book_orders(ORDER, cancelled, make_order("updated", 100, minute=2))
    assert entries_of(again) == [("capture", 10_000), ("refund", -10_000)]
    assert again.flags == ()


def test_a_sum_that_fell_after_a_refund_is_booked_and_flagged() -> None:
    booking = book_orders(
        ORDER, make_order("refunded", 20, minute=1), make_order("updated", 80, minute=2)
    )
    assert entries_of(booking) == [("capture", 10_000), ("refund", -2000), ("refund", -2000)]
    assert booking.flags == ("refund_overlaps",)


def test_more_than_was_captured_is_refunded_as_it_was_reported_and_flagged() -> None:
    booking = book_orders(
        ORDER, make_order("refunded", 60, minute=1), make_order("refunded", 60, minute=2)
    )
    assert entries_of(booking)[1:] == [("refund", -6000), ("refund", -6000)]
    assert booking.flags == ("over_refunded",)


def test_a_refund_waits_for_its_order_and_one_of_all_is_flagged_while_no_sum_is_known() -> None:
    sized = book_orders(make_order("refunded", 20, minute=1))
    assert (entries_of(sized), waiting_in(sized)) == ([], [("refund", 2000)])
    assert sized.state == "awaiting_capture"
    unsized = book_orders(make_order("refunded", minute=1))
    assert (unsized.entries, unsized.flags) == ((), ("refund_unsized",))
    assert unsized.state == "awaiting_capture"
    late = make_order("completed", 100, minute=5)
    booking = book_orders(make_order("refunded", minute=1), late)
    assert entries_of(booking) == [("refund", -10_000), ("capture", 10_000)]
    assert booking.flags == ("refunded_before_capture",)


def test_a_sum_in_another_currency_is_flagged_and_not_booked() -> None:
    booking = book_orders(ORDER, make_order("updated", 90, minute=1, currency="EUR"))
    assert entries_of(booking) == [("capture", 10_000)]
    assert booking.flags == ("amount_changed",)


def test_without_a_basis_all_waits_and_is_booked_once_there_is_one() -> None:
    orders = [ORDER, make_order("refunded", 25, minute=1)]
    waiting = book_orders(*orders, basis=None)
    assert (waiting.entries, waiting.state) == ((), "awaiting_capture")
    assert waiting_in(waiting) == [("capture", 10_000), ("refund", 2500)]
    assert waiting.flags == ("sdk_basis_open",)
    assert entries_of(book_orders(*orders)) == [("capture", 10_000), ("refund", -2500)]
    of_revenue = book_orders(*orders, basis="revenue")
    assert entries_of(of_revenue) == [("capture", 8000), ("refund", -2000)]


@pytest.mark.parametrize(
    ("basis", "sums", "flag"),
    [
        ("total", {"revenue": 80}, "total_missing"),
        ("revenue", {"total": 80}, "revenue_missing"),
    ],
)
def test_a_report_without_the_sum_that_counts_waits(
    basis: SdkBasis, sums: dict[str, object], flag: str
) -> None:
    lacking = replace(make_order("completed"), **sums)  # type: ignore[arg-type]
    booking = book_orders(lacking, make_order("updated", minute=1, **sums), basis=basis)  # type: ignore[arg-type]
    assert (booking.entries, waiting_in(booking)) == ((), [("capture", 8000)])
    assert booking.flags == (flag,)
    refund = make_order("refunded", minute=2, **sums)  # type: ignore[arg-type]
    other = {"total": "revenue", "revenue": "total"}[next(iter(sums))]
    whole = replace(make_order("completed"), **{other: 90})  # type: ignore[arg-type]
    booking = book_orders(whole, refund, basis=basis)
    assert (entries_of(booking), waiting_in(booking)) == ([("capture", 9000)], [("refund", 8000)])
    assert booking.flags == (flag,)


def test_the_only_sum_is_the_amount_if_it_is_the_one_that_counts() -> None:
    orders = [make_order("completed", revenue=80), make_order("refunded", revenue=30, minute=1)]
    assert entries_of(book_orders(*orders, basis="revenue")) == [
        ("capture", 8000), ("refund", -3000),
    ]  # fmt: skip


def test_the_revenue_of_an_edited_order_is_a_share_of_its_total_and_cancelled_it_is_nothing() -> (
    None
):
    orders = [
        make_order("completed", 100, revenue=80),
        make_order("updated", 150, revenue=125, minute=1),
        make_order("refunded", 50, minute=2),
    ]
    booking = book_orders(*orders, basis="revenue")
    assert entries_of(booking) == [("capture", 8333), ("capture", 4167), ("refund", -4166)]
    ended = book_orders(*orders, make_order("cancelled", minute=3), basis="revenue")
    assert entries_of(ended)[3:] == [("refund", -8334)]
    assert ended.state == "refunded"


@given(st.integers(1, 10**9), st.data(), st.lists(st.integers(1, 10**9), min_size=1, max_size=6))
def test_all_refunds_of_a_total_leave_no_revenue(
    total: int, data: st.DataObject, shares: list[int]
) -> None:
    revenue = data.draw(st.integers(1, total))
    refunds, left = [], total
    for share in shares:
        refunds.append(min(share, left))
        left -= refunds[-1]
    orders = [make_order("completed", total, revenue=revenue, currency="JPY")]
    orders += [
        make_order("refunded", minor, minute=minute, currency="JPY")
        for minute, minor in enumerate(refunds, start=1)
        if minor
    ]
    booking = book_orders(*orders, make_order("cancelled", minute=9), basis="revenue")
    assert entries_of(booking)[0] == ("capture", revenue)
    assert sum(minor for _, minor in entries_of(booking)) == 0
    partly = book_orders(*orders, basis="revenue")
    back = sum(minor for _, minor in entries_of(partly)[1:])
    assert back == -((total - left) * revenue // total)


STORIES = st.lists(
    st.tuples(
        st.sampled_from(("completed", "updated", "refunded", "refunded", "cancelled")),
        st.none() | st.integers(0, 9),
    ).filter(lambda one: one[1] is not None or one[0] in ("refunded", "cancelled")),
    max_size=7,
)


def expect(story: list[tuple[str, int | None]]) -> list[tuple[int, str, int]]:
    """Return (minute, kind, minor units) of what follows from messages at minutes of their own."""
    sums = [minute for minute, (kind, _) in enumerate(story) if kind in ("completed", "updated")]
    if not sums:
        return []
    numbered = list(enumerate(story))
    first = numbered.pop(sums[0])
    early = [one for one in numbered if one[0] < first[0]]
    # What is dated before the order follows its first sum; of these, what is sized comes first.
    early.sort(key=lambda one: one[1][0] == "cancelled" or one[1][1] is None)
    found: list[tuple[int, str, int]] = []
    level, left, is_ended = 0, 0, False
    for minute, (kind, minor) in [first, *early, *numbered[len(early) :]]:
        if kind == "cancelled" or minor is None:
            found.append((minute, "refund", max(left, 0)))
            left, is_ended = min(left, 0), True
        elif kind == "refunded":
            back = min(minor, max(left, 0)) if is_ended else minor
            found.append((minute, "refund", back))
            left -= back
        elif minor >= level:
            found.append((minute, "capture", minor - level))
            left, level = left + minor - level, minor
        else:
            back = min(level - minor, max(left, 0))
            found.append((minute, "refund", back))
            left, level = left - back, minor
    return sorted(one for one in found if one[2])


def tell(story: list[tuple[str, int | None]]) -> list[SdkOrder]:
    return [
        make_order(kind, minor, minute=minute, currency="JPY" if minor is not None else None)  # type: ignore[arg-type]
        for minute, (kind, minor) in enumerate(story)
    ]


@settings(deadline=None, max_examples=300)
@given(STORIES, st.randoms(use_true_random=False))
def test_any_order_of_messages_and_any_repetition_books_what_a_small_model_does(
    story: list[tuple[str, int | None]], random: Random
) -> None:
    reports = reports_of(tell(story))
    again = reports + random.choices(reports, k=3) if reports else []
    random.shuffle(again)
    rules = Rules(sdk_basis="total")
    booking = book(again, rules)
    assert booking == book(reports, rules)
    wanted = expect(story)
    if all(kind != "capture" for _, kind, _ in wanted):
        assert booking.entries == ()
        return
    found = [
        (
            int((entry.occurred_at - at(0)).total_seconds()) // 60,
            entry.kind,
            abs(entry.amount_cents),
        )
        for entry in booking.entries
    ]
    assert sorted(found) == wanted


def test_all_orders_of_arrival_end_alike_at_one_moment_too() -> None:
    orders = [
        make_order("completed", 100),
        make_order("updated", 90),
        make_order("refunded", 30),
        make_order("cancelled"),
    ]
    for some in permutations(reports_of(orders)):
        booking = book(some, Rules(sdk_basis="total"))
        assert sorted(entries_of(booking)) == [
            ("capture", 10_000), ("refund", -6000), ("refund", -3000), ("refund", -1000),
        ]  # fmt: skip


GATEWAY = make_report(moved("capture", 10_000, minute=2), minute=2)
GATEWAYS_REFUND = make_report(moved("refund", 4000, id_="re_1", minute=6), minute=6)


def both(rules: Rules, *orders: SdkOrder) -> Booking:
    return book([*reports_of(orders), GATEWAY, GATEWAYS_REFUND], rules)


@pytest.mark.parametrize("basis", ["total", "revenue"])
def test_a_payment_of_a_gateway_and_its_order_count_once(basis: SdkBasis) -> None:
    orders = (ORDER, make_order("refunded", 40, minute=5))
    by_gateway = both(Rules("gateway", sdk_basis=basis), *orders)
    assert entries_of(by_gateway) == [("capture", 10_000), ("refund", -4000)]
    assert {one.provider for one in by_gateway.evidence} == {"segment"}
    assert by_gateway.flags == ()
    by_shop = both(Rules("shop", sdk_basis=basis), *orders)
    wanted = {"total": (10_000, -4000), "revenue": (8000, -3200)}[basis]
    assert entries_of(by_shop) == [("capture", wanted[0]), ("refund", wanted[1])]
    assert {one.provider for one in by_shop.evidence} == {"stripe"}
    assert by_shop.flags == ()


@pytest.mark.parametrize("precedence", ["gateway", "shop"])
def test_an_order_that_waits_for_a_basis_does_not_displace_the_gateways_payment(
    precedence: Precedence,
) -> None:
    booking = both(Rules(precedence), ORDER)
    assert entries_of(booking) == [("capture", 10_000), ("refund", -4000)]
    assert (waiting_in(booking), booking.flags) == ([("capture", 10_000)], ("sdk_basis_open",))


def test_a_gateways_refund_of_an_order_is_cut_to_the_orders_revenue() -> None:
    reports = [*reports_of([ORDER]), GATEWAYS_REFUND]
    booking = book(reports, Rules(sdk_basis="revenue"))
    assert entries_of(booking) == [("capture", 8000), ("refund", -3200)]


def test_what_a_shop_signs_counts_before_what_its_site_reports_and_of_two_sdks_one() -> None:
    shop = make_report(
        moved("capture", 9900, noun="order", minute=3), provider="woocommerce", minute=3
    )
    booking = book([*reports_of([ORDER]), shop], Rules(sdk_basis="total"))
    assert entries_of(booking) == [("capture", 9900)]
    assert booking.flags == ("captures_differ", "two_shops")
    other = make_order("completed", 100, minute=1, provider="ga4")
    booking = book_orders(ORDER, other)
    assert entries_of(booking) == [("capture", 10_000)]
    assert booking.flags == ("two_shops",)


def test_the_basis_of_payments_is_applied_to_totals_and_not_to_revenue_again() -> None:
    order = make_order("completed", 100, revenue=80, tax=15, shipping=5)
    reports = reports_of([order, make_order("refunded", 100, minute=1)])
    for sdk_basis, minor in (("total", 8500), ("revenue", 8000)):
        rules = Rules(basis="without_tax", sdk_basis=sdk_basis)  # type: ignore[arg-type]
        booking = book(reports, rules)
        assert entries_of(booking) == [("capture", minor), ("refund", -minor)]
        assert booking.flags == ()
