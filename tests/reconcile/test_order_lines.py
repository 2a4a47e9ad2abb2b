"""Orders of a file against those of the ledger: each has one reason, and the sums of all reasons are the difference."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.reconcile import (
    ORDER_REASONS,
    ClaimedOrder,
    LedgerOrder,
    OrderReason,
    bridge_orders,
    compare_orders,
    sum_orders,
)

DAY = date(2026, 3, 2)
NEXT = DAY + timedelta(days=1)
Side: TypeAlias = tuple[date, dict[str, int], int] | None
"""A day, money by currency, and how many rows say so (of the ledger: ignored)."""


def reasons_of(claim: Side, known: Side, *, is_expected: bool = True) -> list[OrderReason]:
    claimed, ledger = {}, {}
    if claim is not None:
        day, cents, rows = claim
        claimed["a"] = ClaimedOrder(day, cents, list(range(rows)))
    if known is not None:
        ledger["a"] = LedgerOrder(known[0], known[1])
    return [line.reason for line in compare_orders(claimed, ledger, {"a"} if is_expected else ())]


@pytest.mark.parametrize(
    ("claim", "known", "reason"),
    [
        ((DAY, {"EUR": 100}, 1), (DAY, {"EUR": 100}, 0), "none"),
        ((DAY, {"EUR": 100}, 2), (DAY, {"EUR": 100}, 0), "none"),
        ((DAY, {"EUR": 0}, 1), (DAY, {"EUR": 0}, 0), "none"),
        ((DAY, {"EUR": 100}, 1), None, "missing_in_ledger"),
        ((DAY, {"EUR": 200}, 2), None, "missing_in_ledger"),
        (None, (DAY, {"EUR": 100}, 0), "missing_at_platform"),
        ((DAY, {"EUR": 200}, 2), (DAY, {"EUR": 100}, 0), "duplicate"),
        ((NEXT, {"EUR": 100, "USD": 110}, 2), (DAY, {"EUR": 100}, 0), "duplicate"),
        ((DAY, {"USD": 110}, 1), (DAY, {"EUR": 100}, 0), "currency"),
        ((NEXT, {"USD": 100}, 1), (DAY, {"EUR": 100}, 0), "currency"),
        ((DAY, {"EUR": 101}, 1), (DAY, {"EUR": 100}, 0), "amount"),
        ((NEXT, {"EUR": 99}, 1), (DAY, {"EUR": 100}, 0), "amount"),
        ((DAY, {"EUR": 90}, 2), (DAY, {"EUR": 100}, 0), "amount"),
        ((DAY, {"EUR": 100}, 1), (DAY, {"EUR": 100, "USD": 5}, 0), "amount"),
        ((NEXT, {"EUR": 100}, 1), (DAY, {"EUR": 100}, 0), "timing"),
        ((DAY - timedelta(days=40), {"EUR": 100}, 1), (DAY, {"EUR": 100}, 0), "timing"),
    ],
)  # fmt: skip
def test_an_order_has_the_first_reason_that_applies(
    claim: Side, known: Side, reason: OrderReason
) -> None:
    assert reasons_of(claim, known) == [reason]


def test_an_order_that_is_not_expected_is_not_missing_and_is_compared_if_it_is_claimed() -> None:
    assert reasons_of(None, (DAY, {"EUR": 1}, 0), is_expected=False) == []
    claim: Side = (DAY, {"EUR": 2}, 1)
    assert reasons_of(claim, (DAY, {"EUR": 1}, 0), is_expected=False) == ["amount"]


_MONEY = st.dictionaries(st.sampled_from(["EUR", "USD", "JPY"]), st.integers(0, 3), min_size=1)
_DAYS = st.integers(0, 4).map(lambda days: DAY + timedelta(days=days))
_IDS = st.sampled_from("abcdefgh")


@given(
    claimed=st.dictionaries(
        _IDS, st.builds(ClaimedOrder, _DAYS, _MONEY, st.lists(st.just(1), min_size=1, max_size=2))
    ),
    ledger=st.dictionaries(_IDS, st.builds(LedgerOrder, _DAYS, _MONEY)),
    expected=st.sets(_IDS),
)
@settings(max_examples=200, deadline=None)
def test_the_sums_of_all_reasons_are_the_whole_difference(
    claimed: dict[str, ClaimedOrder], ledger: dict[str, LedgerOrder], expected: set[str]
) -> None:
    lines = compare_orders(claimed, ledger, expected)
    compared = {*claimed, *(expected & ledger.keys())}
    assert [line.order_id for line in lines] == sorted(compared)
    assert all(line.reason in ORDER_REASONS for line in lines)
    first, last = DAY + timedelta(days=1), DAY + timedelta(days=2)
    bridges = {bridge.currency: bridge for bridge in bridge_orders(lines, first, last)}
    sums = sum_orders(lines)
    for currency in ("EUR", "USD", "JPY"):
        said = sum(order.cents.get(currency, 0) for order in claimed.values())
        known = {one: order for one, order in ledger.items() if one in compared}
        captured = sum(order.captured.get(currency, 0) for order in known.values())
        of_days = sum(
            order.captured.get(currency, 0)
            for order in known.values()
            if first <= order.day <= last
        )
        of_currency = [one for one in sums if one.currency == currency]
        assert sum(one.difference_cents for one in of_currency) == said - captured
        # What is equal, or only on another day, differs by nothing.
        assert not any(
            one.difference_cents for one in of_currency if one.reason in ("none", "timing")
        )
        if currency in bridges:
            bridge = bridges[currency]
            assert (bridge.claimed_cents, bridge.days_cents) == (said, of_days)
            assert bridge.others_cents == captured - of_days
            assert bridge.difference_cents == said - captured
        else:
            assert (said, captured) == (0, 0)
