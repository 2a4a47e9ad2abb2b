"""Ids that a spreadsheet has spoilt are told from those that only look unusual."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.spoilt_ids import is_shortened, width_of_ids


@pytest.mark.parametrize("text", ["5.63E+12", "5,63E+12", "1E+10", "5.630000e+012", " 9.1E+15 "])
def test_a_number_in_the_notation_of_spreadsheets_is_shortened(text: str) -> None:
    assert is_shortened(text)


@pytest.mark.parametrize(
    "text", ["5E12", "E+12", "A5.63E+12", "5.63E+12-1", "12E+1", "a+b", "5630000000000"]
)
def test_other_ids_are_not_shortened(text: str) -> None:
    assert not is_shortened(text)


@given(st.lists(st.integers(0, 99_999_999).map(lambda number: f"{number:08}"), min_size=20))
def test_ids_of_one_width_with_a_leading_zero_have_that_width(ids: list[str]) -> None:
    spoilt = ["00001234", *ids, "77"]
    assert width_of_ids(spoilt) == 8


@pytest.mark.parametrize(
    "ids",
    [
        ["00001234"] * 4,
        [str(number) for number in range(990, 1_010)],
        ["12345678", "1234567"] + ["87654321"] * 20,
        ["00001234"] * 5 + ["77"] * 5,
        ["00001234"] * 20 + ["A-7"],
        ["00001234"] * 20 + ["123456789"],
        [],
    ],
)  # fmt: skip
def test_the_width_of_ids_is_not_guessed(ids: list[str]) -> None:
    assert width_of_ids(ids) is None
