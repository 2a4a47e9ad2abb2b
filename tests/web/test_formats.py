"""Numbers, money and times as locales write them; what is written can be read back to the same minor units."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.money import CURRENCIES, CurrencyUnknown
from skeldir.web import LOCALES, Formats
from tests.support.amounts import read_money

ZONE = ZoneInfo("Europe/Berlin")
EN, DE, CH, FR = (Formats(LOCALES[tag], ZONE) for tag in ("en", "de", "de-CH", "fr"))
ALL = {"en": EN, "de": DE, "de-CH": CH, "fr": FR}
TYPED = str.maketrans(
    {
        "\N{MINUS SIGN}": "-",
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": "_",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    }
)


def plain(text: str) -> str:
    """Return a text with signs that a keyboard has; a narrow space is `_`."""
    return text.translate(TYPED)


@given(
    st.sampled_from(list(ALL.values())),
    st.sampled_from(sorted(CURRENCIES)),
    st.integers(-(10**15), 10**15),
)
@settings(max_examples=150, deadline=None)
def test_an_amount_is_read_back_as_it_was(formats: Formats, currency: str, minor: int) -> None:
    assert read_money(formats, formats.money(minor, currency), currency) == minor
    assert read_money(formats, formats.money_with_code(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        ("en", ["-1,234,567.89 EUR", "0.005 KWD", "-26,400 JPY", "0.00 USD"]),
        ("de", ["-1.234.567,89 EUR", "0,005 KWD", "-26.400 JPY", "0,00 USD"]),
        ("de-CH", ["-1'234'567.89 EUR", "0.005 KWD", "-26'400 JPY", "0.00 USD"]),
        ("fr", ["-1_234_567,89 EUR", "0,005 KWD", "-26_400 JPY", "0,00 USD"]),
    ],
)
def test_money_has_the_decimals_of_its_currency_and_its_code(tag: str, written: list[str]) -> None:
    amounts = [(-123_456_789, "EUR"), (5, "KWD"), (-26_400, "JPY"), (0, "USD")]
    assert [plain(ALL[tag].money_with_code(*amount)) for amount in amounts] == written


@pytest.mark.parametrize(
    "text",
    [
        "1.234,50",
        "12,34.50",
        "1234.50",
        "1,234.5",
        "+1.00",
        "1.00 USD",
        "",
        "--1.00",
        "\u0661.\u0660\u0660",
    ],
)
def test_an_amount_that_is_written_otherwise_is_refused_and_not_guessed(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount of EUR"):
        read_money(EN, text, "EUR")


def test_a_currency_that_is_not_known_is_refused() -> None:
    with pytest.raises(CurrencyUnknown):
        EN.money(1, "eur")


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Decimal("2.345"), 2, "2.35"),
        (Decimal("-2.345"), 2, "-2.35"),
        (Fraction(1, 3), 2, "0.33"),
        (Decimal("-0.004"), 2, "0.00"),
        (Fraction(10**40 + 5, 10), 0, "1" + ",000" * 12 + ",001"),
        (12_345, 0, "12,345"),
    ],
)
def test_a_number_is_rounded_exactly_and_half_away_from_zero(
    value: Decimal | Fraction, places: int, text: str
) -> None:
    assert plain(EN.fixed(value, places)) == text


def test_shares_and_ratios_are_written_as_each_language_does() -> None:
    share = Fraction(1, 3)
    written = [plain(each.percent(share)) for each in ALL.values()]
    assert written == ["33.3%", "33,3 %", "33.3%", "33,3_%"]
    assert (EN.ratio(Decimal("1234.5")), plain(DE.ratio(Decimal("-0.5")))) == ("1,234.50", "-0,50")
    assert plain(FR.number(-1_234)) == "-1_234"


def test_times_are_those_of_the_tenants_zone_and_their_offset_is_kept() -> None:
    # The second 02:30 of the day on which clocks go back.
    moment = datetime(2026, 10, 25, 1, 30, 5, tzinfo=UTC)
    assert plain(DE.moment(moment)) == "25. Okt. 2026, 02:30"
    assert EN.time(moment, with_seconds=True) == "02:30:05"
    assert 'datetime="2026-10-25T02:30:05+01:00"' in FR.time_tag(moment)
    with pytest.raises(ValueError, match="zone"):
        EN.moment(moment.replace(tzinfo=None))


def test_days_and_months_have_the_names_of_the_language() -> None:
    day = date(2026, 3, 9)
    written = [plain(each.day(day)) for each in (EN, DE, FR)]
    assert written == ["9 Mar 2026", "9. März 2026", "9 mars 2026"]
    assert (EN.month(day), EN.month(date(2027, 1, 1))) == ("Mar", "2027")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7_500, "2 h 5 min"), (3_605, "1 h"), (90_061, "1 d 1 h")],
)  # fmt: skip
def test_a_duration_has_its_two_largest_units(seconds: int, text: str) -> None:
    assert plain(EN.duration(seconds)) == text


@pytest.mark.parametrize(
    ("ticks", "places", "texts"),
    [
        ([0, 500_000, 1_000_000], 2, ["0", "5k", "10k"]),
        ([-250_000, 0, 250_000], 2, ["-2.5k", "0", "2.5k"]),
        ([0, 5, 10], 3, ["0", "0.005", "0.010"]),
        ([0, 150, 300], 2, ["0", "1.5", "3.0"]),
        ([0, 20_000_000, 40_000_000], 0, ["0", "20M", "40M"]),
        ([1_200_000, 1_250_000], 2, ["12.0k", "12.5k"]),
        ([], 2, []),
        ([0], 2, ["0"]),
    ],
)
def test_an_axis_is_written_briefly_and_loses_no_digit(
    ticks: list[int], places: int, texts: list[str]
) -> None:
    assert [plain(text) for text in EN.axis(ticks, places)] == texts
