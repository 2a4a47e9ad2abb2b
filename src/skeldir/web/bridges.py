"""The bridge of an amount: from an opening balance over what was added and taken to a closing balance, as SVG.

On a wide screen the steps stand beside each other, on a narrow one below each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from markupsafe import Markup

from skeldir.web.formats import DASH, Formats
from skeldir.web.scales import NARROW, Line, Size, ticks_between
from skeldir.web.svg import coordinate, element, picture

WIDE_BRIDGE: Final = Size(960, 210)
_TOP: Final = 26
_BOTTOM: Final = 28
_BAR_OF_SLOT: Final = 0.56
_ROW: Final = 46
_CUT_BELOW: Final = 3
_ROOM_UNDER_CUT: Final = 3


@dataclass(frozen=True, slots=True)
class Step:
    """A balance (`is_balance`) or a change of it, in minor units; None if the amount is unknown."""

    label: str
    amount: int | None
    is_balance: bool = False


@dataclass(frozen=True, slots=True)
class Bridge:
    """Steps from one balance to another in one currency.

    `key` begins the ids of its elements. `cut` is the sentence that says that the axis does not begin at 0, which is so
    where the changes would be too small to see.
    """

    key: str
    title: str
    description: str
    steps: tuple[Step, ...]
    currency: str
    cut: str


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a step's bar begins and ends, in minor units; None where that is unknown."""

    step: Step
    start: int | None
    end: int | None

    @property
    def tone(self) -> Literal["balance", "up", "down"]:
        if self.step.is_balance:
            return "balance"
        return "up" if (self.step.amount or 0) >= 0 else "down"


def draw_bridge(bridge: Bridge, formats: Formats, size: Size = WIDE_BRIDGE) -> Markup:
    """Draw a bridge; after an unknown step there is no bar until the next balance. Raises `CurrencyUnknown`."""
    spans = list(_spans(bridge.steps))
    low, high, is_cut = _ends(spans)
    is_narrow = size.width <= NARROW.width
    height = _ROW * len(spans) + 24 * is_cut if is_narrow else size.height
    if is_narrow:
        scale = Line(low, high, 0.0, float(size.width))
        content = _rows(bridge, spans, scale, formats, is_cut=is_cut)
    else:
        scale = Line(low, high, float(size.height - _BOTTOM), float(_TOP))
        content = _columns(bridge, spans, scale, formats, size, is_cut=is_cut)
    described = f"{bridge.description} {bridge.cut}" if is_cut else bridge.description
    return picture(
        content,
        key=bridge.key,
        title=bridge.title,
        description=described,
        box=f"0 0 {size.width} {height}",
        class_="chart bridge",
    )


def _spans(steps: Sequence[Step]) -> Iterator[_Span]:
    level: int | None = 0
    for step in steps:
        if step.is_balance:
            level = step.amount
            yield _Span(step, None if level is None else 0, level)
        elif step.amount is None or level is None:
            level = None
            yield _Span(step, None, None)
        else:
            yield _Span(step, level, level + step.amount)
            level += step.amount


def _ends(spans: Sequence[_Span]) -> tuple[int, int, bool]:
    """Return the ends of the axis, and whether it was cut above 0 to make the changes visible."""
    levels = [span.end for span in spans if span.end is not None] or [0]
    low, high = min(levels), max(levels)
    if low > 0 and 0 < (high - low) * _CUT_BELOW < high:
        ticks = ticks_between(max(low - (high - low) // _ROOM_UNDER_CUT, 0), high)
        return ticks[0], max(high, ticks[0] + 1), ticks[0] > 0
    return min(low, 0), max(high, min(low, 0) + 1, 0), False


def _columns(
    bridge: Bridge,
    spans: Sequence[_Span],
    up: Line,
    formats: Formats,
    size: Size,
    *,
    is_cut: bool,
) -> Iterator[Markup]:
    slot = size.width / max(len(spans), 1)
    width = slot * _BAR_OF_SLOT
    foot = up(max(up.low, 0))
    yield element("path", d=f"M0 {coordinate(foot)}H{size.width}", class_="zero")
    for index, span in enumerate(spans):
        middle = slot * (index + 0.5)
        left = middle - width / 2
        yield element("text", span.step.label, x=middle, y=size.height - 8, class_="of-steps")
        if span.start is None or span.end is None:
            amount = _amount(span.step, bridge.currency, formats)
            yield element("text", amount, x=middle, y=foot - 8, class_="amount")
            continue
        start, end = up(max(span.start, up.low)), up(span.end)
        top, height = min(start, end), max(abs(start - end), 1.0)
        yield element("rect", x=left, y=top, width=width, height=height, class_=f"bar {span.tone}")
        if is_cut and span.step.is_balance:
            yield _break_across(left, foot - 12, width)
        amount = _amount(span.step, bridge.currency, formats)
        yield element("text", amount, x=middle, y=top - 8, class_=f"amount {span.tone}")
        if index + 1 < len(spans) and spans[index + 1].end is not None:
            line = f"M{coordinate(left + width)} {coordinate(end)}h{coordinate(slot - width)}"
            yield element("path", d=line, class_="connector")
    if is_cut:
        yield element("text", bridge.cut, x=size.width, y=12, class_="cut")


def _rows(
    bridge: Bridge, spans: Sequence[_Span], across: Line, formats: Formats, *, is_cut: bool
) -> Iterator[Markup]:
    width = across.end
    foot = across(max(across.low, 0))
    for index, span in enumerate(spans):
        y = _ROW * index
        yield element("text", span.step.label, x=0, y=y + 15, class_="of-rows")
        text = _amount(span.step, bridge.currency, formats)
        yield element("text", text, x=width, y=y + 15, class_=f"amount at-end {span.tone}")
        yield element("rect", x=0, y=y + 24, width=width, height=10, class_="track")
        if span.start is None or span.end is None:
            continue
        start, end = across(max(span.start, across.low)), across(span.end)
        long = max(abs(start - end), 1.0)
        left = min(start, end, width - long)
        yield element("rect", x=left, y=y + 24, width=long, height=10, class_=f"bar {span.tone}")
        if is_cut and span.step.is_balance:
            yield _break_down(foot + 12, y + 24)
    if is_cut:
        y = _ROW * len(spans) + 14
        yield element("text", bridge.cut, x=0, y=y, class_="of-rows cut")


def _amount(step: Step, currency: str, formats: Formats) -> str:
    """Write a balance as it is, and a change with its sign."""
    if step.amount is None:
        return DASH
    sign = "+" if step.amount > 0 and not step.is_balance else ""
    return f"{sign}{formats.money(step.amount, currency)}"


def _break_across(left: float, y: float, width: float) -> Markup:
    """Return the slanted gap that shows that a bar is longer than drawn."""
    line = f"M{coordinate(left - 3)} {coordinate(y + 3)}l{coordinate(width + 6)} -6"
    return element("path", d=line, class_="break")


def _break_down(x: float, top: float) -> Markup:
    return element("path", d=f"M{coordinate(x - 3)} {coordinate(top + 13)}l6 -16", class_="break")
