"""The bridge: each step begins where the one before ended, and the axis says when it does not begin at 0."""

from __future__ import annotations

from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.web import LOCALES, NARROW, Bridge, Formats, Size, Step, draw_bridge
from tests.support.drawn import Drawing

FORMATS = Formats(LOCALES["en"], ZoneInfo("UTC"))
WIDE = Size(960, 210)
CUT = "The axis does not begin at 0."


def make_bridge(*amounts: int | None, currency: str = "EUR") -> Bridge:
    """Return a bridge whose first and last amounts are balances."""
    last = len(amounts) - 1
    steps = tuple(Step(f"Step {n}", amount, n in (0, last)) for n, amount in enumerate(amounts))
    return Bridge("money", "Bridge", "From here to there.", steps, currency, CUT)


def ends(drawing: Drawing, class_: str = "bar") -> list[tuple[float, float]]:
    return [
        (float(bar.attrib["y"]), float(bar.attrib["y"]) + float(bar.attrib["height"]))
        for bar in drawing.all(class_)
    ]


def test_each_step_begins_where_the_one_before_ended() -> None:
    drawing = Drawing(draw_bridge(make_bridge(1_000, 4_000, -2_000, -500, 2_500), FORMATS))
    opening, captured, refunded, disputed, closing = ends(drawing)
    assert captured[1] == pytest.approx(opening[0], abs=0.2)
    assert refunded[0] == pytest.approx(captured[0], abs=0.2)
    assert disputed[0] == pytest.approx(refunded[1], abs=0.2)
    assert closing[0] == pytest.approx(disputed[1], abs=0.2)
    assert opening[1] == closing[1], "both stand on zero"
    assert [bar.attrib["class"] for bar in drawing.all("bar")] == [
        "bar balance",
        "bar up",
        "bar down",
        "bar down",
        "bar balance",
    ]


def test_amounts_are_exact_and_changes_have_a_sign() -> None:
    drawing = Drawing(draw_bridge(make_bridge(100_000, 2_550, -10, 102_540), FORMATS))
    plain = [text.replace("\N{MINUS SIGN}", "-") for text in drawing.texts("amount")]
    assert plain == ["1,000.00", "+25.50", "-0.10", "1,025.40"]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_an_axis_that_does_not_begin_at_zero_says_so(size: Size) -> None:
    cut = Drawing(draw_bridge(make_bridge(900_000, 30_000, -10_000, 920_000), FORMATS, size))
    assert cut.texts("cut") == [CUT]
    assert CUT in str(cut.root.findtext("desc"))
    assert len(cut.all("break")) == 2
    whole = Drawing(draw_bridge(make_bridge(9_000, 30_000, -10_000, 29_000), FORMATS, size))
    assert whole.texts("cut") == []
    assert not whole.all("break")


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_an_unknown_step_is_a_dash_and_nothing_is_drawn_until_the_next_balance(size: Size) -> None:
    drawing = Drawing(draw_bridge(make_bridge(1_000, None, -200, 700), FORMATS, size))
    assert len(drawing.all("bar")) == 2
    plain = [text.replace("\N{MINUS SIGN}", "-") for text in drawing.texts("amount")]
    assert plain == ["10.00", "\N{EN DASH}", "-2.00", "7.00"], "what is known is written"


@given(
    st.lists(st.none() | st.integers(-(10**14), 10**14), max_size=8),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_amounts_all_is_drawn_within_the_picture(
    amounts: list[int | None], currency: str
) -> None:
    for size in (WIDE, NARROW):
        drawing = Drawing(draw_bridge(make_bridge(*amounts, currency=currency), FORMATS, size))
        for x, y in drawing.places():
            assert -0.1 <= x <= drawing.width + 0.1
            assert -0.1 <= y <= max(drawing.height, 1) + 0.1


def test_rows_of_a_narrow_screen_do_not_overlap() -> None:
    drawing = Drawing(draw_bridge(make_bridge(5_000, 100, 200, 5_300), FORMATS, NARROW))
    rows = [(float(row.attrib["y"]), float(row.attrib["height"])) for row in drawing.all("track")]
    assert len(rows) == 4
    assert all(above + height < below for (above, height), (below, _) in pairwise(rows))
