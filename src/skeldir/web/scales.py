"""Where values and days lie in a picture, and which of them an axis names.

Values are whole numbers; only pixels are floats.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

_NICE: Final = (1, 2, 5)
_FEW_DAYS: Final = 10
_WEEKS: Final = 75
_MONTHS: Final = 800
_QUARTER: Final = 3


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height of a picture, in pixels."""

    width: int
    height: int


WIDE: Final = Size(960, 260)
NARROW: Final = Size(360, 220)


@dataclass(frozen=True, slots=True)
class Line:
    """A linear scale from whole numbers to pixels; `low` and `high` are the ends of the axis."""

    low: int
    high: int
    start: float
    end: float

    def __call__(self, value: int) -> float:
        """Return the pixel of a value."""
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)


def nice_step(span: int, most: int) -> int:
    """Return the smallest 1, 2 or 5 times a power of ten that divides `span` into at most `most` parts, at least 1.

    Amounts in minor units so get steps that are round in major units, whatever the decimals of their currency.
    """
    power = 1
    while True:
        for nice in _NICE:
            if span <= nice * power * most:
                return nice * power
        power *= 10


def nice_ticks(lowest: int, highest: int, most: int = 5) -> list[int]:
    """Return evenly spaced round values that enclose both, with 0 among the ends if neither is beyond it.

    There are at least two, and at most `most` + 2. `lowest` is not above `highest`.
    """
    low, high = min(lowest, 0), max(highest, 0)
    return ticks_between(low, high, most)


def ticks_between(low: int, high: int, most: int = 5) -> list[int]:
    """Return evenly spaced round values that enclose `low` and `high`, which need not include 0."""
    step = nice_step(max(high - low, 1), most)
    first = low // step
    last = max(-(-high // step), first + 1)
    return [tick * step for tick in range(first, last + 1)]


def named_days(days: Sequence[date], most: int) -> list[tuple[int, bool]]:
    """Return the indexes of the days that an axis names, at most `most`, and whether by month alone.

    Few days are all named; then come Mondays, first days of months, of quarters and of years, thinned out evenly.
    """
    if not days:
        return []
    span = (days[-1] - days[0]).days + 1
    if len(days) <= min(_FEW_DAYS, most):
        return [(index, False) for index in range(len(days))]
    if span <= _WEEKS:
        mondays = [i for i, day in enumerate(days) if day.weekday() == 0]
        return [(i, False) for i in _thinned(mondays or list(range(len(days))), most)]
    months = [i for i, day in enumerate(days) if _begins_month(days, i)]
    every = 1 if span <= _MONTHS and len(months) <= most else _QUARTER
    chosen = [i for i in months if (days[i].month - 1) % every == 0]
    if len(chosen) > most:
        chosen = [i for i in months if days[i].month == 1]
    return [(i, True) for i in _thinned(chosen or months or [0], most)]


def runs_of(values: Sequence[int | None], places: Iterable[float]) -> list[list[tuple[float, int]]]:
    """Return the points of a curve, thinned to at most four for each pixel, as runs that gaps separate.

    A pixel keeps its first and last value and the extremes between, so that no peak is lost. A run ends at
    an unknown value, and never bridges it.
    """
    runs: list[list[tuple[float, int]]] = []
    run: list[tuple[float, int]] = []
    for place, value in zip(places, values, strict=True):
        if value is None:
            if run:
                runs.append(_thin(run))
            run = []
        else:
            run.append((place, value))
    if run:
        runs.append(_thin(run))
    return runs


def _thin(run: list[tuple[float, int]]) -> list[tuple[float, int]]:
    kept: list[tuple[float, int]] = []
    pixel: list[tuple[float, int]] = []
    for point in run:
        if pixel and int(pixel[0][0]) != int(point[0]):
            kept += _ends_and_extremes(pixel)
            pixel = []
        pixel.append(point)
    return kept + _ends_and_extremes(pixel)


def _ends_and_extremes(pixel: list[tuple[float, int]]) -> list[tuple[float, int]]:
    if len(pixel) <= 4:
        return pixel
    by_value = sorted(range(len(pixel)), key=lambda i: pixel[i][1])
    return [pixel[i] for i in sorted({0, by_value[0], by_value[-1], len(pixel) - 1})]


def _begins_month(days: Sequence[date], index: int) -> bool:
    if index == 0:
        return days[0].day == 1
    before, day = days[index - 1], days[index]
    return (before.year, before.month) != (day.year, day.month)


def _thinned(indexes: list[int], most: int) -> list[int]:
    step = -(-len(indexes) // max(most, 1))
    return indexes[:: max(step, 1)]
