"""Files of lift tests: all rows or none, and an error says what is wrong, where, and what would be right."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.lifts import COLUMNS, MILLION, LiftKey, LiftTestsInvalid, Measured
from skeldir.lifts.comparing import compare
from tests.support.lift_files import read_tests, write_tests

GOOD = "spring,email,2026-03-01,2026-03-31,1200.5,,,800,1600,90"


def test_a_row_says_what_was_measured_exactly(tmp_path: Path) -> None:
    path = write_tests(
        tmp_path / "lift.csv",
        GOOD,
        "",
        "spring,email,2026-03-01,2026-03-31,,-1250.10,EUR,-2000,0.5,95%",
        "winter,display,2026-01-05,2026-01-05,,125000,JPY,1,250000,80",
    )
    first, second, third = read_tests(path)
    days = (date(2026, 3, 1), date(2026, 3, 31))
    key = LiftKey("spring", "email", "conversions", "")
    assert first == Measured(key, *days, 1_200_500_000, 800 * MILLION, 1_600 * MILLION, 90)
    assert second == Measured(
        LiftKey("spring", "email", "value", "EUR"), *days, -125_010, -200_000, 50, 95
    )
    assert (third.key.currency, third.incremental, third.level_percent) == ("JPY", 125_000, 80)


@pytest.mark.parametrize(
    ("row", "column", "cure"),
    [
        (",email,2026-03-01,2026-03-31,1,,,0,2,90", "experiment", "Name each experiment"),
        ("x,radio,2026-03-01,2026-03-31,1,,,0,2,90", "channel", "skeldir channels add"),
        ("x,email,01.03.2026,2026-03-31,1,,,0,2,90", "first_day", "2026-06-30"),
        ("x,email,2026-02-30,2026-03-31,1,,,0,2,90", "first_day", "2026-06-30"),
        ("x,email,2026-03-02,2026-03-01,1,,,0,2,90", "last_day", "days that are over"),
        ("x,email,2026-03-01,2026-05-02,1,,,0,2,90", "last_day", "days that are over"),
        ("x,email,2026-03-01,2026-03-31,1,2,EUR,0,2,90", "incremental", "one of the two"),
        ("x,email,2026-03-01,2026-03-31,,,EUR,0,2,90", "incremental", "one of the two"),
        ("x,email,2026-03-01,2026-03-31,1,,EUR,0,2,90", "currency", "incremental_value only"),
        ("x,email,2026-03-01,2026-03-31,,1,eur,0,2,90", "currency", "ISO 4217"),
        (
            "x,email,2026-03-01,2026-03-31,,1.005,EUR,0,2,90",
            "incremental_value",
            "no more decimals",
        ),
        ("x,email,2026-03-01,2026-03-31,many,,,0,2,90", "incremental_conversions", "12.5"),
        ("x,email,2026-03-01,2026-03-31,1e3,,,0,2,90", "incremental_conversions", "12.5"),
        ("x,email,2026-03-01,2026-03-31,1,,,,2,90", "lower", "12.5"),
        ("x,email,2026-03-01,2026-03-31,3,,,0,2,90", "incremental_conversions", "in this order"),
        ("x,email,2026-03-01,2026-03-31,1,,,0,2,9", "level_percent", "50 to 99"),
        ("x,email,2026-03-01,2026-03-31,1,,,0,2,0.9", "level_percent", "50 to 99"),
        ("x,email,2026-03-01,2026-03-31,1,,,0,2", "9 cells", "all cells"),
        (GOOD, "twice", "Give each once"),
    ],
)
def test_a_wrong_row_is_named_with_its_line_its_column_and_the_cure(
    tmp_path: Path, row: str, column: str, cure: str
) -> None:
    path = write_tests(tmp_path / "lift.csv", GOOD, row)
    with pytest.raises(LiftTestsInvalid) as fault:
        read_tests(path)
    assert "line 3" in fault.value.detail
    assert column in fault.value.detail
    assert cure in fault.value.cure
    assert "Nothing was recorded." in fault.value.cure


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "0 rows"),
        (b"experiment,channel\n", "missing columns"),
        (b"\xff\xfe", "not UTF-8"),
        (",".join([*COLUMNS, "p_value"]).encode(), "unknown columns: 'p_value'"),
        (",".join([*COLUMNS, "lower"]).encode(), "repeated columns: 'lower'"),
        (",".join(COLUMNS).encode(), "has no rows"),
        (",".join(c for c in COLUMNS if c != "currency").encode(), "missing columns: 'currency'"),
    ],
)
def test_a_file_without_tests_is_refused_with_what_it_lacks(
    tmp_path: Path, text: bytes, said: str
) -> None:
    path = tmp_path / "lift.csv"
    path.write_bytes(text)
    with pytest.raises(LiftTestsInvalid, match=said):
        read_tests(path)


UNITS = st.integers(-(10**9), 10**9)


@given(ends=st.lists(UNITS, min_size=3, max_size=3).map(sorted), credited=UNITS)
def test_a_model_is_inside_the_interval_or_beyond_it_by_the_distance_to_its_nearer_end(
    ends: list[int], credited: int
) -> None:
    lower, incremental, upper = ends
    day = date(2026, 3, 1)
    key = LiftKey("x", "email", "value", "JPY")
    said = compare(
        Measured(key, day, day, incremental, lower, upper, 90), "linear@1", credited, is_fit=False
    )
    nearest = min(max(credited, lower), upper)
    assert int(said.beyond) == abs(credited - nearest)
    assert (said.position == "inside") == (lower <= credited <= upper)
    assert (said.position == "above") == (credited > upper)
    assert int(said.credited) - int(said.difference) == incremental
