"""Amounts as files write them: read exactly or rejected, never rounded, and never by a guess about the decimal mark."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from skeldir.errors import SkeldirError
from skeldir.ingest.files.numbers import MARKS, Mark, read_number
from skeldir.ingest.rejections import ItemRejected
from skeldir.money import CURRENCIES, minor_units

ReadAmount: TypeAlias = Callable[[object, str], object]
"""From a cell and its currency to whole minor units, or to the cell itself."""

_DOLLARS: Final = "USD AUD CAD NZD HKD SGD MXN ARS CLP COP TWD BBD BZD BMD BND BSD FJD GYD JMD KYD LRD NAD TTD XCD"
_SIGNS: Final[Mapping[str, str]] = {
    "$": _DOLLARS, "us$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "hk$": "HKD",
    "s$": "SGD", "nt$": "TWD", "mx$": "MXN", "r$": "BRL", "€": "EUR", "£": "GBP EGP GIP", "¥": "JPY CNY",
    "₹": "INR", "rs": "INR PKR LKR NPR", "₺": "TRY", "tl": "TRY", "₽": "RUB", "\u0440\u0443\u0431": "RUB", "₩": "KRW",
    "₪": "ILS", "฿": "THB", "₫": "VND", "₴": "UAH", "₦": "NGN", "₱": "PHP", "₡": "CRC", "₸": "KZT", "zł": "PLN",
    "kč": "CZK", "ft": "HUF", "lei": "RON", "kr": "SEK NOK DKK ISK", "fr": "CHF", "sfr": "CHF",
    "rm": "MYR", "rp": "IDR", "r": "ZAR",
}  # fmt: skip
_SIGN: Final = re.compile(r"[^\W\d_]{0,3}\$|[^\W\d_]{1,4}\.?|[\u00a2-\u00a5\u20a0-\u20c0]")
_PLAIN: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_THOUSANDS: Final = re.compile(r"[-+]?[0-9]{1,3}\.[0-9]{3}")
# What may be repeated in a message: a text that is no amount may be something about a person.
_HARMLESS: Final = re.compile(r"[0-9.,'\u2019\s()+\-\u2212$€£¥%]{1,40}")
# Every decimal of up to 15 digits survives conversion to a float and back by its shortest text.
_DIGITS_OF_A_FLOAT: Final = 15


def amount_reader(unit: Literal["major", "minor"], decimal_mark: Mark | None) -> ReadAmount:
    """Return the reader of amounts in major units ("12.50") or in minor units ("1250").

    Groups of digits, brackets or a minus after the number, and a sign or code of the row's own currency are read.
    Without a `decimal_mark`, an amount is read if only one mark makes it a number. The readers raise `ItemRejected`
    with `amount_fractional`, `amount_invalid` or `currency_unknown`, and never round.
    """

    def read(cell: object, currency: str) -> object:
        amount = cell
        if isinstance(cell, str):
            text = cell.strip()
            amount = (
                _read_text(text, decimal_mark, currency)
                if text and (decimal_mark == "," or not _PLAIN.fullmatch(text))
                else text
            )
        elif isinstance(cell, float) and unit == "major":
            amount = _as_written(cell)
        return to_units(amount, currency)

    to_units = _major_units if unit == "major" else _minor_units
    return read


def _read_text(text: str, mark: Mark | None, currency: str) -> Decimal:
    """Return the number of an amount that is not written plainly. Raises ItemRejected."""
    bare = _without_sign(text, currency)
    readings = {one: read_number(bare, one) for one in MARKS if mark in (None, one)}
    found = {number for number in readings.values() if number is not None}
    if not found:
        raise ItemRejected("amount_invalid", f"The amount is {_shown(text)}, not a number.")
    if len(found) > 1:
        raise ItemRejected(
            "amount_invalid",
            f"The amount {_shown(text)} may be {' or '.join(str(one) for one in sorted(found))}: set decimal_mark.",
        )
    (number,) = found
    fraction = bare.rpartition(mark)[2] if mark is not None and mark in bare else ""
    if len(fraction) == 3 and bare.strip("+-() ")[:-3].rstrip(".,").isdigit():
        _refuse_thousands(currency)
    return number


def _refuse_thousands(currency: str) -> None:
    # "12.500" is 12.50 to some and twelve thousand five hundred to others; with three decimals it is clear.
    if CURRENCIES.get(currency, 0) < 3:
        raise ItemRejected(
            "amount_invalid",
            "Three digits follow the mark: it may be a thousands separator.",
        )


def _without_sign(text: str, currency: str) -> str:
    """Return the amount without the signs or codes of its currency. Raises ItemRejected if they are of another one."""
    for sign in _SIGN.findall(text):
        plain = sign.lower().rstrip(".")
        known = _SIGNS.get(plain, "").split()
        if plain.upper() in CURRENCIES:
            known = [plain.upper()]
        if not known:
            raise ItemRejected("amount_invalid", f"The amount is {_shown(text)}, not a number.")
        if currency not in known:
            raise ItemRejected(
                "amount_invalid",
                f"The amount is in {' or '.join(known[:3])}, and the currency of the row is {currency[:3]}.",
            )
    return _SIGN.sub("", text).strip()


def _shown(text: str) -> str:
    return repr(text) if _HARMLESS.fullmatch(text) else f"a text of {len(text)} characters"


def _major_units(amount: object, currency: str) -> object:
    if amount is None or amount == "" or isinstance(amount, bool):
        return amount
    try:
        cents = minor_units(amount, currency)  # type: ignore[arg-type]  # it rejects any other type
    except SkeldirError as error:
        raise ItemRejected(error.code, error.detail) from error
    if isinstance(amount, str) and _THOUSANDS.fullmatch(amount):
        _refuse_thousands(currency)
    return cents


def _minor_units(amount: object, _currency: str) -> object:
    if isinstance(amount, float | Decimal):
        is_whole = math.isfinite(amount) and amount == int(amount) and abs(int(amount)) < 2**53
        return int(amount) if is_whole else amount
    if not isinstance(amount, str):
        return amount
    if amount == "" or (amount.isascii() and amount.isdigit() and len(amount) < 40):
        return int(amount) if amount else None
    number = Decimal(amount)
    if number != int(number):
        raise ItemRejected("amount_fractional", "The amount is not a whole number of minor units.")
    return int(number)


def _as_written(number: float) -> str:
    """Return the decimal that a float of a JSON or Parquet file was written as."""
    text = repr(number)
    if len(text.strip("-").replace(".", "").strip("0")) > _DIGITS_OF_A_FLOAT or "e" in text:
        raise ItemRejected(
            "amount_invalid", "The amount has more digits than a floating-point number keeps."
        )
    return text


@dataclass(slots=True)
class MarkEvidence:
    """What the amounts of a column say about their decimal mark: for each mark an amount that only it makes a number.

    `unclear` is an amount that either mark makes a number, but another one; `has_marks` is whether any has a mark.
    """

    point: str | None = None
    comma: str | None = None
    unclear: str | None = None

    def add(self, text: str) -> None:
        """Look at one amount."""
        if text.isascii() and text.isdigit():
            return
        bare = _SIGN.sub("", text).strip()
        readings = [read_number(bare, mark) for mark in MARKS]
        if None not in readings:
            if readings[0] != readings[1]:
                self.unclear = self.unclear or text
        elif readings[0] is not None:
            self.point = self.point or text
        elif readings[1] is not None:
            self.comma = self.comma or text

    def add_all(self, texts: Iterable[str]) -> MarkEvidence:
        """Look at many amounts."""
        for text in texts:
            self.add(text)
        return self
