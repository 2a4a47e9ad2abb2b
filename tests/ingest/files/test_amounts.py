"""Amounts as files write them: read exactly, or rejected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.canonical import read_conversion
from skeldir.ingest.files.amount_evidence import Answers, gather_amounts, settle_amounts
from skeldir.ingest.files.amounts import ROUNDINGS, DecimalMark, Rounding, amount_reader
from skeldir.ingest.rejections import ItemRejected
from skeldir.money import format_minor

UNITS: tuple[Literal["major", "minor"], ...] = ("major", "minor")
MARKS: tuple[DecimalMark, ...] = (".", ",")
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "currency", "units"),
    [
        ("12.50", "USD", 1250),
        (" 12.5 ", "USD", 1250),
        ("12", "USD", 1200),
        ("6.0", "JPY", 6),
        ("1.234", "KWD", 1234),
        ("-3.5", "EUR", -350),
        (12, "USD", 1200),
        (12.5, "USD", 1250),
        (0.1, "USD", 10),
        (9_999_999_999_999.99, "USD", 999_999_999_999_999),
        (Decimal("12.5000"), "USD", 1250),
    ],
)
def test_major_units_become_minor_units_of_their_currency(
    cell: object, currency: str, units: int
) -> None:
    assert amount_reader("major", ".")(cell, currency) == units


@pytest.mark.parametrize(
    ("cell", "currency", "code"),
    [
        ("12.505", "USD", "amount_fractional"),
        ("6.5", "JPY", "amount_fractional"),
        (0.30000000000000004, "USD", "amount_invalid"),
        (1e16, "USD", "amount_invalid"),
        (float("inf"), "USD", "amount_invalid"),
        ("1,0000.00", "USD", "amount_invalid"),
        ("USD12.50 x", "USD", "amount_invalid"),
        ("12,50", "USD", "amount_invalid"),
        ("1e3", "USD", "amount_invalid"),
        ([], "USD", "amount_invalid"),
        ("12.50", "ZZZ", "currency_unknown"),
    ],
)
def test_an_amount_that_needs_rounding_or_guessing_is_rejected(
    cell: object, currency: str, code: str
) -> None:
    with pytest.raises(ItemRejected) as caught:
        amount_reader("major", ".")(cell, currency)
    assert caught.value.item_code == code


@given(st.integers(0, 10**14), st.sampled_from(["JPY", "USD", "KWD", "CLF"]), st.booleans())
def test_every_amount_survives_conversion_to_major_units_and_back(
    units: int, currency: str, has_comma: bool
) -> None:
    text = format_minor(units, currency).replace(",", "")
    mark: Literal[".", ","] = "," if has_comma else "."
    assert amount_reader("major", mark)(text.replace(".", mark), currency) == units


@given(st.integers(0, 10**13 - 1))
def test_every_amount_survives_being_written_as_a_float(cents: int) -> None:
    number = float(Decimal(cents).scaleb(-2))
    assert amount_reader("major", ".")(number, "USD") == cents


def test_with_a_decimal_comma_a_point_is_a_thousands_separator_or_rejected() -> None:
    read = amount_reader("major", ",")
    assert read("1234,5", "EUR") == 123450
    assert read("1.234,50", "EUR") == 123450
    assert read("1.000", "EUR") == 100_000
    assert read(12.5, "EUR") == 1250
    with pytest.raises(ItemRejected, match="decimal mark is a comma"):
        read("12.50", "EUR")


@pytest.mark.parametrize(
    ("cell", "units"),
    [("1250", 1250), (" 1250 ", 1250), ("1250.00", 1250), ("-5", -5), (1250, 1250), (1250.0, 1250)],
)
def test_minor_units_are_whole_numbers(cell: object, units: int) -> None:
    assert amount_reader("minor", ".")(cell, "USD") == units


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("12.5", "amount_fractional"),
        (12.5, "amount_fractional"),
        ("12,5", "amount_invalid"),
        ("x", "amount_invalid"),
        ("9" * 60, "amount_invalid"),
        (float("inf"), "amount_invalid"),
        (True, "amount_invalid"),
        ("", "amount_missing"),
        (None, "amount_missing"),
        (str(10**15 + 1), "amount_too_large"),
        ("-5", "amount_negative"),
    ],
)
def test_a_cell_that_is_not_a_number_of_minor_units_is_rejected(cell: object, code: str) -> None:
    with pytest.raises(ItemRejected) as caught:
        read_conversion(
            {
                "idempotency_key": "k",
                "order_id": "o",
                "kind": "capture",
                "amount_cents": amount_reader("minor", ".")(cell, "USD"),
                "currency": "USD",
                "occurred_at": NOON,
            },
            now=NOON,
        )
    assert caught.value.item_code == code


@pytest.mark.parametrize(
    ("cell", "currency"), [("12.500", "EUR"), ("1.200", "EUR"), ("1.000", "JPY")]
)
def test_an_amount_that_may_have_a_thousands_separator_is_rejected(
    cell: str, currency: str
) -> None:
    for mark in (".", ","):
        read = amount_reader("major", mark)
        with pytest.raises(ItemRejected, match="thousand"):
            read(cell.replace(".", mark), currency)
    assert amount_reader("major", ".")("12.500", "KWD") == 12_500


@pytest.mark.parametrize(
    ("cell", "mark", "currency", "units"),
    [
        ("1,560.00", ".", "USD", 156_000),
        ("1.355,90", ",", "EUR", 135_590),
        ("1.355,90 €", ",", "EUR", 135_590),
        ("€ 1.355,90", ",", "EUR", 135_590),
        ("1\u00a0355,90", ",", "EUR", 135_590),
        ("1\u202f355,90", ",", "EUR", 135_590),
        ("1\u2009355,90", ",", "EUR", 135_590),
        ("1\u2007355,90", ",", "EUR", 135_590),
        ("1'355,90", ",", "EUR", 135_590),
        ("1\u2019355.90", ".", "CHF", 135_590),
        ("1.000", ",", "EUR", 100_000),
        ("1,000", ".", "EUR", 100_000),
        ("12,34,567.50", ".", "INR", 123_456_750),
        ("₹12,34,567.50", ".", "INR", 123_456_750),
        ("(60.00)", ".", "USD", -6_000),
        ("($60.00)", ".", "USD", -6_000),
        ("-$60.00", ".", "USD", -6_000),
        ("$-60.00", ".", "USD", -6_000),
        ("60.00-", ".", "USD", -6_000),
        ("\u221260.00", ".", "USD", -6_000),
        ("\u201360.00", ".", "USD", -6_000),
        ("\u200e-60.00", ".", "USD", -6_000),
        ("+60.00", ".", "USD", 6_000),
        ("USD 60.00", ".", "USD", 6_000),
        ("60.00usd", ".", "USD", 6_000),
        ("US$60.00 USD", ".", "USD", 6_000),
        ("Rs.500", ".", "INR", 50_000),
        ("$.50", ".", "USD", 50),
        ("1 234 kr", ",", "SEK", 123_400),
        ("1.234 Kč", ",", "CZK", 123_400),
        ("¥1,200", ".", "JPY", 1_200),
        ("0.500", ".", "EUR", 50),
        ("1,234.500", ".", "EUR", 123_450),
        ("1.234.567", ",", "EUR", 123_456_700),
        ("1.355,900", ",", "KWD", 1_355_900),
    ],
)
def test_amounts_are_read_as_people_write_them(
    cell: str, mark: DecimalMark, currency: str, units: int
) -> None:
    assert amount_reader("major", mark)(cell, currency) == units


@pytest.mark.parametrize("mark", [".", ","])
@pytest.mark.parametrize(
    "cell",
    [
        "12.-", "12,-", "12,- €", "100:-", "(-60)", "--60", "-60-", "(60", "60)", "()", "(", "+", "+ -",
        "1.2.3", "1,2,3", "1 2", "1,355.900,00", "12 %", "twelve", "12 apples", "0,123,456", "01,234.5",
        "1e3", "1.5e+3", "12.5.", "USD", "$", "٣", "12/5", "1_000", "0x1F", "12 EUR USD GBP", "1'35,90",
    ],
)  # fmt: skip
def test_what_is_not_beyond_doubt_an_amount_is_rejected(cell: str, mark: DecimalMark) -> None:
    with pytest.raises(ItemRejected) as caught:
        amount_reader("major", mark)(cell, "EUR")
    assert caught.value.item_code in ("amount_invalid", "currency_contradicted")


@pytest.mark.parametrize(
    ("cell", "currency"),
    [("12.50 €", "USD"), ("$12.50", "EUR"), ("GBP 12.50", "EUR"), ("R$5", "USD")],
)
def test_a_sign_that_contradicts_the_currency_is_rejected(cell: str, currency: str) -> None:
    with pytest.raises(ItemRejected) as caught:
        amount_reader("major", ".")(cell, currency)
    assert caught.value.item_code == "currency_contradicted"


def test_a_text_from_another_column_is_not_repeated() -> None:
    with pytest.raises(ItemRejected) as caught:
        amount_reader("major", ".")("Jane Doe", "USD")
    assert "Jane" not in caught.value.detail


@pytest.mark.parametrize(
    ("cell", "rounding", "units"),
    [
        ("1.3930000066757202", "half_even", 139),
        ("0.125", "half_even", 12),
        ("0.125", "half_up", 13),
        ("-0.125", "half_up", -13),
        ("2.675", "half_up", 268),
        (0.30000000000000004, "half_even", 30),
        (1.3930000066757202, "half_even", 139),
        (Decimal("12.505"), "half_even", 1250),
        ("12.50", "half_even", 1250),
        (12, "half_up", 1200),
    ],
)
def test_amounts_are_rounded_only_by_the_stated_rule(
    cell: object, rounding: Rounding, units: int
) -> None:
    assert amount_reader("major", ".", rounding)(cell, "USD") == units
    exact = Decimal(str(cell)) * 100
    if exact != int(exact):
        with pytest.raises(ItemRejected):
            amount_reader("major", ".")(cell, "USD")


def test_minor_units_are_rounded_by_the_rule_too() -> None:
    assert amount_reader("minor", ".", "half_even")("139.30000066", "USD") == 139
    assert amount_reader("minor", ".", "half_even")(139.30000066, "USD") == 139


# Decimal mark and thousands separator of a locale.
LOCALES: list[tuple[DecimalMark, str]] = [
    (".", ","), (".", ""), (".", "'"), (".", " "), (",", "."), (",", ""), (",", " "), (",", "\u00a0"),
    (",", "\u202f"), (",", "\u2019"),
]  # fmt: skip
SIGNS = {"USD": ["$", "USD", "US$"], "EUR": ["€", "EUR"], "JPY": ["¥", "JPY"], "KWD": ["KWD"]}
MINUSES = ["-{}", "\u2212{}", "({})", "{}-"]


def written(units: int, currency: str, locale: tuple[DecimalMark, str]) -> str:
    mark, group = locale
    text = format_minor(abs(units), currency)
    return text.replace(".", "\0").replace(",", group).replace("\0", mark)


@given(
    st.integers(-(10**12), 10**12),
    st.sampled_from(sorted(SIGNS)),
    st.sampled_from(LOCALES),
    st.data(),
)
def test_an_amount_in_any_locale_is_read_exactly(
    units: int, currency: str, locale: tuple[DecimalMark, str], data: st.DataObject
) -> None:
    text = written(units, currency, locale)
    sign = data.draw(st.sampled_from(["", *SIGNS[currency]]))
    text = data.draw(st.sampled_from([f"{sign} {text}", f"{text} {sign}", f"{text}{sign}"])).strip()
    if units < 0:
        text = data.draw(st.sampled_from(MINUSES)).format(text)
    assert amount_reader("major", locale[0])(text, currency) == units


@given(
    st.lists(st.integers(0, 10**8), min_size=1, max_size=8),
    st.sampled_from(sorted(SIGNS)),
    st.sampled_from(LOCALES),
)
def test_a_column_in_any_locale_is_never_another_total(
    column: list[int], currency: str, locale: tuple[DecimalMark, str]
) -> None:
    """The decimal mark that a column shows is the one it was written with; otherwise it is asked for."""
    texts = [written(units, currency, locale) for units in column]
    found = gather_amounts(texts, None)
    answers = settle_amounts("Total", found, {})
    if answers.questions:
        assert found.undecided
        return
    mark = answers.settings.get("decimal_mark")
    assert mark in (None, locale[0])
    reader = amount_reader("major", locale[0] if mark else ".")
    for units, text in zip(column, texts, strict=True):
        try:
            assert reader(text, currency) == units
        except ItemRejected:
            assert currency != "KWD"


@given(
    st.text(alphabet="0123456789.,-+()' $€\u00a0kr", max_size=12), st.sampled_from(["USD", "JPY"])
)
def test_the_marks_never_disagree_on_an_amount_with_two_decimals(text: str, currency: str) -> None:
    """Under the wrong decimal mark an amount is rejected, unless a thousands separator is possible."""
    read: list[object] = []
    marks: tuple[DecimalMark, ...] = (".", ",")
    for mark in marks:
        try:
            read.append(amount_reader("major", mark)(text, currency))
        except ItemRejected:
            continue
    if len(set(read)) > 1:
        found = gather_amounts([text], None)
        assert found.undecided


# ---------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("column", "mark"),
    [
        (["12.50", "1000"], "."),
        (["12,50", "1.000"], ","),
        (["1.000", "1.355,90 €"], ","),
        (["1,000", "0.5"], "."),
        (["1.000.000"], ","),
        (["1'355,90"], ","),
        (["1.3930000066757202"], "."),
    ],
)
def test_a_column_shows_its_decimal_mark(column: list[str], mark: str) -> None:
    assert gather_amounts(column, None).mark == mark


def test_a_column_that_does_not_show_its_decimal_mark_is_asked_about() -> None:
    answers = settle_amounts("Total", gather_amounts(["1.000", "2.500", "17"], None), {})
    assert 'How large is "1.000" in "Total"?' in answers.questions[0]
    assert "decimal_mark" not in answers.settings
    assert settle_amounts("Total", gather_amounts(["17"], None), {}) == Answers()
    given = {"decimal_mark": ","}
    assert settle_amounts("Total", gather_amounts(["1.000"], None), given) == Answers()


def test_a_column_with_both_decimal_marks_is_asked_about() -> None:
    answers = settle_amounts("Total", gather_amounts(["12.50", "12,50"], None), {})
    assert '"12.50" and "12,50"' in answers.questions[0]


def test_binary_noise_is_asked_about_once() -> None:
    for noise in ("1.3930000066757202", 1.3930000066757202):
        found = gather_amounts([noise, "12.50", noise], None)
        (question,) = settle_amounts("Total", found, {}).questions
        assert 'rounding = "half_even"' in question
        assert settle_amounts("Total", found, {"rounding": "half_up"}).questions == []


def test_the_whole_column_is_read_unless_its_first_cells_are_plain() -> None:
    def not_read() -> Iterator[object]:
        pytest.fail("The sample was plain.")
        yield ""

    assert gather_amounts(["12.50", 12.5], not_read()).mark == "."
    assert gather_amounts(["1.000", "17"], iter(["1.000", "17", "2,5"])).mark == ","
    assert set(gather_amounts(["1,000.00"], iter(["1,000.00", "2,5"])).proofs) == {".", ","}


def test_negative_amounts_are_noticed() -> None:
    assert gather_amounts(["12.50", "(60.00)"], None).negative == "(60.00)"
    assert gather_amounts(["-0.00", "12.50"], None).negative == ""
    assert gather_amounts([12.5, -3], None).negative == "-3"


@given(st.text(alphabet="0123456789.,-+()' $€\u00a0\u202fkrE\x00\ud83d²½/", max_size=80))
def test_any_text_is_an_amount_or_rejected(text: str) -> None:
    gather_amounts([text], None)
    for unit, mark, rounding in product(UNITS, MARKS, (None, *ROUNDINGS)):
        for currency in ("EUR", "JPY", "ZZZ"):
            try:
                amount = amount_reader(unit, mark, rounding)(text, currency)
            except ItemRejected:
                continue
            assert amount is None or type(amount) is int
