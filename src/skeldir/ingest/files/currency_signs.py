"""Signs and names that stand beside amounts, and the currencies that each can mean.

A sign never says which currency an amount is in: the row or the mapping does. It can only contradict it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from skeldir.money import CURRENCIES

_DOLLARS: Final = (
    "USD ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUP CVE DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD"
    " SRD TTD TWD UYU XCD BOB NIO"
)
_SIGNS: Final[Mapping[str, str]] = {
    "$": _DOLLARS, "€": "EUR", "£": "GBP EGP FKP GIP SHP LBP SYP SDG SSP", "¥": "JPY CNY", "￥": "JPY CNY",
    "₹": "INR", "₨": "INR PKR LKR NPR MUR SCR", "rs": "INR PKR LKR NPR MUR SCR",
    "rs.": "INR PKR LKR NPR MUR SCR", "₽": "RUB", "₺": "TRY",
    "руб": "RUB BYN", "руб.": "RUB BYN",  # noqa: RUF001 - Cyrillic, as it is written
    "tl": "TRY", "₩": "KRW KPW", "₪": "ILS", "₫": "VND", "đ": "VND", "₱": "PHP", "฿": "THB", "₴": "UAH",
    "грн": "UAH", "грн.": "UAH", "₦": "NGN", "₵": "GHS", "₡": "CRC SVC", "₲": "PYG", "₸": "KZT", "₾": "GEL",
    "₼": "AZN", "₮": "MNT", "₭": "LAK", "៛": "KHR", "֏": "AMD", "৳": "BDT", "r$": "BRL", "r": "ZAR",
    "zł": "PLN", "zl": "PLN", "kč": "CZK", "ft": "HUF", "kr": "SEK NOK DKK ISK", "kr.": "SEK NOK DKK ISK",
    "fr.": "CHF", "fr": "CHF", "sfr.": "CHF", "sfr": "CHF", "rp": "IDR", "rm": "MYR", "s/": "PEN",
    "s/.": "PEN", "лв": "BGN", "лв.": "BGN", "lei": "RON MDL", "us$": "USD", "$us": "USD", "u$s": "USD",
    "a$": "AUD", "au$": "AUD", "c$": "CAD NIO", "ca$": "CAD", "$ca": "CAD", "nz$": "NZD", "hk$": "HKD",
    "s$": "SGD", "sg$": "SGD", "nt$": "TWD", "mx$": "MXN", "mex$": "MXN", "cn¥": "CNY", "元": "CNY TWD HKD",
    "円": "JPY", "원": "KRW", "ksh": "KES", "cfa": "XOF XAF", "fcfa": "XOF XAF", "euro": "EUR", "eur.": "EUR",
    "د.إ": "AED", "ر.س": "SAR", "﷼": "IRR SAR QAR OMR YER",
}  # fmt: skip
_CURRENCIES_OF_SIGN: Final[Mapping[str, frozenset[str]]] = {
    **{sign: frozenset(codes.split()) for sign, codes in _SIGNS.items()},
    **{code.casefold(): frozenset([code]) for code in CURRENCIES},
}


def currencies_of_sign(sign: str) -> frozenset[str] | None:
    """Return the currencies that a sign or code beside an amount can mean, or None for an unknown one."""
    return _CURRENCIES_OF_SIGN.get(sign.casefold())
