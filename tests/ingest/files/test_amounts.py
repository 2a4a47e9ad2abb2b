"""Amounts as files write them: read exactly, or rejected; never rounded, and never by a guess."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.canonical import read_conversion
from skeldir.ingest.files.amounts import MarkEvidence, amount_reader
from skeldir.ingest.rejections import ItemRejected, attempt
from skeldir.money import format_minor

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


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
        ("€12.50", "USD", "amount_invalid"),
        ("12.50 CAD", "USD", "amount_invalid"),
        ("12.50 each", "USD", "amount_invalid"),
        ("12.50 %", "USD", "amount_invalid"),
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


def test_with_a_decimal_comma_a_point_groups_digits_or_the_amount_is_rejected() -> None:
    read = amount_reader("major", ",")
    assert read("1234,5", "EUR") == 123450
    assert read(12.5, "EUR") == 1250
    assert read("1.234,50", "EUR") == 123450
    assert read("1.000", "EUR") == 100000
    with pytest.raises(ItemRejected, match=r"'12\.50', not a number"):
        read("12.50", "EUR")


@pytest.mark.parametrize(
    ("cell", "currency", "units"),
    [
        ("1,560.00", "USD", 156000), ("1.355,90", "EUR", 135590), ("1.355,90 €", "EUR", 135590),
        ("1 355,90", "EUR", 135590), ("1\u202f355,90\u00a0€", "EUR", 135590), ("1'355.90", "CHF", 135590),
        ("CHF 1\u2019355.90", "CHF", 135590), ("Fr. 12.50", "CHF", 1250), ("$1,560.00", "USD", 156000),
        ("US$ 12.50", "USD", 1250), ("12.50 USD", "USD", 1250), ("usd 12.50", "USD", 1250),
        ("R$ 1.234,50", "BRL", 123450),
        ("(60.00)", "USD", -6000), ("-$60.00", "USD", -6000), ("$-60.00", "USD", -6000), ("60.00-", "USD", -6000),
        ("($60.00)", "USD", -6000), ("\u221260.00", "USD", -6000), ("12,34,567.50", "INR", 123456750),
        ("¥1,234,567", "JPY", 1234567), ("1.234,5678", "CLF", 12345678), ("kr. 1.234,50", "DKK", 123450),
        ("12,5 zł", "PLN", 1250), ("0,125", "KWD", 125), ("12,50", "EUR", 1250),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_people_write_it_where_only_one_reading_is_possible(
    cell: str, currency: str, units: int
) -> None:
    assert amount_reader("major", None)(cell, currency) == units


@pytest.mark.parametrize(
    "cell", ["1,000", "12,500", "1.234.567 or so", "1,234 567", "1.00.0", "12,3456,789"]
)
def test_an_amount_with_two_readings_or_none_is_rejected_without_a_mark(cell: str) -> None:
    with pytest.raises(ItemRejected) as caught:
        amount_reader("major", None)(cell, "EUR")
    assert caught.value.item_code == "amount_invalid"


def test_a_text_that_is_no_amount_is_not_repeated() -> None:
    with pytest.raises(ItemRejected) as caught:
        amount_reader("major", None)("jane@example.com", "EUR")
    assert "jane" not in caught.value.detail


@given(
    st.integers(-(10**12), 10**12),
    st.sampled_from(["JPY", "USD", "EUR", "KWD", "CLF"]),
    st.sampled_from([(".", ","), (",", "."), (",", " "), (",", "\u202f"), (".", "'"), (",", "")]),
    st.sampled_from(["{}", "{} {c}", "{c} {}", "{c}{}"]),
    st.booleans(),
)
def test_an_amount_in_any_locale_is_read_exactly_with_its_mark_and_never_as_another_without(
    units: int, currency: str, marks: tuple[Literal[".", ","], str], form: str, has_brackets: bool
) -> None:
    mark, group = marks
    plain = format_minor(abs(units), currency).translate({ord(","): group, ord("."): mark})
    text = form.format(plain, c=currency)
    if units < 0:
        text = f"({text})" if has_brackets else f"-{text}"
    with_mark, without = (
        attempt(lambda cell, one=one: amount_reader("major", one)(cell, currency), text)  # type: ignore[misc]  # both are bound
        for one in (mark, None)
    )
    if isinstance(with_mark, ItemRejected):
        assert "Three digits" in with_mark.detail
    else:
        assert with_mark == units
    assert isinstance(without, ItemRejected) or without == units


@pytest.mark.parametrize(
    ("amounts", "point", "comma", "unclear"),
    [
        (["1", "20"], False, False, False),
        (["12.50", "1,560.00", "1,000"], True, False, True),
        (["12,50", "1.000", "1.355,90 €"], False, True, True),
        (["1.000", "2.500"], False, False, True),
        (["12.50", "12,50"], True, True, False),
        (["1 355", "1'000"], False, False, False),
        (["0.125"], True, False, False),
        (["x", "", "-"], False, False, False),
    ],
)
def test_the_decimal_mark_follows_from_amounts_that_only_one_mark_makes_numbers(
    amounts: list[str], point: bool, comma: bool, unclear: bool
) -> None:
    seen = MarkEvidence().add_all(amounts)
    assert (seen.point is not None, seen.comma is not None, seen.unclear is not None) == (
        point,
        comma,
        unclear,
    )


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
