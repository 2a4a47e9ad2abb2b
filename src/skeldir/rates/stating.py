"""What a source states of a day: reading a rate as text, and the shape of what is stated. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from skeldir.clock import utc_now
from skeldir.money import CURRENCIES
from skeldir.rates.refusals import RateMarkOpen, RatesRefused, RateUnreadable

DecimalMark: TypeAlias = Literal[".", ","]
SOURCE_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
FIRST_DAY: Final = date(1990, 1, 1)
MOST_DIGITS: Final = 12
"""Of a rate, on each side of the decimal mark."""
LARGEST_JUMP: Final = 2
"""A rate that is this many times, or this part of, the one before is not recorded without a word."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_RATE: Final = re.compile(r"([0-9]{1,12})(?:([.,])([0-9]+))?")


@dataclass(frozen=True, slots=True, order=True)
class Rate:
    """One unit of the source's base is `rate` units of `quote` on `day`."""

    quote: str
    day: date
    rate: Decimal


@dataclass(frozen=True, slots=True)
class StatedRates:
    """Rates of one base currency, each day and quote once, and what a file has besides."""

    base: str
    rates: list[Rate]
    left_out: tuple[str, ...] = ()
    """Currencies that no amount can be in, such as those that the euro replaced."""
    empty: int = 0
    """Cells that say that there is no rate."""


def read_rate(text: str, where: str, mark: DecimalMark | None = None) -> Decimal:
    """Return a rate from plain text; with None as the mark it must have a point.

    Raises:
        RateMarkOpen: it has a comma, and no mark is given.
        RateUnreadable: it is not a plain positive number with the mark, or has too many digits.
    """
    found = _RATE.fullmatch(text)
    if found is None:
        raise RateUnreadable(
            f"{where}: {text[:40]!r} is not a plain number.",
            cure="Write rates with digits and a decimal mark alone, such as 1.0850. Do not save the file with a"
            " spreadsheet before it is imported.",
        )
    whole, written, fraction = found[1], found[2], (found[3] or "").rstrip("0")
    if written == "," and mark is None:
        raise RateMarkOpen(
            f"{where}: {text[:40]!r} has a comma.",
            cure="Say what it is with --decimal-mark , or write the rates with a point.",
        )
    if written is not None and written != (mark or "."):
        raise RateUnreadable(
            f"{where}: {text[:40]!r} has another mark than the decimal mark that was given.",
            cure="Give the decimal mark that all rates of the file have.",
        )
    rate = Decimal(f"{whole}.{fraction}" if fraction else whole)
    if rate == 0 or len(fraction) > MOST_DIGITS:
        raise RateUnreadable(
            f"{where}: {text[:40]!r} is not above 0 with at most {MOST_DIGITS} decimals.",
            cure="Correct the rate, or leave out the day.",
        )
    return rate


def read_day(text: str, where: str) -> date:
    """Return a day written as 2026-09-01, from 1990 to tomorrow. Raises RateUnreadable."""
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise RateUnreadable(
            f"{where}: {text[:40]!r} is not a day.",
            cure="Write days as 2026-09-01. Do not save the file with a spreadsheet before it is imported.",
        )
    return check_day(day, where)


def check_day(day: date, where: str) -> date:
    """Return a day from 1990 to tomorrow, UTC. Raises RateUnreadable."""
    if not FIRST_DAY <= day <= utc_now().date() + timedelta(days=1):
        raise RateUnreadable(
            f"{where}: no rate can be of {day}.",
            cure="Correct the day; it is in the future or before 1990.",
        )
    return day


def read_currency(text: str, where: str) -> str:
    """Return the code of a currency that amounts can be in. Raises RateUnreadable."""
    if text not in CURRENCIES:
        raise RateUnreadable(
            f"{where}: {text[:20]!r} is not the code of a currency.",
            cure="Write the ISO 4217 code in capitals, such as USD.",
        )
    return text


def check_source(source: str) -> str:
    """Return the name of a source. Raises RatesRefused."""
    if not SOURCE_CODE.fullmatch(source):
        raise RatesRefused(
            f"{source[:50]!r} is not the name of a source.",
            cure="Use small letters, digits and _, at most 40, such as ecb or treasury.",
        )
    return source
