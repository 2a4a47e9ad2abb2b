"""Movements of a balance report against entries: each has one reason, and the sums of all are the difference."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.reconcile import (
    PAYOUT_REASONS,
    BookedEntry,
    Movement,
    match_movements,
    sum_categories,
    sum_reasons,
)

DAY = date(2026, 3, 2)


def moved(row: int, **fields: Any) -> Movement:
    given = {
        "id": f"txn{row}",
        "kind": "capture",
        "category": "charge",
        "names": {"ch"},
        "orders": {"o"},
        "gross": 100,
        "fee": 3,
        "currency": "EUR",
        "day": DAY,
    } | fields
    return Movement(
        row,
        given["id"],
        given["kind"],
        given["category"],
        frozenset(given["names"]),
        frozenset(given["orders"]),
        given["gross"],
        given["fee"],
        given["gross"] - given["fee"],
        given["currency"],
        given["day"],
    )


def booked(key: str = "k", **fields: Any) -> BookedEntry:
    given = {
        "kind": "capture",
        "names": {"ch"},
        "order_id": "o",
        "cents": 100,
        "currency": "EUR",
        "day": DAY,
    } | fields
    names = frozenset(given.pop("names"))
    return BookedEntry(key=key, names=names, **given)


def reasons(movements: list[Movement], entries: list[BookedEntry]) -> list[str]:
    return [
        line.reason
        for line in match_movements(movements, entries, {entry.key for entry in entries})
    ]


@pytest.mark.parametrize(
    ("movements", "entries", "expected"),
    [
        ([moved(1)], [booked()], ["none"]),
        ([moved(1, names=())], [booked(names=())], ["none"]),
        ([moved(1, orders=())], [booked(order_id="x")], ["none"]),
        ([moved(1)], [], ["missing_in_ledger"]),
        ([], [booked()], ["missing_at_provider"]),
        ([moved(1, kind="refund")], [booked()], ["missing_in_ledger", "missing_at_provider"]),
        ([moved(1), moved(2, id="txn1")], [booked()], ["none", "duplicate"]),
        ([moved(1), moved(2, id="txn1")], [], ["missing_in_ledger", "duplicate"]),
        ([moved(1), moved(2)], [booked()], ["none", "duplicate"]),
        # A row that repeats an id takes no other entry of its order.
        (
            [moved(1), moved(2, id="txn1")],
            [booked("a"), booked("b")],
            ["none", "duplicate", "missing_at_provider"],
        ),
        # A second payment of an order, or a second capture of a charge, is no duplicate.
        ([moved(1), moved(2, names={"ch2"})], [booked()], ["none", "missing_in_ledger"]),
        ([moved(1), moved(2, gross=50)], [booked()], ["none", "missing_in_ledger"]),
        ([moved(1), moved(2, gross=50)], [booked("a", cents=50), booked("b")], ["none", "none"]),
        ([moved(1, currency="USD")], [booked()], ["currency"]),
        ([moved(1, currency="USD", gross=7)], [booked()], ["currency"]),
        ([moved(1, gross=101, day=DAY + timedelta(1))], [booked()], ["amount"]),
        ([moved(1, day=DAY + timedelta(1))], [booked()], ["timing"]),
        ([moved(1, kind="fee")], [], []),
    ],
)
def test_a_movement_has_the_first_reason_that_applies(
    movements: list[Movement], entries: list[BookedEntry], expected: list[str]
) -> None:
    assert reasons(movements, entries) == expected


def test_a_name_is_matched_before_an_order() -> None:
    by_order, by_name = moved(1, names={"x"}, gross=7), moved(2, gross=100)
    lines = match_movements([by_order, by_name], [booked("only")], ())
    assert [line.reason for line in lines] == ["missing_in_ledger", "none"]


def test_an_entry_that_is_not_expected_is_not_missing_and_is_matched_all_the_same() -> None:
    assert match_movements([], [booked()], ()) == []
    assert [line.reason for line in match_movements([moved(1)], [booked()], ())] == ["none"]


_NAMES = st.sets(st.sampled_from("abcd"), max_size=2)
_MONEY = {
    "currency": st.sampled_from(["EUR", "USD"]),
    "day": st.sampled_from([DAY, DAY + timedelta(days=1)]),
}
_MOVED = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["", "1", "2", "3"]),
        "kind": st.sampled_from(["capture", "refund", "fee", "payout", "other"]),
        "category": st.sampled_from(["charge", "topup"]),
        "names": _NAMES,
        "orders": _NAMES,
        "gross": st.integers(-3, 3),
        "fee": st.integers(-1, 1),
        **_MONEY,
    }
)
_BOOKED = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["capture", "refund"]),
        "names": _NAMES,
        "order_id": st.sampled_from("abcd"),
        "cents": st.integers(-3, 3),
        **_MONEY,
    }
)


@given(st.lists(_MOVED, max_size=7), st.lists(_BOOKED, max_size=7), st.sets(st.integers(0, 6)))
@settings(max_examples=200, deadline=None)
def test_the_sums_of_all_reasons_are_the_whole_difference(
    rows: list[dict[str, Any]], facts: list[dict[str, Any]], expected: set[int]
) -> None:
    movements = [moved(number, **fields) for number, fields in enumerate(rows)]
    entries = [booked(str(number), **fields) for number, fields in enumerate(facts)]
    lines = match_movements(movements, entries, {str(number) for number in expected})
    compared = [one for one in movements if one.is_compared]
    assert [line.movement for line in lines if line.movement is not None] == compared
    used = [line.entry.key for line in lines if line.entry is not None]
    assert len(used) == len(set(used))
    assert {str(one) for one in expected if one < len(entries)} <= set(used)
    sums, page = sum_reasons(lines), sum_categories(movements, lines)
    assert {one.reason for one in sums} <= set(PAYOUT_REASONS)
    for currency in ("EUR", "USD"):
        gross = sum(one.gross_cents for one in compared if one.currency == currency)
        known = sum(
            entry.cents for entry in entries if entry.key in used and entry.currency == currency
        )
        of_currency = [one for one in sums if one.currency == currency]
        assert sum(one.difference_cents for one in of_currency) == gross - known
        assert not any(
            one.difference_cents for one in of_currency if one.reason in ("none", "timing")
        )
        of_page = [one for one in page if one.currency == currency]
        assert sum(one.difference_cents or 0 for one in of_page) == gross - known
        everything = [one for one in movements if one.currency == currency]
        assert sum(one.net_cents for one in of_page) == sum(one.net_cents for one in everything)
        assert all(one.net_cents == one.gross_cents - one.fee_cents for one in of_page)
