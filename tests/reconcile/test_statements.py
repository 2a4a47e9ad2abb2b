"""Balances that a report states are followed from row to row, and each payout is compared with its movements."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.reconcile import (
    TIE_REASONS,
    BrokenBalance,
    Movement,
    Statement,
    state_balances,
    tie_payouts,
)

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
Row = tuple[datetime, Movement]


def moved(row: int, net: int, **fields: Any) -> Row:
    given = {"hours": row, "kind": "capture", "names": (), "currency": "EUR"} | fields
    at = START + timedelta(hours=given["hours"])
    names = frozenset({f"txn{row}", *given["names"]})
    return at, Movement(
        row,
        f"txn{row}",
        given["kind"],
        given["kind"],
        names,
        names,
        net + 1,
        1,
        net,
        given["currency"],
        at.date(),
        given.get("payout", ""),
        given.get("balance"),
    )


def test_balances_are_opening_and_movements_in_either_order_of_the_file() -> None:
    rows = [moved(1, 50, balance=150), moved(2, -30), moved(3, 5, balance=125), moved(4, 1)]
    (found,) = state_balances(rows)
    assert (found.opening_cents, found.closing_cents, found.stated_cents) == (100, 126, 126)
    assert state_balances(rows[::-1]) == [found]
    assert found.broken is None


def test_the_first_row_at_which_balances_stop_adding_up_is_named_though_later_ones_make_up_for_it() -> (
    None
):
    rows = [moved(1, 50, balance=150), moved(2, 5, balance=145), moved(3, 5, balance=160)]
    (found,) = state_balances(rows)
    assert found.broken == BrokenBalance(2, 145, 155)
    assert (found.opening_cents, found.closing_cents, found.stated_cents) == (100, 160, 160)
    (backwards,) = state_balances(rows[::-1])
    assert backwards.broken == found.broken


def test_an_opening_balance_is_never_guessed() -> None:
    (unknown, dollars) = state_balances([moved(1, 50), moved(2, 7, currency="USD", balance=7)])
    assert unknown == Statement("EUR", 50)
    assert unknown.closing_cents is None
    assert (dollars.opening_cents, dollars.closing_cents) == (0, 7)
    # At one moment, both orders of these two add up, and begin with other balances.
    both = [moved(1, 50, balance=150, hours=1), moved(2, -50, balance=100, hours=1)]
    (open_,) = state_balances(both)
    assert (open_.is_open, open_.opening_cents) == (True, None)
    # One order only adds up here.
    (one_way,) = state_balances(
        [moved(1, 50, balance=150, hours=1), moved(2, 5, balance=155, hours=1)]
    )
    assert (one_way.is_open, one_way.opening_cents) == (False, 100)
    mixed = [moved(1, 1, balance=1), moved(2, 1, balance=9, hours=5), moved(3, 1, balance=3)]
    assert state_balances(mixed)[0].is_open


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # By its own column, its reference or its id, a row is that of the payout.
        ([moved(1, 60, payout="po"), moved(2, -60, kind="payout", payout="po")], ("none", 0)),
        ([moved(1, 60, payout="po"), moved(2, -60, kind="payout", names=["po"])], ("none", 0)),
        ([moved(1, 60, payout="txn2"), moved(2, -60, kind="payout")], ("none", 0)),
        # Fees and unknown movements are paid out as well.
        (
            [
                moved(1, 60, payout="po"),
                moved(2, -3, kind="fee", payout="po"),
                moved(3, 1, kind="other", payout="po"),
                moved(4, -58, kind="payout", payout="po"),
            ],
            ("none", 0),
        ),
        ([moved(1, 60, payout="po"), moved(2, -61, kind="payout", payout="po")], ("amount", 1)),
        ([moved(1, 60, payout="po")], ("payout_missing", None)),
        ([moved(2, -60, kind="payout", payout="po")], ("movements_missing", 60)),
        # A payout may fill a negative balance up.
        ([moved(1, -60, payout="po"), moved(2, 60, kind="payout", payout="po")], ("none", 0)),
        # A payout that came back was paid all the same.
        (
            [
                moved(1, 60, payout="po"),
                moved(2, -60, kind="payout", payout="po"),
                moved(3, 60, kind="payout_reversal", payout="po"),
            ],
            ("none", 0),
        ),
    ],
)
def test_a_payout_has_the_first_reason_that_applies(
    rows: list[Row], expected: tuple[str, int | None]
) -> None:
    (tie,) = tie_payouts([one for _, one in rows]).ties
    assert (tie.reason, tie.difference_cents) == expected
    assert tie.day == (None if tie.paid_cents is None else date(2026, 3, 2))


def test_a_report_that_assigns_nothing_has_no_payouts_to_compare() -> None:
    assert tie_payouts([moved(1, 60)[1], moved(2, -60, kind="payout")[1]]).ties == []


_ROWS = st.lists(
    st.tuples(
        st.integers(-3, 3),
        st.sampled_from(["capture", "fee", "other", "payout", "payout_reversal"]),
        st.sampled_from(["", "a", "b"]),
        st.sampled_from(["EUR", "USD"]),
    ),
    max_size=8,
)


@given(_ROWS, st.integers(-5, 5))
@settings(max_examples=60, deadline=None)
def test_payouts_and_what_is_of_none_are_all_movements_and_stated_balances_add_up(
    rows: list[tuple[int, str, str, str]], opening: int
) -> None:
    euros = list(accumulate((net for net, *_, of in rows if of == "EUR"), initial=opening))[1:]
    stated = iter(euros)
    given_rows = [
        moved(
            number,
            net,
            kind=kind,
            payout=payout,
            currency=currency,
            balance=next(stated) if currency == "EUR" else None,
        )
        for number, (net, kind, payout, currency) in enumerate(rows, 1)
    ]
    movements = [one for _, one in given_rows]
    found = tie_payouts(movements)
    assert {tie.reason for tie in found.ties} <= set(TIE_REASONS)
    for statement in state_balances(given_rows):
        currency = statement.currency
        is_stated = currency == "EUR"
        assert (statement.opening_cents == opening) is is_stated
        assert statement.closing_cents == (euros[-1] if is_stated else None)
        assert statement.broken is None
        if not found.ties:
            continue
        of_currency = [tie for tie in found.ties if tie.currency == currency]
        nets = sum(
            one.net_cents
            for one in movements
            if one.currency == currency and one.kind.startswith("payout")
        )
        tied = (
            sum(tie.nets_cents for tie in of_currency) + found.unassigned.get(currency, (0, 0))[1]
        )
        assert tied == statement.moved_cents - nets
        paid = sum((tie.paid_cents or 0) - tie.returned_cents for tie in of_currency)
        assert paid == -nets
