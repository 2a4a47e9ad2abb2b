"""Ratios that people decide by, exact to six decimals; None where a part of one is not known. Pure."""

from __future__ import annotations

from typing import Final

PPT: Final = 10**12
"""Conversions are counted in parts of this."""
_PLACES: Final = 6
_ONE: Final = 10**_PLACES


def return_on_spend(credited_cents: int, spend_cents: int) -> str | None:
    """Return credited money divided by spend; None without spend."""
    return None if spend_cents == 0 else _quotient(credited_cents, spend_cents)


def cost_per_conversion(spend_cents: int, conversion_ppt: int) -> str | None:
    """Return the spend for one conversion, in the smallest unit; None without spend or conversions."""
    if spend_cents == 0 or conversion_ppt <= 0:
        return None
    return _quotient(spend_cents * PPT, conversion_ppt)


def share_of(credited_cents: int, total_cents: int) -> str | None:
    """Return the part that credited money is of all credited money; None if that is not above 0."""
    return None if total_cents <= 0 else _quotient(credited_cents, total_cents)


def conversions_as_text(conversion_ppt: int) -> str:
    """Return conversions, given in parts per 10**12, as a decimal without zeros at its end."""
    whole, fraction = divmod(abs(conversion_ppt), PPT)
    sign = "-" if conversion_ppt < 0 else ""
    return f"{sign}{whole}.{fraction:012}".rstrip("0").rstrip(".")


def conversions_from_text(text: str) -> int:
    """Return conversions in parts per 10**12 from a decimal with at most 12 places."""
    whole, _, fraction = text.removeprefix("-").partition(".")
    parts = int(whole) * PPT + int(f"{fraction:0<12}")
    return -parts if text.startswith("-") else parts


def _quotient(numerator: int, denominator: int) -> str:
    """Round halves away from 0, as PostgreSQL does."""
    scaled, left = divmod(abs(numerator) * _ONE, abs(denominator))
    scaled += 2 * left >= abs(denominator)
    sign = "-" if scaled and (numerator < 0) != (denominator < 0) else ""
    digits = f"{scaled:0{_PLACES + 1}}"
    return f"{sign}{digits[:-_PLACES]}.{digits[-_PLACES:]}"
