"""Where values lie, and which of them an axis names."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.web.scales import named_days, nice_ticks, runs_of, ticks_between

AMOUNTS = st.integers(-(10**15), 10**15)


@given(AMOUNTS, AMOUNTS, st.integers(2, 8))
@settings(max_examples=100, deadline=None)
def test_ticks_are_round_evenly_spaced_and_enclose_all_values(
    one: int, other: int, most: int
) -> None:
    low, high = sorted((one, other))
    for ticks, lowest in ((nice_ticks(low, high, most), 0), (ticks_between(low, high, most), low)):
        step = ticks[1] - ticks[0]
        assert str(step).rstrip("0") in ("1", "2", "5")
        assert ticks == list(range(ticks[0], ticks[-1] + 1, step))
        assert 2 <= len(ticks) <= most + 2
        assert ticks[0] <= min(low, lowest) <= max(high, lowest) <= ticks[-1]
    assert 0 in nice_ticks(low, high, most)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 0, [0, 1]),
        (0, 3, [0, 1, 2, 3]),
        (0, 1_822_040, [0, 500_000, 1_000_000, 1_500_000, 2_000_000]),
        (-30, 70, [-40, -20, 0, 20, 40, 60, 80]),
        (-12, -5, [-15, -10, -5, 0]),
    ],
)
def test_the_smallest_unit_is_never_divided(low: int, high: int, ticks: list[int]) -> None:
    assert nice_ticks(low, high) == ticks


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(1, 4_000), st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_an_axis_names_some_days_and_not_too_many(first: date, count: int, most: int) -> None:
    days = [first + timedelta(days=index) for index in range(count)]
    named = named_days(days, most)
    assert 1 <= len(named) <= most
    assert [index for index, _ in named] == sorted({index for index, _ in named})


def test_an_axis_names_mondays_then_months_then_years() -> None:
    def of(count: int) -> list[str]:
        days = [date(2025, 12, 30) + timedelta(days=index) for index in range(count)]
        return [days[index].isoformat() for index, _ in named_days(days, 12)]

    assert of(28) == ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"]
    assert of(120) == ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]
    assert of(900)[:3] == ["2026-01-01", "2026-04-01", "2026-07-01"]
    assert of(4_000)[:2] == ["2026-01-01", "2027-01-01"]
    assert of(3) == ["2025-12-30", "2025-12-31", "2026-01-01"]


@given(st.lists(st.none() | st.integers(-100, 100), max_size=300), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_a_thinned_curve_keeps_gaps_ends_and_extremes(values: list[int | None], width: int) -> None:
    places = [index * width / max(len(values), 1) for index in range(len(values))]
    runs = runs_of(values, places)
    whole: list[list[tuple[float, int]]] = [[]]
    for place, value in zip(places, values, strict=True):
        if value is None:
            whole.append([])
        else:
            whole[-1].append((place, value))
    expected = [run for run in whole if run]
    assert len(runs) == len(expected)
    for thin, full in zip(runs, expected, strict=True):
        assert set(thin) <= set(full)
        assert (thin[0], thin[-1]) == (full[0], full[-1])
        assert thin == sorted(thin, key=lambda point: point[0])
        assert len(thin) <= 4 * (width + 1)
        for pixel in {int(place) for place, _ in full}:
            drawn = [value for place, value in thin if int(place) == pixel]
            known = [value for place, value in full if int(place) == pixel]
            assert (min(drawn), max(drawn)) == (min(known), max(known))
