"""Amounts as providers send them, to minor units of ISO 4217. Pure; never a float."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from skeldir.inbox.saying import TroubleCode
from skeldir.money import (
    CURRENCIES,
    LARGEST_MINOR_UNITS,
    AmountFractional,
    AmountInvalid,
    decimals,
    minor_units,
)

# Stripe's integers: currencies without decimals on the wire, and with three. All others have two, also those that have
# none in ISO 4217 (ISK, UGX) or in the real world.
_NO_DECIMALS: Final = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_THREE_DECIMALS: Final = "BHD JOD KWD OMR TND"
_STRIPE_DECIMALS: Final = dict.fromkeys(_NO_DECIMALS.split(), 0) | dict.fromkeys(
    _THREE_DECIMALS.split(), 3
)


class MoneyUnreadable(Exception):
    """An amount or a currency is missing, or is not one. `detail` repeats no value of the body."""

    def __init__(self, code: TroubleCode, detail: str) -> None:
        super().__init__(detail)
        self.code: TroubleCode = code
        self.detail = detail


def read_currency(value: object, name: str = "currency") -> str:
    """Return the ISO 4217 code that a field has, in whichever case. Raises MoneyUnreadable."""
    if value is None or value == "":
        raise MoneyUnreadable("currency_missing", f"{name} is missing.")
    code = value.upper() if isinstance(value, str) and len(value) == 3 else ""
    if code not in CURRENCIES:
        raise MoneyUnreadable("currency_unknown", f"{name} is not the code of a currency.")
    return code


def read_decimal(value: object, currency: str, name: str = "amount") -> int:
    """Return the minor units of a decimal text, such as "12.50", or of a JSON number. May be negative.

    Raises:
        MoneyUnreadable: the amount is missing, not a plain decimal, or finer than the currency's unit.
    """
    if value is None or value == "":
        raise MoneyUnreadable("amount_missing", f"{name} is missing.")
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise MoneyUnreadable("amount_invalid", f"{name} is not a decimal number.")
    try:
        return minor_units(value, currency)
    except AmountFractional:
        raise MoneyUnreadable(
            "amount_invalid", f"{name} is finer than the smallest unit of {currency}."
        ) from None
    except AmountInvalid:
        raise MoneyUnreadable("amount_invalid", f"{name} is not a plain decimal number.") from None


def read_stripe_integer(value: object, currency: str, name: str = "amount") -> int:
    """Return the minor units of ISO 4217 of an integer in Stripe's units: 500 MGA is 50000, 500 ISK is 5.

    Raises:
        MoneyUnreadable: the amount is missing, no integer, or no number of minor units.
    """
    if value is None:
        raise MoneyUnreadable("amount_missing", f"{name} is missing.")
    if isinstance(value, bool) or not isinstance(value, int):
        raise MoneyUnreadable("amount_invalid", f"{name} is not a whole number.")
    if abs(value) > LARGEST_MINOR_UNITS:
        raise MoneyUnreadable("amount_invalid", f"{name} is too large.")
    amount = Decimal(value).scaleb(-_STRIPE_DECIMALS.get(currency, 2))
    return read_decimal(amount, currency, name)


def write_decimal(minor: int, currency: str) -> str:
    """Return minor units of ISO 4217 as decimal text, such as "12.50"."""
    return format(Decimal(minor).scaleb(-decimals(currency)), "f")


def write_stripe_integer(minor: int, currency: str) -> int:
    """Return minor units of ISO 4217 in Stripe's units, cut where those are coarser: 50000 MGA is 500."""
    return int(Decimal(minor).scaleb(_STRIPE_DECIMALS.get(currency, 2) - decimals(currency)))
