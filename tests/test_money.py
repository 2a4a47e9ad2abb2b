from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skeldir.money import (
    CURRENCIES,
    LARGEST_MINOR_UNITS,
    AmountFractional,
    AmountInvalid,
    CurrencyUnknown,
    decimals,
    format_minor,
    minor_units,
    split,
)

currencies = st.sampled_from(["JPY", "USD", "KWD", "CLF"])
totals = st.integers(-(10**13), 10**13)
weight_lists = st.lists(st.integers(0, 2**120) | st.integers(0, 9), min_size=1, max_size=12).filter(
    any
)


@pytest.mark.parametrize(
    ("currency", "places"),
    [("JPY", 0), ("ISK", 0), ("USD", 2), ("HUF", 2), ("XCG", 2), ("KWD", 3), ("CLF", 4)],
)
def test_a_currency_has_the_decimals_of_iso_4217(currency: str, places: int) -> None:
    assert decimals(currency) == places


def test_every_currency_is_three_capitals_with_known_decimals() -> None:
    assert len(CURRENCIES) > 160
    assert all(len(c) == 3 and c.isascii() and c.isalpha() and c.isupper() for c in CURRENCIES)
    assert set(CURRENCIES.values()) == {0, 2, 3, 4}


@pytest.mark.parametrize("currency", ["usd", "Usd", "", "XXX", "XAU", "USDT", " USD", "840"])
def test_what_is_not_a_code_in_capitals_is_an_unknown_currency(currency: str) -> None:
    with pytest.raises(CurrencyUnknown) as caught:
        decimals(currency)
    assert (caught.value.code, caught.value.status) == ("currency_unknown", 422)


def test_a_refusal_never_repeats_what_may_be_another_column() -> None:
    with pytest.raises(CurrencyUnknown) as unknown:
        decimals("jane@example.com")
    with pytest.raises(AmountInvalid) as invalid:
        minor_units("jane@example.com", "USD")
    assert "jane" not in str(unknown.value) + str(invalid.value)


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("6.50", "USD", 650),
        ("6.5", "USD", 650),
        ("6.500", "USD", 650),
        ("6", "USD", 600),
        (".5", "USD", 50),
        ("-.5", "USD", -50),
        ("007", "USD", 700),
        ("-12.34", "USD", -1234),
        ("-0", "USD", 0),
        ("-0.000000", "JPY", 0),
        ("6.0", "JPY", 6),
        ("6.5000", "KWD", 6500),
        ("0.0001", "CLF", 1),
        ("10000000000000.00", "USD", LARGEST_MINOR_UNITS),
        (7, "USD", 700),
        (-7, "JPY", -7),
        (Decimal("6.50"), "USD", 650),
        (Decimal("-0"), "USD", 0),
        (Decimal("0E-999999"), "USD", 0),
        (Decimal("1E+5"), "USD", 10_000_000),
        (Decimal("1E+15"), "JPY", LARGEST_MINOR_UNITS),
    ],
)
def test_an_amount_becomes_whole_minor_units(
    amount: str | Decimal | int, currency: str, units: int
) -> None:
    assert minor_units(amount, currency) == units


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("6.505", "USD"),
        ("-0.001", "USD"),
        ("6.5", "JPY"),
        ("0." + "0" * 60 + "1", "USD"),
        ("0." + "0" * 19 + "1" + "0" * 41, "USD"),
        (Decimal("0.001"), "USD"),
        (Decimal("1E-999999"), "USD"),
        (Decimal("-1E-70"), "USD"),
    ],
)
def test_an_amount_finer_than_its_currency_is_refused(amount: str | Decimal, currency: str) -> None:
    with pytest.raises(AmountFractional) as caught:
        minor_units(amount, currency)
    assert (caught.value.code, caught.value.status) == ("amount_fractional", 422)


@pytest.mark.parametrize(
    "amount",
    [
        "", " ", "6.50 ", " 6.50", "6.50\n", "6 000", "1,234.50", "1.234,50", "6,50", "+6.50",
        "1e5", "1E2", "NaN", "Infinity", "-inf", "1_000", "\u0666", "\uff16", "\u22126", "$6",
        "6.", ".", "-", "--6", "0x10", "6.5.0", "1" * 65, "9" * 5000, "10000000000000.01",
        "-10000000000000.01", 10**13 + 1, True, False, 6.5, 6.0, float("nan"), None, b"6",
        Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"),
        Decimal("1E+14"), Decimal("1E+999999"), Decimal("1" * 65),
        Decimal((0, (1, *[0] * 70), -90)),
    ],
)  # fmt: skip
def test_what_is_not_a_plain_bounded_amount_is_refused(amount: object) -> None:
    with pytest.raises(AmountInvalid) as caught:
        minor_units(amount, "USD")  # type: ignore[arg-type]  # the wrong types are the point
    assert (caught.value.code, caught.value.status) == ("amount_invalid", 422)


