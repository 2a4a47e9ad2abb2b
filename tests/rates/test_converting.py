"""Converting: cross rates are exact, parts add up, and a day takes the last rate that is not too old."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.rates import MOST_DAYS_OLD, as_text, convert_parts, find_rate

FRIDAY = date(2026, 9, 4)
RATES = {FRIDAY: {"USD": (Decimal("1.0850"), 1), "JPY": (Decimal("160.15"), 2)}}


@pytest.mark.parametrize(
    ("currency", "target", "units", "minor_units"),
    [
        ("USD", "EUR", Fraction(10_000, 10_850), Fraction(10_000, 10_850)),
        ("EUR", "USD", Fraction(10_850, 10_000), Fraction(10_850, 10_000)),
        ("USD", "JPY", Fraction(16_015, 100) / Fraction(1085, 1000), None),
        ("JPY", "EUR", Fraction(100, 16_015), Fraction(10_000, 16_015)),
    ],
)
def test_a_cross_rate_is_an_exact_quotient_in_either_direction(
    currency: str, target: str, units: Fraction, minor_units: Fraction | None
) -> None:
    found = find_rate(RATES, "EUR", currency, target, FRIDAY)
    assert found is not None
    assert found.units == units
    assert found.minor_units == (units / 100 if minor_units is None else minor_units)


def test_a_day_without_rates_takes_the_last_one_that_is_not_too_old() -> None:
    for age in range(MOST_DAYS_OLD + 1):
        found = find_rate(RATES, "EUR", "USD", "EUR", FRIDAY + timedelta(days=age))
        assert found is not None
        assert found.day == FRIDAY
    late = FRIDAY + timedelta(days=MOST_DAYS_OLD + 1)
    assert find_rate(RATES, "EUR", "USD", "EUR", late) is None
    assert find_rate(RATES, "EUR", "USD", "EUR", FRIDAY - timedelta(days=1)) is None
    assert find_rate(RATES, "EUR", "GBP", "EUR", FRIDAY) is None


def test_both_currencies_of_a_cross_rate_are_of_the_same_day() -> None:
    monday = FRIDAY + timedelta(days=3)
    by_day = {**RATES, monday: {"USD": (Decimal("1.09"), 1)}}
    crossed = find_rate(by_day, "EUR", "USD", "JPY", monday)
    straight = find_rate(by_day, "EUR", "USD", "EUR", monday)
    assert crossed is not None
    assert straight is not None
    assert (crossed.day, straight.day) == (FRIDAY, monday)


AMOUNTS = st.lists(st.integers(-(10**16), 10**16) | st.integers(-3, 3), min_size=1, max_size=8)
RATE = st.fractions(min_value=Fraction(1, 10**6), max_value=10**6, max_denominator=10**9)


@given(AMOUNTS, RATE)
@settings(max_examples=150, deadline=None)
def test_parts_add_up_to_the_converted_sum_and_are_within_a_unit(
    cents: list[int], rate: Fraction
) -> None:
    parts = convert_parts(cents, rate)
    assert sum(parts) == round(sum(cents) * rate)
    for part, before in zip(parts, cents, strict=True):
        assert abs(part - before * rate) < 1
        assert part == 0 if before == 0 else True
    assert convert_parts([*cents, 0], rate) == [*parts, 0], "a part of 0 moves no other"


def test_a_rate_is_shown_without_an_exponent() -> None:
    assert as_text(Fraction(10_000, 10_850)) == "0.921658986175115"
    assert as_text(Fraction(1, 8 * 10**9)) == "0.000000000125"
    assert as_text(Fraction(1_500)) == "1500"
