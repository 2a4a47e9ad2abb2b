"""The credit of channels by day, week or month as a chart, and the table that it is the picture of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from skeldir.errors import ReportTooLarge
from skeldir.money import decimals
from skeldir.web.charts import TONES, DayChart, Series, draw_lines, draw_stack
from skeldir.web.scales import NARROW, WIDE
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.web.channel_tables import Shown
    from skeldir.web.channels_asked import Grain
    from skeldir.web.periods import ShownDays

_SINGLE: Final = TONES - 1
_MOST_PERIODS: Final = 1_500


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart for wide and for narrow screens, its legend, and its table."""

    caption: str
    wide: Markup
    narrow: Markup
    legend: tuple[Series, ...]
    table: Table


def require_drawable(days: ShownDays, grain: Grain, *, most: int = _MOST_PERIODS) -> None:
    """Raise `ReportTooLarge` if the days have more periods than `most`."""
    shortest = {"day": 1, "week": 7, "month": 28}[grain]
    if days.count // shortest > most:
        raise ReportTooLarge(
            f"The chart would have more than {most:,} periods.",
            cure="Ask for weeks, months or fewer days.",
        )


def periods_of(days: ShownDays, grain: Grain) -> tuple[date, ...]:
    """Return the first days of all periods that days are in: weeks from Monday."""
    if grain == "day":
        return days.all()
    first = (
        days.first.replace(day=1)
        if grain == "month"
        else days.first - timedelta(days.first.weekday())
    )
    periods = [first]
    while (following := _after(periods[-1], grain)) <= days.last:
        periods.append(following)
    return tuple(periods)


def _after(period: date, grain: Grain) -> date:
    if grain == "week":
        return period + timedelta(days=7)
    return (period + timedelta(days=31)).replace(day=1)


def credit_by_period(
    shown: Shown,
    currency: str,
    points: Mapping[str, Mapping[date, int]],
    marked: tuple[date, ...] = (),
) -> Picture:
    """Return the chart of one currency: the channels with most credit singly, and the rest of them as one.

    Credit is known of every day, so a period without any has 0. Periods with one of the `marked` days get a line.
    """
    say, report, choice = shown.say, shown.report, shown.choice
    periods = periods_of(report.days, choice.grain)
    by_size = sorted(points, key=lambda code: (-abs(sum(points[code].values())), code))
    most = _SINGLE if len(by_size) > TONES else TONES
    series = [
        Series(shown.names(code), tuple(points[code].get(period, 0) for period in periods), tone)
        for tone, code in enumerate(by_size[:most], 1)
    ]
    if rest := by_size[most:]:
        values = tuple(sum(points[code].get(period, 0) for code in rest) for period in periods)
        name = report.say.counted(
            "channels.other_channels", len(rest), report.formats.number(len(rest))
        )
        series.append(Series(name, values, TONES))
    caption = say(f"chart_{choice.grain}", model=shown.model_name(shown.model), currency=currency)
    wide, narrow = (
        DayChart(
            f"credit-{currency}-{size}",
            caption,
            _describe(shown, currency, periods, series),
            periods,
            tuple(series),
            report.say("chart.empty"),
            decimals(currency),
            currency,
            marked,
        )
        for size in ("wide", "narrow")
    )
    draw = draw_lines if choice.form == "lines" else draw_stack
    return Picture(
        caption,
        draw(wide, report.formats, WIDE),
        draw(narrow, report.formats, NARROW),
        tuple(series),
        _table(shown, currency, caption, periods, series),
    )


def _describe(shown: Shown, currency: str, periods: tuple[date, ...], series: list[Series]) -> str:
    say, formats = shown.report.say, shown.report.formats
    lines = "; ".join(
        say(
            "chart.range",
            name=each.name,
            lowest=formats.money_with_code(min(value or 0 for value in each.values), currency),
            highest=formats.money_with_code(max(value or 0 for value in each.values), currency),
        )
        for each in series
    )
    return say(
        "chart.series", first=formats.day(periods[0]), last=formats.day(periods[-1]), lines=lines
    )


def _table(
    shown: Shown, currency: str, caption: str, periods: tuple[date, ...], series: list[Series]
) -> Table:
    values = [[value or 0 for value in each.values] for each in series]
    columns = (
        Column(shown.say(f"period_{shown.choice.grain}"), "date"),
        *(Column(each.name, "money", currency) for each in series),
        Column(shown.report.say("table.total"), "money", currency),
    )
    rows = tuple(
        (
            Cell(period),
            *(Cell(each[place]) for each in values),
            Cell(sum(each[place] for each in values)),
        )
        for place, period in enumerate(periods)
    )
    sums = [sum(each) for each in values]
    totals = (Cell(shown.report.say("table.total")), *map(Cell, sums), Cell(sum(sums)))
    return shown.table(f"credit-{currency}", caption, columns, rows, totals)
