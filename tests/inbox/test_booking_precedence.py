"""Money that two providers report is counted once."""

from __future__ import annotations

import pytest

from skeldir.inbox.booking import Booking, Rules, book
from skeldir.inbox.precedence import Precedence
from skeldir.inbox.reporting import Report
from skeldir.inbox.saying import MovementKind, Provider
from tests.support.reports import make_report, moved


def by(
    provider: Provider,
    kind: MovementKind,
    minor: int,
    *,
    via: Provider | None = None,
    id_: str | None = None,
    minute: int = 0,
) -> Report:
    fact = moved(kind, minor, id_=id_ or f"{provider}_{kind}", minute=minute, via=via)
    return make_report(fact, provider=provider, minute=minute)


def counted(booking: Booking) -> list[tuple[str, int]]:
    return sorted(
        (entry.business_key.split(":")[0], entry.amount_cents) for entry in booking.entries
    )


STRIPE = [by("stripe", "capture", 50), by("stripe", "refund", 20, minute=1)]
SHOPIFY = [
    by("shopify", "capture", 50, via="stripe"),
    by("shopify", "refund", 20, via="stripe", minute=1),
]


@pytest.mark.parametrize(
    ("precedence", "winner", "loser"),
    [("gateway", "stripe", "shopify"), ("shop", "shopify", "stripe")],
)
def test_an_order_of_a_shop_that_a_gateway_reports_too_is_counted_once(
    precedence: Precedence, winner: str, loser: str
) -> None:
    booking = book([*STRIPE, *SHOPIFY], Rules(precedence))
    assert counted(booking) == [(winner, -20), (winner, 50)]
    assert [(one.provider, one.kind, one.minor) for one in booking.evidence] == [
        (loser, "capture", 50),
        (loser, "refund", 20),
    ]
    assert (booking.state, booking.flags) == ("partially_refunded", ())


@pytest.mark.parametrize("precedence", ["gateway", "shop"])
def test_a_shop_that_does_not_name_the_gateway_is_counted_once_too(precedence: Precedence) -> None:
    booking = book([*STRIPE, by("woocommerce", "capture", 50)], Rules(precedence))
    assert sum(amount for _, amount in counted(booking) if amount > 0) == 50


def test_a_shop_alone_counts_whatever_the_precedence() -> None:
    for precedence in ("gateway", "shop"):
        assert counted(book(SHOPIFY, Rules(precedence))) == [("shopify", -20), ("shopify", 50)]


@pytest.mark.parametrize("precedence", ["gateway", "shop"])
def test_what_a_shop_reports_of_a_gateway_that_is_not_connected_counts_beside_the_other(
    precedence: Precedence,
) -> None:
    other = by("shopify", "capture", 30, via="paypal", id_="t_2")
    booking = book([*STRIPE, *SHOPIFY, other], Rules(precedence))
    assert sum(amount for _, amount in counted(booking)) == 50 - 20 + 30
    assert booking.flags == ()


def test_two_gateways_both_count() -> None:
    booking = book([by("stripe", "capture", 50), by("paypal", "capture", 30)], Rules())
    assert counted(booking) == [("paypal", 30), ("stripe", 50)]


def test_sums_that_differ_between_gateway_and_shop_are_flagged() -> None:
    booking = book([by("stripe", "capture", 50), by("shopify", "capture", 60)], Rules())
    assert counted(booking) == [("stripe", 50)]
    assert booking.flags == ("captures_differ",)
    refund = by("woocommerce", "refund", 10, minute=2)
    manual = book([by("stripe", "capture", 50), refund], Rules())
    assert (counted(manual), manual.flags) == ([("stripe", 50)], ("refunds_differ",))


def test_disputes_of_the_gateway_count_where_the_shop_reports_none() -> None:
    reports = [
        by("woocommerce", "capture", 50),
        by("stripe", "capture", 50),
        by("stripe", "dispute", 50, id_="dp_1", minute=2),
    ]
    booking = book(reports, Rules("shop"))
    assert counted(booking) == [("stripe", -50), ("woocommerce", 50)]
    assert booking.state == "disputed"
    won = by("stripe", "dispute_reversal", 50, id_="dp_1", minute=3)
    assert book([*reports, won], Rules("shop")).state == "captured"


