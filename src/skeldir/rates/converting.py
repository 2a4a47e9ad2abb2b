"""Converting sums exactly: cross rates as fractions, and parts that add up. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final, TypeAlias

from skeldir.money import decimals

MOST_DAYS_OLD: Final = 7
"""Sources state no rates on weekends and holidays: a day is converted by the last rate, at most this many days old."""

Stated: TypeAlias = Mapping[str, tuple[Decimal, int]]
"""The rates of a day: by quote the rate and its revision."""
_BASE_ITSELF: Final = (Decimal(1), 0)
_DIGITS_SHOWN: Final = 15


@dataclass(frozen=True, slots=True)
class DayRate:
    """The rate by which a day's money of `currency` is converted; `day` is the one that it was stated for.

    `units` is how many units of the target one unit of the currency is, exactly; `minor_units` the same for the
    smallest units of both. `stated` has the source's own rates that it follows from, by quote, with their revisions.
    """

    currency: str
    day: date
    units: Fraction
    minor_units: Fraction
    stated: tuple[tuple[str, Decimal, int], ...]


def find_rate(
    by_day: Mapping[date, Stated], base: str, currency: str, target: str, day: date
) -> DayRate | None:
    """Return the rate of `currency` on a day: that of the last day up to it with a rate of both currencies.

    None if that is more than MOST_DAYS_OLD days ago.
    """
    for age in range(MOST_DAYS_OLD + 1):
        stated_on = day - timedelta(days=age)
        rates = by_day.get(stated_on, {})
        of_currency = _BASE_ITSELF if currency == base else rates.get(currency)
        of_target = _BASE_ITSELF if target == base else rates.get(target)
        if of_currency is None or of_target is None:
            continue
        units = Fraction(of_target[0]) / Fraction(of_currency[0])
        shift = decimals(target) - decimals(currency)
        stated = tuple(
            (quote, rate, revision)
            for quote, (rate, revision) in ((currency, of_currency), (target, of_target))
            if quote != base
        )
        return DayRate(currency, stated_on, units, units * Fraction(10) ** shift, stated)
    return None


def convert_parts(cents: Sequence[int], rate: Fraction) -> list[int]:
    """Convert parts of a sum, of any signs, so that they add up to the converted sum.

    The sum is converted and rounded to the nearest unit, halves to the even one. Each part is its exact value rounded
    down, and the units that are left go to the parts with the largest remainders, the earlier first among equals. So a
    part is less than one unit from its exact value, and a part of 0 stays 0.
    """
    if not any(cents):
        return list(cents)
    exact = [rate.numerator * part for part in cents]
    parts = [value // rate.denominator for value in exact]
    left = round(Fraction(sum(exact), rate.denominator)) - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda place: -(exact[place] % rate.denominator))
    for place in by_remainder[:left]:
        parts[place] += 1
    return parts


def as_text(units: Fraction) -> str:
    """Return a rate for people, as a decimal with 15 significant digits at most."""
    with localcontext() as context:
        context.prec = _DIGITS_SHOWN
        shown = Decimal(units.numerator) / Decimal(units.denominator)
    return plain(shown)


def plain(rate: Decimal) -> str:
    """Return a number as text without an exponent, and without zeros at its end."""
    text = f"{rate:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
