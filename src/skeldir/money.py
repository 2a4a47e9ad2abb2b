"""Money as whole minor units of a currency: reading, writing and dividing amounts exactly.

An amount is an `int` in the smallest unit of its currency (cents for USD, yen for JPY, fils for
KWD) accompanied by its ISO 4217 code. Nothing here is ever a float.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field

from skeldir.errors import SkeldirError

LARGEST_EXPONENT: Final = 15
LARGEST_MINOR_UNITS: Final = 10**LARGEST_EXPONENT
"""The largest amount, in minor units: it fits a PostgreSQL bigint and an exact JSON number."""

Cents = Annotated[
    int, Field(description="whole number of the currency's smallest unit, signed: yen for JPY")
]
CurrencyCode = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217")]

# ISO 4217 codes of money that an order can be paid in, and fund codes, by number of decimals.
# Metals, units of account (XDR, XAD) and the codes for tests and for no currency are left out.
# ANG and BGN gave way to XCG (2025) and EUR (2026); their orders are still in merchants' files.
_CODES_BY_DECIMALS: Final[Mapping[int, str]] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN
        BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
        GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP
        LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR
        NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
        SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER
        ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

CURRENCIES: Final[Mapping[str, int]] = MappingProxyType(
    {code: places for places, codes in _CODES_BY_DECIMALS.items() for code in codes.split()}
)
"""ISO 4217 code, in capitals, to the number of decimals of its minor unit."""

_PLAIN_DECIMAL: Final = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
_LONGEST_TEXT: Final = 64


class CurrencyUnknown(SkeldirError):
    """The currency is not an ISO 4217 code in capitals."""

    code = "currency_unknown"
    status = 422
    title = "The currency is not known"


class AmountFractional(SkeldirError):
    """The amount is finer than the smallest unit of its currency."""

    code = "amount_fractional"
    status = 422
    title = "The amount is finer than its currency allows"


class AmountInvalid(SkeldirError):
    """The amount is not a plain decimal number within the limits."""

    code = "amount_invalid"
    status = 422
    title = "The amount is not a plain decimal number"


def decimals(currency: str) -> int:
    """Return how many decimals the minor unit of `currency` has: 0, 2, 3 or 4.

    Raises `CurrencyUnknown`; `usd` is unknown too, since a code is written in capitals.
    """
    places = CURRENCIES.get(currency)
    if places is None:
        # A longer text may be from another column, such as a name or an address: never repeat it.
        shown = f'"{currency}"' if len(currency) <= 3 else "The given text"
        raise CurrencyUnknown(
            f"{shown} is not the ISO 4217 code of a currency.",
            cure="Give the three-letter code in capitals, such as USD, EUR or JPY.",
        )
    return places


def minor_units(amount: str | Decimal | int, currency: str) -> int:
    """Convert an amount in major units ("12.50", with USD) to whole minor units (1250), exactly.

    Text is plain ASCII decimals with an optional minus and point: no blanks, plus sign, exponent
    or thousands separators. Zeros beyond the minor unit are fine ("6.0" JPY is 6), and "-0" is 0.

    Raises `CurrencyUnknown`; `AmountFractional` when a digit would be lost; `AmountInvalid` for
    anything else, a float or a bool included, and for more than `LARGEST_MINOR_UNITS` in either direction.
    """
    places = decimals(currency)
    coefficient, exponent = _read(amount)
    if coefficient == 0:
        return 0
    shift = exponent + places
    if shift > LARGEST_EXPONENT:
        raise _out_of_bounds()
    # Numerator and denominator are bounded before they are computed: a Decimal("1E-999999") is cheap,
    # and with at most 64 digits it is smaller than one minor unit in any case.
    up: int = 10 ** max(shift, 0)
    down: int = 10 ** min(max(-shift, 0), _LONGEST_TEXT)
    units, lost = divmod(coefficient * up, down)
    if lost:
        raise AmountFractional(
            f"The amount is finer than the smallest unit of {currency}: it has {places} decimals.",
            cure="Round the amount at its source, or give the currency that it is really in.",
        )
    if abs(units) > LARGEST_MINOR_UNITS:
        raise _out_of_bounds()
    return units


def format_minor(cents: int, currency: str) -> str:
    """Format minor units as major units, "-1,234.50" for -123450 USD. Raises `CurrencyUnknown`."""
    places = decimals(currency)
    whole, fraction = divmod(abs(cents), 10**places)
    sign = "-" if cents < 0 else ""
    return f"{sign}{whole:,}.{fraction:0{places}d}" if places else f"{sign}{whole:,}"


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Divide `total` over whole non-negative `weights`, one part each; the parts sum to `total`.

    Largest remainder (Hamilton): each part is the exact share rounded towards zero, and the units
    left over go to the largest remainders, the lower index first among equals. So a part is less
    than one unit from its exact share, a weight of 0 gets 0, and `split(-x)` is minus `split(x)`.

    Raises `ValueError` when a weight is negative or all are 0.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("A split needs weights that are not negative and not all zero.")
    if len(weights) == 1:
        return [total]
    if total < 0:
        return [-part for part in split(-total, weights)]
    parts = [total * weight // whole for weight in weights]
    left = total - sum(parts)
    if left:
        remainders = [total * weight % whole for weight in weights]
        # The sort is stable, also in reverse: equal remainders stay in the order of their index.
        by_remainder = sorted(range(len(parts)), key=remainders.__getitem__, reverse=True)
        for index in by_remainder[:left]:
            parts[index] += 1
    return parts


def _read(amount: object) -> tuple[int, int]:
    """Return (coefficient, exponent): the amount is coefficient x 10**exponent."""
    if isinstance(amount, str):
        if len(amount) > _LONGEST_TEXT or not _PLAIN_DECIMAL.fullmatch(amount):
            raise _not_plain()
        whole, _, fraction = amount.partition(".")
        return int(whole + fraction), -len(fraction)
    if isinstance(amount, int) and not isinstance(amount, bool):
        return amount, 0
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise _not_plain()
    sign, digits, exponent = amount.as_tuple()
    if len(digits) > _LONGEST_TEXT or not isinstance(exponent, int):
        raise _not_plain()
    coefficient = int("".join(map(str, digits)))
    return -coefficient if sign else coefficient, exponent


def _not_plain() -> AmountInvalid:
    return AmountInvalid(
        "The amount is not a plain decimal number.",
        cure='Write it as text with a point and nothing else, such as "1234.50" or "-6".',
    )


def _out_of_bounds() -> AmountInvalid:
    return AmountInvalid(
        f"The amount is larger than {LARGEST_MINOR_UNITS} minor units.",
        cure="Check the number of digits, and that the amount is not already in minor units.",
    )