def test_a_dispute_that_both_report_is_counted_once() -> None:
    reports = [
        *STRIPE,
        *SHOPIFY,
        by("stripe", "dispute", 30, minute=3),
        by("shopify", "dispute", 30, minute=3),
    ]
    for precedence in ("gateway", "shop"):
        booking = book(reports, Rules(precedence))
        assert sum(amount for _, amount in counted(booking)) == 50 - 20 - 30


def test_a_dispute_that_only_the_shop_reports_counts() -> None:
    for via in ("shopify", None):
        dispute = by("shopify", "dispute", 30, via=via, minute=3)
        assert ("shopify", -30) in counted(book([*STRIPE, *SHOPIFY, dispute], Rules()))


def test_a_reversal_is_evidence_exactly_if_what_it_reverses_is() -> None:
    reversal = by("shopify", "refund_reversal", 20, id_="shopify_refund", minute=4)
    other = by("shopify", "capture", 30, via="paypal", id_="t_2")
    refund = by("shopify", "refund", 5, via="paypal", id_="r_2", minute=2)
    back = by("shopify", "refund_reversal", 5, id_="r_2", minute=3)
    booking = book([*STRIPE, *SHOPIFY, reversal, other, refund, back], Rules())
    assert counted(booking) == [
        ("shopify", -5),
        ("shopify", 5),
        ("shopify", 30),
        ("stripe", -20),
        ("stripe", 50),
    ]


def test_of_two_shops_the_earlier_one_counts_and_a_flag_says_so() -> None:
    reports = [by("woocommerce", "capture", 50), by("shopify", "capture", 50, minute=1)]
    booking = book(reports, Rules())
    assert counted(booking) == [("woocommerce", 50)]
    assert "two_shops" in booking.flags
    assert [one.provider for one in booking.evidence] == ["shopify"]


def test_of_two_shops_one_that_reports_the_capture_counts_before_one_that_does_not() -> None:
    reports = [by("shopify", "refund", 5), by("woocommerce", "capture", 50, minute=1)]
    assert counted(book(reports, Rules())) == [("woocommerce", 50)]


@pytest.mark.parametrize("via", ["stripe", None])
def test_a_refund_that_both_report_counts_once_though_the_gateway_reports_no_capture(
    via: Provider | None,
) -> None:
    reports = [
        by("shopify", "capture", 50, via=via),
        by("shopify", "refund", 20, via=via, minute=1),
        by("stripe", "refund", 20, minute=1),
    ]
    for precedence, winner in (("gateway", "stripe"), ("shop", "shopify")):
        booking = book(reports, Rules(precedence))  # type: ignore[arg-type]  # one of the two
        assert counted(booking) == sorted([("shopify", 50), (winner, -20)])
        failed = [
            by("shopify", "refund_reversal", 20, id_="shopify_refund", via=via, minute=2),
            by("stripe", "refund_reversal", 20, id_="stripe_refund", minute=2),
        ]
        booking = book([*reports, *failed], Rules(precedence))  # type: ignore[arg-type]  # as above
        assert counted(booking) == sorted([("shopify", 50), (winner, -20), (winner, 20)])


def test_a_refund_of_another_gateway_counts_beside_one_that_both_report() -> None:
    reports = [
        by("shopify", "capture", 50, via="stripe"),
        by("shopify", "capture", 30, via="paypal", id_="t_2"),
        by("shopify", "refund", 5, via="paypal", id_="r_2", minute=1),
        by("stripe", "refund", 20, minute=1),
    ]
    assert counted(book(reports, Rules())) == [
        ("shopify", -5),
        ("shopify", 30),
        ("shopify", 50),
        ("stripe", -20),
    ]


def test_a_capture_that_names_no_gateway_counts_beside_one_that_names_it() -> None:
    in_cash = by("shopify", "capture", 30, id_="t_2", minute=1)
    assert counted(book([*STRIPE, *SHOPIFY, in_cash], Rules())) == [
        ("shopify", 30),
        ("stripe", -20),
        ("stripe", 50),
    ]
