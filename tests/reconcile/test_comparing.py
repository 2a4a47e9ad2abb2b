"""Lines of a comparison: each difference has one reason, and all sums add up."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.reconcile import Claim, Reason, Verified, basis_points, compare, sum_lines
from skeldir.spend import AdKey

DAY = date(2026, 3, 2)


def key(day: int = 0, currency: str = "EUR", campaign: str = "1") -> AdKey:
    return AdKey("meta", "9", campaign, DAY + timedelta(days=day), currency)


OTHER = key(1, campaign="2")


@pytest.mark.parametrize(
    ("claims", "verified", "reasons"),
    [
        ({key(): 100}, {key(): 100}, ["none"]),
        ({key(): 0}, {}, ["none"]),
        ({key(): None}, {key(): 100}, ["unknown"]),
        ({}, {key(): 100}, ["unknown"]),
        ({key(): 100}, {}, ["missing_in_ledger"]),
        ({key(): 0}, {key(): 100}, ["missing_at_platform"]),
        ({key(): 120}, {key(): 100}, ["amount"]),
        ({key(): 100, key(1): 0}, {key(1): 100}, ["timing", "timing"]),
        ({key(): 100, key(2): 0}, {key(2): 100}, ["missing_in_ledger", "missing_at_platform"]),
        ({key(): 100, OTHER: 0}, {OTHER: 100}, ["missing_in_ledger", "missing_at_platform"]),
        ({key(): 150, key(1): 0}, {key(): 50, key(1): 90}, ["amount", "timing"]),
        ({key(): 100}, {key(currency="USD"): 110}, ["currency", "currency"]),
        ({key(): 100}, {key(): 100, key(currency="USD"): 110}, ["none", "unknown"]),
    ],
)  # fmt: skip
def test_a_planted_difference_has_its_reason_and_no_other_line_has_one(
    claims: dict[AdKey, int | None], verified: dict[AdKey, int], reasons: list[Reason]
) -> None:
    lines = compare(
        {one: Claim(cents) for one, cents in claims.items()},
        {one: Verified(cents) for one, cents in verified.items()},
    )
    assert [line.reason for line in lines] == reasons


def test_a_day_between_two_compensates_each_unit_once() -> None:
    claims = {key(0): Claim(100), key(1): Claim(0), key(2): Claim(100)}
    lines = compare(claims, {key(1): Verified(150)})
    assert [line.timing_cents for line in lines] == [100, 150, 50]
    assert [line.reason for line in lines] == ["timing", "timing", "missing_in_ledger"]


@pytest.mark.parametrize(
    ("claims", "verified", "moved", "reasons"),
    [
        ({0: 100}, {1: 100}, [100, 100], ["timing", "timing"]),
        ({1: 100}, {0: 100}, [100, 100], ["timing", "timing"]),
        ({0: 100}, {1: 40}, [40, 40], ["missing_in_ledger", "timing"]),
        ({0: 40}, {1: 100}, [40, 40], ["timing", "unknown"]),
        ({0: 60, 2: 60}, {1: 100}, [60, 100, 40], ["timing", "timing", "missing_in_ledger"]),
        ({0: 100, 1: 0}, {-1: 100, 1: 100}, [0, 100, 100], ["unknown", "timing", "timing"]),
        ({0: 100}, {2: 100}, [0, 0], ["missing_in_ledger", "unknown"]),
        ({0: 0}, {0: 100, 1: 100}, [0, 0], ["missing_at_platform", "unknown"]),
        ({0: None}, {1: 100}, [0, 0], ["unknown", "unknown"]),
    ],
)  # fmt: skip
def test_a_day_without_a_row_compensates_what_its_neighbours_claim_too_much(
    claims: dict[int, int | None], verified: dict[int, int], moved: list[int], reasons: list[Reason]
) -> None:
    claimed = {key(day): Claim(cents) for day, cents in claims.items()}
    confirmed = {key(day): Verified(cents) for day, cents in verified.items()}
    lines = compare(claimed, confirmed, confirmed.keys() - claimed.keys())
    assert [line.timing_cents for line in lines] == moved
    assert [line.reason for line in lines] == reasons
    (one,) = sum_lines(lines)
    assert one.timing_cents == sum(line.timing_cents for line in lines if line.difference)
    without = compare(claimed, confirmed)
    assert "timing" not in [line.reason for line in without if line.claim.cents is None]


@pytest.mark.parametrize(
    ("claimed", "verified", "points"),
    [(0, 0, "0"), (1, 0, "10000"), (150, 100, "5000"), (50, 100, "-5000"), (100, 300, "-6666.67")],
)
def test_basis_points_are_of_the_verified_money(claimed: int, verified: int, points: str) -> None:
    assert basis_points(claimed, verified) == Decimal(points)


_KEYS = st.builds(
    AdKey,
    st.sampled_from(["google_ads", "meta"]),
    st.just("9"),
    st.sampled_from(["1", "2"]),
    st.integers(0, 3).map(lambda days: DAY + timedelta(days=days)),
    st.sampled_from(["EUR", "USD"]),
)
_CENTS = st.integers(0, 5) | st.integers(-(10**15), 10**15)


@given(
    claims=st.dictionaries(_KEYS, st.none() | _CENTS, max_size=24),
    verified=st.dictionaries(_KEYS, st.tuples(_CENTS, _CENTS), max_size=24),
    has_gaps=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_sums_add_up_to_the_cent(
    claims: dict[AdKey, int | None], verified: dict[AdKey, tuple[int, int]], has_gaps: bool
) -> None:
    lines = compare(
        {one: Claim(cents) for one, cents in claims.items()},
        {one: Verified(*cents) for one, cents in verified.items()},
        verified.keys() - claims.keys() if has_gaps else frozenset(),
    )
    assert [line.key for line in lines] == sorted({*claims, *verified})
    for line in lines:
        if line.claim.cents is not None:
            assert line.ghost_cents is not None
            assert line.missed_cents is not None
            assert line.difference == line.ghost_cents - line.missed_cents
            assert 0 <= line.timing_cents <= abs(line.difference)
            assert (line.reason == "none") == (line.difference == 0)
    moved = {1: 0, -1: 0}
    for line in lines:
        if line.timing_cents:
            difference = line.difference or -line.verified.captured_cents
            assert line.timing_cents <= abs(difference)
            moved[1 if difference > 0 else -1] += line.timing_cents
    assert moved[1] == moved[-1]
    sums = sum_lines(lines)
    assert len({(one.platform, one.currency) for one in sums}) == len(sums)
    for one in sums:
        assert one.claimed_cents - one.verified_cents == one.ghost_cents - one.missed_cents
    known = [cents for cents in claims.values() if cents is not None]
    assert sum(one.claimed_cents for one in sums) == sum(known)
    assert sum(one.verified_cents + one.unknown_verified_cents for one in sums) == sum(
        captured for captured, _ in verified.values()
    )
