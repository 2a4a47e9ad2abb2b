"""What an experiment measured of a channel. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from skeldir.money import decimals

Measure: TypeAlias = Literal["conversions", "value"]

MILLION: Final = 10**6
"""Conversions are kept in millionths: an experiment estimates them, so they may be fractions."""
LONGEST_EXPERIMENT: Final = 200
LEAST_LEVEL, HIGHEST_LEVEL = 50, 99


@dataclass(frozen=True, slots=True)
class LiftKey:
    """What a measurement is of; `currency` is empty for conversions."""

    experiment: str
    channel: str
    measure: Measure
    currency: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What an experiment added by a channel on some days, both included, with its interval.

    Amounts are minor units of the currency, or millionths of conversions.
    """

    key: LiftKey
    first_day: date
    last_day: date
    incremental: int
    lower: int
    upper: int
    level_percent: int


def in_words(key: LiftKey, amount: int) -> str:
    """Return an amount as a plain decimal: conversions, or units of the currency."""
    places = 6 if key.measure == "conversions" else decimals(key.currency)
    text = f"{Decimal(amount).scaleb(-places):f}"
    return text.rstrip("0").rstrip(".") if key.measure == "conversions" and "." in text else text
