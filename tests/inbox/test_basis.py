"""A tenant's basis of revenue: each movement is cut in proportion, and nothing is lost or made."""

from __future__ import annotations

from datetime import timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.inbox.basis import cut_to_basis
from skeldir.inbox.booking import Booking, Rules, book
from skeldir.inbox.moves import Move, MoveKey
from skeldir.inbox.saying import MovementKind, Part
from tests.support.reports import START, make_report, moved

AMOUNTS = st.integers(1, 10**15)
TAX = (Part("gross", 4_999, "USD"), Part("tax", 798, "USD"), Part("shipping", 500, "USD"))


def make_move(kind: MovementKind, minor: int, number: int = 1) -> Move:
    key = MoveKey("stripe", "", "charge", f"ch_{number}", kind)
    return Move(key, minor, "USD", START + timedelta(minutes=number))


def entries_of(booking: Booking) -> list[tuple[str, int]]:
    return [(entry.kind, entry.amount_cents) for entry in booking.entries]


def test_tax_is_taken_out_of_captures_and_in_proportion_out_of_refunds() -> None:
    reports = [
        make_report(moved("capture", 4_999), parts=TAX),
        make_report(moved("refund", 2_000, id_="re_1"), minute=1),
        make_report(moved("refund", 2_999, id_="re_2"), minute=2),
    ]
    assert entries_of(book(reports, Rules(basis="gross"))) == [
        ("capture", 4_999), ("refund", -2_000), ("refund", -2_999),
    ]  # fmt: skip
    without_tax = book(reports, Rules(basis="without_tax"))
    assert entries_of(without_tax) == [("capture", 4_201), ("refund", -1_680), ("refund", -2_521)]
    assert without_tax.state == "refunded"
    without_both = book(reports, Rules(basis="without_tax_and_shipping"))
    assert entries_of(without_both)[0] == ("capture", 3_701)


def test_without_its_parts_a_payment_is_booked_gross_and_flagged() -> None:
    for parts in ((), (Part("tax", 798, "EUR"),), (Part("tax", 9_000, "USD"),)):
        booking = book(
            [make_report(moved("capture", 4_999), parts=parts)], Rules(basis="without_tax")
        )
        assert entries_of(booking) == [("capture", 4_999)]
        assert "basis_unknown" in booking.flags


def test_a_gateways_parts_of_one_of_several_captures_say_nothing_of_all() -> None:
    first, second = ((Part("fee", fee, "USD"),) for fee in (30, 90))
    reports = [
        make_report(moved("capture", 1_000, id_="ch_1"), parts=first),
        make_report(moved("capture", 3_000, id_="ch_2", minute=1), minute=1, parts=second),
    ]
    gateway = book(reports, Rules(basis="without_fee"))
    assert entries_of(gateway) == [("capture", 1_000), ("capture", 3_000)]
    assert gateway.flags == ("basis_unknown",)
    order = (Part("gross", 4_000, "USD"), Part("tax", 400, "USD"))
    shop = make_report(provider="shopify", minute=2, parts=order)
    whole = book([*reports, shop], Rules(basis="without_tax"))
    assert entries_of(whole) == [("capture", 900), ("capture", 2_700)]
    assert whole.flags == ()


@given(AMOUNTS, st.lists(AMOUNTS, min_size=1, max_size=8), st.data())
def test_what_is_refunded_completely_leaves_nothing(
    captured: int, shares: list[int], data: st.DataObject
) -> None:
    # Divide the captured sum into as many refunds as there are shares.
    whole = sum(shares)
    ends = [captured * end // whole for end in accumulate(shares)]
    refunds = [end - start for start, end in zip([0, *ends], ends, strict=False) if end > start]
    tax = data.draw(st.integers(0, captured))
    moves = [
        make_move("capture", captured),
        *(make_move("refund", minor, number) for number, minor in enumerate(refunds, start=2)),
    ]
    cut, is_known = cut_to_basis(moves, [("stripe", (Part("tax", tax, "USD"),))], "without_tax")
    assert is_known
    sums = {
        kind: sum(one.minor for one in cut if one.key.kind == kind)
        for kind in ("capture", "refund")
    }
    assert sums == {"capture": captured - tax, "refund": captured - tax}


@pytest.mark.parametrize("kind", ["refund", "dispute"])
def test_a_reversal_takes_back_exactly_what_it_reverses(kind: MovementKind) -> None:
    back: MovementKind = "refund_reversal" if kind == "refund" else "dispute_reversal"
    moves = [
        make_move("capture", 10_000),
        make_move(kind, 3_333, 2),
        make_move(back, 3_333, 3),
        make_move(kind, 3_333, 4),
    ]
    cut, _ = cut_to_basis(moves, [("stripe", (Part("tax", 1_597, "USD"),))], "without_tax")
    assert [one.minor for one in cut] == [8_403, 2_800, 2_800, 2_800]
