"""Ids that are a person's: IP addresses and bank accounts. They have the form of a provider's id. Pure."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote

_ACCOUNT: Final = re.compile(r"[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{11,30}", re.ASCII)
# The registry of ISO 13616. Without the lengths, one in 2,500 of PayPal's ids would pass for an account.
_LENGTHS: Final = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_COUNTRIES: Final = {length: frozenset(names.split()) for length, names in _LENGTHS.items()}
_LENGTH_IN: Final = {name: length for length, names in _LENGTHS.items() for name in names.split()}
# People write an account number in groups.
_WRITTEN: Final = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[ +]?[A-Za-z0-9]){11,60}", re.ASCII
)
# Each country's account numbers have more digits than most names that begin like one.
_FEWEST_DIGITS: Final = 7


def is_of_person(text: str) -> bool:
    """Return whether a text is an IP address or an International Bank Account Number."""
    if text.count(".") == 3 or text.count(":") > 1:
        address = text.partition("/")[0]
        if address.count(":") == 1:
            address = address.partition(":")[0]  # the rest is a port
        try:
            ip_address(address)
        except ValueError:
            return False
        return True
    return _is_account(text)


def holds_account(text: str) -> bool:
    """Return whether an account number stands in a text, in groups or not, plain or URL-encoded."""
    for _ in range(3):
        if any(map(_begins_with_account, _WRITTEN.findall(text))):
            return True
        text, encoded = unquote(text), text
        if text == encoded:
            break
    return False


def _begins_with_account(written: str) -> bool:
    compact = written.replace(" ", "").replace("+", "")
    number = compact[: _LENGTH_IN.get(compact[:2].upper(), 0)]
    return sum(map(str.isdecimal, number)) >= _FEWEST_DIGITS and _is_account(number)


def _is_account(text: str) -> bool:
    if not text[2:4].isdecimal():  # most ids: the rest takes longer
        return False
    if text[:2].upper() not in _COUNTRIES.get(len(text), ()) or not _ACCOUNT.fullmatch(text):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1
