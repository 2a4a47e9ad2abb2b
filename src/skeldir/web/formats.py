"""Numbers, money, dates and times as people of a locale write them. Nothing here is ever a float.

Money is written with its ISO 4217 code and never with a sign such as $, which several currencies share. Numbers below
zero have a real minus sign. What is unknown is `Unknown`, with a reason, and never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from skeldir.money import decimals
from skeldir.web.locales import MINUS, NO_BREAK, Locale

DASH: Final = "\N{EN DASH}"

_SECONDS: Final = (86_400, 3_600, 60, 1)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is not known, and why, in the language of the page: "no spend was recorded"."""

    reason: str


@dataclass(frozen=True, slots=True)
class Formats:
    """Writes values in a locale, and times in the zone of a tenant."""

    locale: Locale
    zone: ZoneInfo

    def number(self, value: int) -> str:
        """Write a whole number: 12,345."""
        return self._sign(value) + self._group(str(abs(value)))

    def fixed(self, value: Decimal | Fraction | int, places: int) -> str:
        """Write a number with `places` decimals, rounded half away from zero: 3.14."""
        scaled = _round(Fraction(value) * 10**places)
        return self._sign(scaled) + self._point(abs(scaled), places)

    def ratio(self, value: Decimal | Fraction | int) -> str:
        """Write a ratio, such as a return on ad spend, with two decimals: 4.25."""
        return self.fixed(value, 2)

    def percent(self, value: Decimal | Fraction | int, places: int = 1) -> str:
        """Write a share, where 1 is the whole: 0.123 is 12.3%."""
        return f"{self.fixed(Fraction(value) * 100, places)}{self.locale.before_percent}%"

    def money(self, minor: int, currency: str) -> str:
        """Write an amount in minor units without its currency, for a column that names it: 1,234.50.

        Raises `CurrencyUnknown`.
        """
        return self._sign(minor) + self._point(abs(minor), decimals(currency))

    def money_with_code(self, minor: int, currency: str) -> str:
        """Write an amount in minor units with its currency: 1,234.50 USD. Raises `CurrencyUnknown`."""
        return f"{self.money(minor, currency)}{NO_BREAK}{currency}"

    def day(self, value: date) -> str:
        """Write a day: 3 Nov 2026."""
        return self._day(value, self.locale.day)

    def day_short(self, value: date) -> str:
        """Write a day without its year, for an axis that shows years: 3 Nov."""
        return self._day(value, self.locale.day_short)

    def month(self, value: date) -> str:
        """Write the month of a day, the year with January: Nov, 2027."""
        return str(value.year) if value.month == 1 else self.locale.months[value.month - 1]

    def moment(self, value: datetime, *, with_seconds: bool = False) -> str:
        """Write a moment in the tenant's zone: 3 Nov 2026, 14:05. Raises `ValueError` if it has no zone."""
        local = self._local(value)
        return f"{self.day(local)}, {self.time(value, with_seconds=with_seconds)}"

    def time(self, value: datetime, *, with_seconds: bool = False) -> str:
        """Write the time of day in the tenant's zone: 14:05 or 14:05:09. Raises `ValueError` if it has no zone."""
        local = self._local(value)
        seconds = f":{local.second:02d}" if with_seconds else ""
        return f"{local.hour:02d}:{local.minute:02d}{seconds}"

    def time_tag(self, value: datetime, *, with_seconds: bool = False) -> Markup:
        """Return a `<time>` element: the moment as `moment` writes it, and exactly, with its offset, for programs."""
        exact = self._local(value).isoformat()
        return Markup('<time datetime="{}">{}</time>').format(
            exact, self.moment(value, with_seconds=with_seconds)
        )

    def duration(self, seconds: int) -> str:
        """Write a duration by its two largest units: 2 h 5 min. Raises `ValueError` below zero."""
        if seconds < 0:
            raise ValueError("A duration is not negative.")
        left = seconds
        parts: list[tuple[int, str]] = []
        for size, unit in zip(_SECONDS, self.locale.units, strict=True):
            count, left = divmod(left, size)
            if count or (size == 1 and not parts):
                parts.append((size, f"{count}{NO_BREAK}{unit}"))
        first = parts[0]
        # 3 d 5 min has hours between: only the neighbour of the largest unit says more.
        neighbour = [text for size, text in parts[1:2] if size * 60 >= first[0]]
        return " ".join([first[1], *neighbour])

    def axis(self, ticks: Sequence[int], places: int = 0) -> list[str]:
        """Write evenly spaced ticks of an axis briefly, all in the same power: 0, 5k, 10k.

        The ticks are minor units with `places` decimals, or whole numbers. No digit of a tick is lost.
        """
        step = ticks[1] - ticks[0] if len(ticks) > 1 else max(abs(ticks[0]), 1) if ticks else 1
        largest = max((abs(tick) for tick in ticks), default=0)
        one = 10**places
        power = 0
        for more in (1, 2, 3, 4):
            unit = one * 1_000**more
            if largest >= unit and step * 10 % unit == 0:
                power = more
        unit = one * 1_000**power
        digits = next((n for n in range(places) if step * 10**n % unit == 0), places)
        if power:
            digits = 0 if step % unit == 0 else 1
        mark = self.locale.powers[power - 1] if power else ""
        return [
            "0" if tick == 0 else f"{self.fixed(Fraction(tick, unit), digits)}{mark}"
            for tick in ticks
        ]

    def _local(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValueError("A moment needs a zone.")
        return value.astimezone(self.zone)

    def _day(self, value: date, template: str) -> str:
        month = self.locale.months[value.month - 1]
        return template.format(day=value.day, month=month, year=value.year).replace(" ", NO_BREAK)

    def _sign(self, value: int) -> str:
        return MINUS if value < 0 else ""

    def _point(self, value: int, places: int) -> str:
        whole, fraction = divmod(value, 10**places)
        text = self._group(str(whole))
        return f"{text}{self.locale.point}{fraction:0{places}d}" if places else text

    def _group(self, digits: str) -> str:
        head = len(digits) % 3 or 3
        parts = [digits[:head], *(digits[i : i + 3] for i in range(head, len(digits), 3))]
        return self.locale.group.join(parts)


def _round(value: Fraction) -> int:
    """Round half away from zero, exactly: a Decimal would have been rounded to its context first."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return -whole if value < 0 else whole
