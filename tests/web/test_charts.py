"""Charts: every value at its place, gaps for what is unknown, and nothing that a page's policy refuses."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from skeldir.web import (
    LOCALES,
    NARROW,
    WIDE,
    DayChart,
    Formats,
    Series,
    draw_area,
    draw_interval,
    draw_lines,
    draw_share,
    draw_sparkline,
    draw_stack,
)
from tests.support.drawn import Drawing, bars, points

FORMATS = Formats(LOCALES["en"], ZoneInfo("UTC"))
DRAWN = {"lines": draw_lines, "area": draw_area, "stack": draw_stack}
Values = tuple[int | None, ...]
SOME_VALUES = st.lists(
    st.tuples(*[st.none() | st.integers(-(10**12), 10**12)] * 2), min_size=1, max_size=90
)


def make_chart(*series: Values, title: str = "Net revenue", places: int = 2) -> DayChart:
    days = tuple(date(2026, 11, 1) + timedelta(days=index) for index in range(len(series[0])))
    lines = tuple(Series(f"Line {n}", values, n) for n, values in enumerate(series, 1))
    return DayChart("net", title, "From 1 to 28 November.", days, lines, "No values", places, "EUR")


@pytest.mark.parametrize("kind", DRAWN)
@given(pairs=SOME_VALUES)
@settings(max_examples=25, deadline=None)
def test_whatever_the_values_all_is_drawn_within_the_picture(
    kind: str, pairs: list[tuple[int | None, int | None]]
) -> None:
    chart = make_chart(*(tuple(values) for values in zip(*pairs, strict=True)))
    for size in (WIDE, NARROW):
        drawing = Drawing(DRAWN[kind](chart, FORMATS, size))
        assert drawing.width == size.width
        for x, y in drawing.places():
            assert -0.1 <= x <= drawing.width + 0.1
            assert -0.1 <= y <= drawing.height + 0.1
        for name, value in drawing.attributes():
            assert name != "style"
            assert not name.startswith("on")
            assert "nan" not in value
            assert "inf" not in value


@pytest.mark.parametrize("kind", DRAWN)
def test_a_picture_is_announced_by_its_title_and_description(kind: str) -> None:
    drawing = Drawing(DRAWN[kind](make_chart((1, 2)), FORMATS))
    assert drawing.root.attrib["role"] == "img"
    named = {
        element.get("id"): element.text for element in drawing.root.iter() if element.get("id")
    }
    ids = drawing.root.attrib["aria-labelledby"].split()
    assert [named[one] for one in ids] == ["Net revenue", "From 1 to 28 November."]


@pytest.mark.parametrize("kind", DRAWN)
def test_texts_are_escaped(kind: str) -> None:
    nasty = "</title><script>alert('x')</script>\"&"
    text = DRAWN[kind](make_chart((1, 2), title=nasty), FORMATS)
    assert "<script" not in text
    assert next(iter(Drawing(text).root)).text == nasty


def test_an_unknown_value_is_a_gap_and_a_lonely_value_a_dot() -> None:
    drawing = Drawing(draw_lines(make_chart((1, 2, None, 3, None, 0, 0)), FORMATS))
    first, last = drawing.all("line tone-1", "path")
    (dot,) = drawing.all("dot tone-1", "circle")
    zero = float(dot.attrib["cy"]) + (points(first)[0][1] - points(first)[1][1]) * 3
    assert [y for _, y in points(last)] == pytest.approx([zero] * 2, abs=0.4)
    assert len(points(first)) == 2


@pytest.mark.parametrize("kind", DRAWN)
def test_a_chart_without_values_says_so_and_draws_no_zero(kind: str) -> None:
    drawing = Drawing(DRAWN[kind](make_chart((None, None, None)), FORMATS))
    assert drawing.texts("empty-chart") == ["No values"]
    assert not drawing.all("line") + drawing.all("bar") + drawing.all("dot") + drawing.all("area")
    assert not drawing.texts("of-values")


def test_one_day_is_drawn_as_a_dot_in_the_middle() -> None:
    drawing = Drawing(draw_area(make_chart((500,)), FORMATS))
    (dot,) = drawing.all("dot")
    assert 450 < float(dot.attrib["cx"]) < 550


def test_bars_of_a_day_stand_on_each_other_and_losses_hang_below_zero() -> None:
    drawing = Drawing(draw_stack(make_chart((300, None), (100, 200), (-200, 0)), FORMATS))
    first, second, third = (
        [(top, bottom) for _, top, _, bottom in bars(drawing.all(f"bar tone-{tone}")[0])]
        for tone in (1, 2, 3)
    )
    zero = first[0][1]
    assert second[0][1] == pytest.approx(first[0][0], abs=0.2)
    assert third[0][0] == pytest.approx(zero, abs=0.2)
    heights = [bottom - top for top, bottom in (first[0], second[0], third[0], second[1])]
    assert [height / heights[1] for height in heights] == pytest.approx([3, 1, 2, 2], rel=0.02)
    assert len(drawing.all("partial")) == 1, "the second day lacks a value, and is marked"


def test_the_axis_shows_round_amounts_and_the_pointer_finds_exact_ones() -> None:
    drawing = Drawing(draw_lines(make_chart((1_234_567, None)), FORMATS))
    assert drawing.texts("of-values") == ["0", "5k", "10k", "15k"]
    assert drawing.texts("of-days") == ["1\N{NO-BREAK SPACE}Nov", "2\N{NO-BREAK SPACE}Nov"]
    titles = [element.findtext("title") for element in drawing.all("touched")]
    plain = [str(title).replace("\N{NO-BREAK SPACE}", " ") for title in titles]
    assert plain == ["1 Nov 2026\nLine 1: 12,345.67 EUR", "2 Nov 2026\nLine 1: \N{EN DASH}"]


def test_a_long_series_stays_small_and_keeps_its_peak() -> None:
    values = [100] * 20_000
    values[12_345] = 5_000
    text = draw_lines(make_chart(tuple(values)), FORMATS)
    assert len(text) < 60_000
    (line,) = Drawing(text).all("line")
    heights = sorted({y for _, y in points(line)})
    assert len(heights) == 2


def test_a_series_needs_a_value_for_each_day() -> None:
    chart = make_chart((1, 2))
    with pytest.raises(ValueError, match="each day"):
        DayChart("x", "x", "x", chart.days, (Series("x", (1,)),), "x")


@given(st.lists(st.none() | st.integers(-(10**12), 10**12), max_size=40))
@settings(max_examples=30, deadline=None)
def test_a_sparkline_is_hidden_and_stays_within_its_cell(values: list[int | None]) -> None:
    drawing = Drawing(draw_sparkline(values))
    assert drawing.root.attrib["aria-hidden"] == "true"
    assert all(0 <= x <= 120 and 0 <= y <= 28 for x, y in drawing.places())


@pytest.mark.parametrize(
    ("part", "width"),
    [(Fraction(1, 4), "25"), (Fraction(-1, 2), "0"), (Fraction(3, 2), "100"), (Fraction(1, 3), "33.3")],
)  # fmt: skip
def test_a_share_fills_its_part_of_the_bar(part: Fraction, width: str) -> None:
    assert Drawing(draw_share(part)).all("bar")[0].attrib["width"] == width


@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted), st.sampled_from([0.0, 0.5, 1.0])
)
@settings(max_examples=50, deadline=None)
def test_an_interval_is_drawn_from_end_to_end_within_its_cell(
    drawn: list[float], scale: float
) -> None:
    lower, value, upper = drawn
    drawing = Drawing(draw_interval(value, (lower, upper), scale))
    assert drawing.root.attrib["aria-hidden"] == "true"
    for name in ("bar", "estimate"):
        (rect,) = drawing.all(name)
        left, width = float(rect.attrib["x"]), float(rect.attrib["width"])
        assert 0 <= left <= left + width <= 100.1
    if scale == 1.0 and lower < 0.9:
        (bar,) = drawing.all("bar")
        assert float(bar.attrib["x"]) == pytest.approx(100 * lower, abs=0.06)
        assert float(bar.attrib["width"]) == pytest.approx(max(100 * (upper - lower), 2), abs=0.06)


def test_an_estimate_is_a_mark_at_its_place_and_without_an_interval_there_is_no_bar() -> None:
    drawing = Drawing(draw_interval(0.25, None, 0.5))
    (mark,) = drawing.all("estimate")
    assert float(mark.attrib["x"]) + float(mark.attrib["width"]) / 2 == 50
    assert drawing.all("bar") == []


def test_what_is_drawn_can_be_put_into_a_template_as_it_is() -> None:
    assert isinstance(draw_lines(make_chart((1,)), FORMATS), Markup)
