"""Charts over days as SVG: lines, an area, stacked bars, and small curves for tables.

Pure functions: typed data in, text out. Values are whole numbers in units of `places` decimals (cents: 2 for
EUR). An unknown value is None and leaves a gap; it is never drawn as 0. Colours and fonts come from skeldir.css.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from markupsafe import Markup

from skeldir.web.formats import DASH, Formats
from skeldir.web.locales import NO_BREAK
from skeldir.web.scales import WIDE, Line, Size, named_days, nice_ticks, runs_of
from skeldir.web.svg import coordinate, element, join, picture

TONES: Final = 8
"""How many colours there are for series: classes `tone-1` to `tone-8`."""

_TOP: Final = 14
_BOTTOM: Final = 24
_RIGHT: Final = 6
_PER_CHARACTER: Final = 6.8
_PER_DAY_NAMED: Final = 68
_MOST_TOUCHED: Final = 62  # days; with more, what the pointer shows would be most of the page
_MOST_DASHED: Final = 120  # days; with more, dashes of a line are taken for its values
_HEIGHT_IF_EMPTY: Final = 96
_BAR_OF_SLOT: Final = 0.72
_THINNEST: Final = 2.0  # of 100: a mark, and an interval of hardly any width


@dataclass(frozen=True, slots=True)
class Series:
    """One line or layer: a value for each day, None where it is unknown. `tone` is 1 to 8."""

    name: str
    values: tuple[int | None, ...]
    tone: int = 1


@dataclass(frozen=True, slots=True)
class DayChart:
    """Series over the same days, in order. Raises `ValueError` if a series has another number of values.

    `key` begins the ids of its elements. `unit` is written behind values, such as EUR; `empty` in a chart without any.
    """

    key: str
    title: str
    description: str
    days: tuple[date, ...]
    series: tuple[Series, ...]
    empty: str
    places: int = 0
    unit: str = ""
    marked: tuple[date, ...] = ()
    """Days with a line across the picture; what they are of stands beside it."""

    def __post_init__(self) -> None:
        if any(len(series.values) != len(self.days) for series in self.series):
            raise ValueError("A series needs one value for each day.")


@dataclass(frozen=True, slots=True)
class _Plot:
    """The inner area of a chart, with its scales: `across` for indexes of days, `up` for values."""

    left: float
    right: float
    bottom: float
    across: tuple[float, ...]
    up: Line
    ticks: tuple[int, ...]

    @property
    def slot(self) -> float:
        return (self.right - self.left) / max(len(self.across), 1)


def draw_lines(chart: DayChart, formats: Formats, size: Size = WIDE) -> Markup:
    """Draw each series as a line; a known value between unknown ones is a dot."""
    values = [value for series in chart.series for value in series.values]
    plot = _lay_out(chart, formats, size, values, is_by_slot=False)
    lines = [_line(series, plot) for series in chart.series]
    return _finish(chart, formats, size, plot, lines, values)


def draw_area(chart: DayChart, formats: Formats, size: Size = WIDE) -> Markup:
    """Draw the first series as a line, with the area between it and zero filled."""
    series = chart.series[0]
    plot = _lay_out(chart, formats, size, series.values, is_by_slot=False)
    zero = coordinate(plot.up(0))
    areas = []
    for run in runs_of(series.values, plot.across):
        first, last = coordinate(run[0][0]), coordinate(run[-1][0])
        outline = f"M{first} {zero}L{_points(run, plot.up)}L{last} {zero}Z"
        areas.append(element("path", d=outline, class_=f"area tone-{series.tone}"))
    return _finish(chart, formats, size, plot, [*areas, _line(series, plot)], series.values)


def draw_stack(chart: DayChart, formats: Formats, size: Size = WIDE) -> Markup:
    """Draw a bar for each day, the series one on another; what is below zero is stacked downwards.

    A day of which some series is unknown gets a mark at its foot, since its bar is not the whole.
    """
    count = len(chart.days)
    above, below = [0] * count, [0] * count
    spans: list[tuple[int, int, int, int]] = []
    for series in chart.series:
        for index, value in enumerate(series.values):
            if value:
                pile = above if value > 0 else below
                spans.append((series.tone, index, pile[index], pile[index] + value))
                pile[index] += value
    values = [value for series in chart.series for value in series.values]
    ends: list[int | None] = [*above, *below]
    plot = _lay_out(chart, formats, size, ends, is_by_slot=True)
    width = max(plot.slot * _BAR_OF_SLOT, min(plot.slot, 1.0))
    # All bars of a series are one element: a year of them would be most of the page.
    outlines: dict[int, list[str]] = defaultdict(list)
    for tone, index, start, end in spans:
        left = plot.across[index] - width / 2
        outlines[tone].append(_bar(left, width, plot.up(start), plot.up(end)))
    bars = [
        element("path", d="".join(parts), class_=f"bar tone-{tone}")
        for tone, parts in outlines.items()
    ]
    bars += [
        element("circle", cx=plot.across[index], cy=plot.bottom - 5.0, r=2.5, class_="partial")
        for index in range(count)
        if any(series.values[index] is None for series in chart.series)
    ]
    return _finish(chart, formats, size, plot, bars, values)


def draw_sparkline(values: Sequence[int | None], size: Size = Size(120, 28)) -> Markup:
    """Draw a small curve for a cell whose numbers are beside it; it is hidden from screen readers."""
    known = [value for value in values if value is not None]
    low, high = min([*known, 0]), max([*known, 0])
    up = Line(low, max(high, low + 1), size.height - 3.0, 3.0)
    step = (size.width - 6.0) / max(len(values) - 1, 1)
    runs = runs_of(values, [3 + step * index for index in range(len(values))])
    parts = [_curve(run, up, "line") for run in runs]
    if runs and values[-1] is not None:
        x, value = runs[-1][-1]
        parts.append(element("circle", cx=x, cy=up(value), r=2.2, class_="dot"))
    box = f"0 0 {size.width} {size.height}"
    return element(
        "svg", *parts, viewBox=box, class_="sparkline", aria_hidden="true", focusable="false"
    )


def draw_share(part: Fraction, tone: int = 1) -> Markup:
    """Draw a bar that fills `part` of its cell, from 0 to 1, for a share whose number is beside it.

    A share outside these limits, which refunds can cause, gets an empty or a full bar.
    """
    width = float(min(max(part, Fraction(0)), Fraction(1)) * 100)
    filled = element("rect", width=width, height=4, class_=f"bar tone-{tone}")
    track = element("rect", width=100, height=4, class_="track")
    return element(
        "svg",
        track,
        filled,
        viewBox="0 0 100 4",
        preserveAspectRatio="none",
        class_="share",
        aria_hidden="true",
        focusable="false",
    )


def draw_interval(
    value: float, ends: tuple[float, float] | None, scale: float, tone: int = 1
) -> Markup:
    """Draw an estimate as a mark, and its interval as a bar, for a cell whose numbers are beside it.

    The whole width stands for `scale`. Without `ends` there is no interval and no bar.
    """

    def across(place: float) -> float:
        return min(max(place / scale, 0.0), 1.0) * 100 if scale > 0 else 0.0

    parts = [element("rect", y=4, width=100, height=2, class_="track")]
    if ends is not None:
        lower, upper = (across(end) for end in ends)
        left = min(lower, 100.0 - _THINNEST)
        width = max(upper - left, _THINNEST)
        parts.append(element("rect", x=left, y=2, width=width, height=6, class_=f"bar tone-{tone}"))
    # The mark of the lowest and of the highest value is not cut off.
    middle = min(max(across(value), _THINNEST / 2), 100.0 - _THINNEST / 2)
    left = middle - _THINNEST / 2
    parts.append(element("rect", x=left, width=_THINNEST, height=10, class_="estimate"))
    return element(
        "svg",
        *parts,
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        class_="interval",
        aria_hidden="true",
        focusable="false",
    )


def _lay_out(
    chart: DayChart,
    formats: Formats,
    size: Size,
    values: Sequence[int | None],
    *,
    is_by_slot: bool,
) -> _Plot:
    known = [value for value in values if value is not None]
    ticks = nice_ticks(min(known, default=0), max(known, default=0))
    longest = max(map(len, formats.axis(ticks, chart.places)))
    left, right = longest * _PER_CHARACTER + 10, size.width - _RIGHT
    bottom = size.height - _BOTTOM
    count = len(chart.days)
    if is_by_slot or count == 1:
        slot = (right - left) / max(count, 1)
        across = tuple(left + slot * (index + 0.5) for index in range(count))
    else:
        step = (right - left) / max(count - 1, 1)
        across = tuple(left + step * index for index in range(count))
    up = Line(ticks[0], ticks[-1], float(bottom), float(_TOP))
    return _Plot(left, right, bottom, across, up, tuple(ticks))


def _finish(
    chart: DayChart,
    formats: Formats,
    size: Size,
    plot: _Plot,
    marks: list[Markup],
    values: Sequence[int | None],
) -> Markup:
    """Put axes, marks and what the pointer shows into one picture."""
    height = size.height
    if all(value is None for value in values):
        height = min(size.height, _HEIGHT_IF_EMPTY)
        middle = {"x": size.width // 2, "y": height // 2}
        content = [element("text", chart.empty, **middle, class_="empty-chart")]
    else:
        content = [
            _axis_of_values(chart, formats, plot),
            _axis_of_days(chart, formats, plot, size),
            *_marked(chart, plot),
            element("g", *marks, class_="marks"),
            *_touched(chart, formats, plot),
        ]
    return picture(
        content,
        key=chart.key,
        title=chart.title,
        description=chart.description,
        box=f"0 0 {size.width} {height}",
        class_="chart dense" if len(chart.days) > _MOST_DASHED else "chart",
    )


def _axis_of_values(chart: DayChart, formats: Formats, plot: _Plot) -> Markup:
    parts = []
    for tick, text in zip(plot.ticks, formats.axis(plot.ticks, chart.places), strict=True):
        y = coordinate(plot.up(tick))
        line = f"M{coordinate(plot.left)} {y}H{coordinate(plot.right)}"
        parts.append(element("path", d=line, class_="zero" if tick == 0 else "grid"))
        parts.append(
            element("text", text, x=plot.left - 8, y=plot.up(tick), dy="0.32em", class_="of-values")
        )
    return element("g", *parts, class_="axis")


def _axis_of_days(chart: DayChart, formats: Formats, plot: _Plot, size: Size) -> Markup:
    most = max(int((plot.right - plot.left) // _PER_DAY_NAMED), 2)
    parts = []
    for index, is_month in named_days(chart.days, most):
        day, x = chart.days[index], plot.across[index]
        text = formats.month(day) if is_month else formats.day_short(day)
        # A label at the right end would be cut off.
        is_last = x > plot.right - _PER_DAY_NAMED / 3
        is_first = x < plot.left + _PER_DAY_NAMED / 3
        class_ = "of-days at-end" if is_last else "of-days at-start" if is_first else "of-days"
        at = coordinate(x)
        parts.append(
            element("path", d=f"M{at} {coordinate(plot.bottom)}v4", class_="tick")
            + element("text", text, x=x, y=size.height - 6, class_=class_)
        )
    return element("g", *parts, class_="axis")


def _marked(chart: DayChart, plot: _Plot) -> list[Markup]:
    """Return a line for each period that has a marked day."""
    places = sorted(
        {bisect_right(chart.days, day) - 1 for day in chart.marked if day >= chart.days[0]}
    )
    top, bottom = coordinate(float(_TOP)), coordinate(plot.bottom)
    lines = [f"M{coordinate(plot.across[place])} {top}V{bottom}" for place in places]
    return [element("path", d="".join(lines), class_="marked")] if lines else []


def _touched(chart: DayChart, formats: Formats, plot: _Plot) -> list[Markup]:
    """Return a field for each day that names its values while the pointer is on it."""
    count = len(chart.days)
    if count > _MOST_TOUCHED:
        return []
    half = (plot.across[1] - plot.across[0] if count > 1 else plot.right - plot.left) / 2
    fields = []
    for index, day in enumerate(chart.days):
        texts = [
            f"{series.name}: {_value(chart, formats, series.values[index])}"
            for series in chart.series
        ]
        left = max(plot.across[index] - half, plot.left)
        fields.append(
            element(
                "rect",
                element("title", "\n".join([formats.day(day), *texts])),
                x=left,
                y=_TOP,
                width=min(plot.across[index] + half, plot.right) - left,
                height=plot.bottom - _TOP,
                class_="touched",
            )
        )
    return fields


def _value(chart: DayChart, formats: Formats, value: int | None) -> str:
    if value is None:
        return DASH
    number = formats.fixed(Fraction(value, 10**chart.places), chart.places)
    return f"{number}{NO_BREAK}{chart.unit}" if chart.unit else number


def _line(series: Series, plot: _Plot) -> Markup:
    runs = runs_of(series.values, plot.across)
    return join(_curve(run, plot.up, f"line tone-{series.tone}") for run in runs)


def _curve(run: list[tuple[float, int]], up: Line, class_: str) -> Markup:
    """Draw one run of known values: a line, or a dot if there is only one."""
    if len(run) == 1:
        x, value = run[0]
        return element("circle", cx=x, cy=up(value), r=2.5, class_=class_.replace("line", "dot"))
    return element("path", d=f"M{_points(run, up)}", class_=class_)


def _points(run: list[tuple[float, int]], up: Line) -> str:
    return "L".join(f"{coordinate(x)} {coordinate(up(value))}" for x, value in run)


def _bar(x: float, width: float, start: float, end: float) -> str:
    """Return the outline of a bar, from its upper left corner; a bar of little is half a pixel high."""
    top, bottom = min(start, end), max(start, end, min(start, end) + 0.5)
    left, right = coordinate(x), coordinate(x + width)
    return f"M{left} {coordinate(top)}H{right}V{coordinate(bottom)}H{left}Z"
