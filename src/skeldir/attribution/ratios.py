"""Ratios that people decide by, exact to six decimals; None where a part of one is not known. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

_PLACES: Final = 6
PPT: Final = 10**12
"""Conversions are counted in parts of this."""


def return_on_spend(credited_cents: int, spend_cents: int) -> str | None:
    """Return credited money divided by spend; None without spend."""
    return None if spend_cents == 0 else _as_text(Fraction(credited_cents, spend_cents))


def cost_per_conversion(spend_cents: int, conversion_ppt: int) -> str | None:
    """Return the spend for one conversion, in the smallest unit; None without spend or conversions."""
    if spend_cents == 0 or conversion_ppt <= 0:
        return None
    return _as_text(Fraction(spend_cents * PPT, conversion_ppt))


def share_of(credited_cents: int, total_cents: int) -> str | None:
    """Return the part that credited money is of all credited money; None if that is not above 0."""
    return None if total_cents <= 0 else _as_text(Fraction(credited_cents, total_cents))


def conversions_as_text(conversion_ppt: int) -> str:
    """Return conversions, given in parts per 10**12, as a decimal without zeros at its end."""
    whole, fraction = divmod(abs(conversion_ppt), PPT)
    sign = "-" if conversion_ppt < 0 else ""
    return f"{sign}{whole}.{fraction:012}".rstrip("0").rstrip(".")


def _as_text(ratio: Fraction) -> str:
    """Round halves away from 0, as PostgreSQL does."""
    scaled, left = divmod(abs(ratio.numerator) * 10**_PLACES, ratio.denominator)
    scaled += 2 * left >= ratio.denominator
    sign = "-" if ratio < 0 and scaled else ""
    return f"{sign}{scaled // 10**_PLACES}.{scaled % 10**_PLACES:0{_PLACES}}"