def test_a_number_too_long_to_be_written_is_refused_all_the_same() -> None:
    with pytest.raises(AmountInvalid):
        minor_units(10**5000, "USD")


def test_an_amount_in_an_unknown_currency_is_refused_for_its_currency() -> None:
    with pytest.raises(CurrencyUnknown):
        minor_units("6.50", "usd")


@given(st.integers(-LARGEST_MINOR_UNITS, LARGEST_MINOR_UNITS), currencies)
def test_a_written_amount_reads_back_as_itself(cents: int, currency: str) -> None:
    written = format_minor(cents, currency)
    assert minor_units(written.replace(",", ""), currency) == cents
    assert minor_units(Decimal(written.replace(",", "")), currency) == cents


@given(st.integers(-(10**9), 10**9), st.integers(-12, 6), currencies)
def test_reading_is_exact_or_refused(coefficient: int, exponent: int, currency: str) -> None:
    amount = Decimal(coefficient).scaleb(exponent)
    exact = Fraction(coefficient) * Fraction(10) ** (exponent + decimals(currency))
    for given_as in (amount, f"{amount:f}"):
        if abs(exact) <= LARGEST_MINOR_UNITS and exact.denominator == 1:
            assert minor_units(given_as, currency) == exact
        else:
            with pytest.raises((AmountFractional, AmountInvalid)):
                minor_units(given_as, currency)


@pytest.mark.parametrize(
    ("cents", "currency", "written"),
    [
        (123450, "USD", "1,234.50"),
        (-123450, "USD", "-1,234.50"),
        (5, "USD", "0.05"),
        (-5, "USD", "-0.05"),
        (0, "USD", "0.00"),
        (1234, "JPY", "1,234"),
        (-1234567, "KWD", "-1,234.567"),
        (1, "CLF", "0.0001"),
    ],
)
def test_an_amount_is_written_in_major_units(cents: int, currency: str, written: str) -> None:
    assert format_minor(cents, currency) == written


def hamilton(total: int, weights: list[int]) -> list[int]:
    """The textbook's largest remainder method, with fractions and one unit at a time."""
    if total < 0:
        return [-part for part in hamilton(-total, weights)]
    quotas = [Fraction(total * weight, sum(weights)) for weight in weights]
    parts = [int(quota) for quota in quotas]
    owed = {index: quota - int(quota) for index, quota in enumerate(quotas)}
    while sum(parts) < total:
        luckiest = min(owed, key=lambda index: (-owed[index], index))
        parts[luckiest] += 1
        del owed[luckiest]
    return parts


@given(totals, weight_lists)
def test_a_split_is_hamiltons(total: int, weights: list[int]) -> None:
    assert split(total, weights) == hamilton(total, weights)


@given(totals, weight_lists)
def test_parts_sum_to_the_total_and_are_within_a_unit_of_their_share(
    total: int, weights: list[int]
) -> None:
    parts = split(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1
        assert part * total >= 0
        assert weight > 0 or part == 0


@given(totals, weight_lists)
def test_a_split_of_the_negative_is_the_negative_of_the_split(
    total: int, weights: list[int]
) -> None:
    assert split(-total, weights) == [-part for part in split(total, weights)]


@given(totals.map(abs), weight_lists)
def test_a_heavier_weight_never_gets_less(total: int, weights: list[int]) -> None:
    parts = split(total, weights)
    by_weight = sorted(zip(weights, parts, strict=True))
    for (lighter, less), (heavier, more) in pairwise(by_weight):
        assert lighter == heavier or less <= more


@given(totals, weight_lists, st.integers(1, 10**9))
def test_only_the_ratios_of_weights_matter(total: int, weights: list[int], factor: int) -> None:
    assert split(total, [weight * factor for weight in weights]) == split(total, weights)


@given(totals, weight_lists, st.randoms(use_true_random=False))
def test_permuted_weights_get_the_same_parts_but_for_ties(
    total: int, weights: list[int], random: Random
) -> None:
    remainders = {abs(total) * weight % sum(weights) for weight in weights}
    assume(len(remainders) == len(set(weights)))
    shuffled = weights.copy()
    random.shuffle(shuffled)
    assert sorted(zip(shuffled, split(total, shuffled), strict=True)) == sorted(
        zip(weights, split(total, weights), strict=True)
    )


def test_equal_remainders_go_to_the_lower_index() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(101, [1, 1, 1]) == [34, 34, 33]
    assert split(-100, [1, 1, 1]) == [-34, -33, -33]
    assert split(1, [0, 1, 0, 1]) == [0, 1, 0, 0]


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [3, -1], [-1], [-1, -1]])
def test_weights_that_share_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        split(100, weights)
