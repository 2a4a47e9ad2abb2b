"""Reading the amount in a cell as people and programs write it: exactly, or not at all.

A reader returns a value that it cannot judge unchanged: `canonical` then rejects it by its own
rules, as it does for an item of the API.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import partial
from typing import Final, Literal, TypeAlias

from skeldir.errors import SkeldirError
from skeldir.ingest.files.currency_signs import currencies_of_sign
from skeldir.ingest.nothing import is_nothing
from skeldir.ingest.rejections import ItemRejected
from skeldir.money import CURRENCIES, minor_units

ReadAmount: TypeAlias = Callable[[object, str], object]
"""From a cell and its currency to whole minor units, or to the cell itself."""

DecimalMark: TypeAlias = Literal[".", ","]
Rounding: TypeAlias = Literal["half_even", "half_up"]
ROUNDINGS: Final[tuple[Rounding, ...]] = ("half_even", "half_up")

_RULES: Final = {"half_even": ROUND_HALF_EVEN, "half_up": ROUND_HALF_UP}
_LONGEST_CELL: Final = 64
# Of minor units: more would not fit 64 bits, in which keys are made of them.
_MOST_DIGITS: Final = 18
_MOST_LETTERS: Final = 4
# Every decimal of up to 15 digits survives conversion to a float and back by its shortest text.
_DIGITS_OF_A_FLOAT: Final = 15

_ALIKE: Final = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d", "-"),
        "\uff0b": "+",
        **dict.fromkeys("\u2019\u2018\u02bc\u2032\uff07", "'"),
        # Marks of the writing direction, which some locales put beside signs.
        **dict.fromkeys("\u200e\u200f\u061c\u2066\u2067\u2069\ufeff"),
    }
)
_SPACES: Final = re.compile(r"\s+")
# A point behind letters belongs to them (Rs.500 is 500); behind a symbol, to the number ($.50 is 0.50).
_SIGN_BEFORE: Final = re.compile(r"[^\W\d_][^0-9,'()+\s-]*|[^0-9.,'()+\s-]+")
_SIGN_AFTER: Final = re.compile(r"[^0-9.,'()+\s-][^0-9,'()+\s-]*$")
_NUMBER: Final = re.compile(r"[0-9][0-9., ']*|[.,][0-9]+")
_GROUPS: Final = re.compile(
    r"[1-9][0-9]{0,2}(?:(?P<mark>[., '])[0-9]{3})(?:(?P=mark)[0-9]{3})*|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}"
)


@dataclass(frozen=True, slots=True)
class WrittenAmount:
    """An amount as it was written, without the signs around it; `number` has digits, marks and blanks."""

    number: str
    is_negative: bool
    signs: tuple[str, ...]


def take_apart(text: str) -> WrittenAmount | None:
    """Return the parts of a written amount, or None for what is not one.

    A minus stands before or after the number, or parentheses around it, and only once. A currency's
    sign or code may stand on either side.
    """
    if len(text) > _LONGEST_CELL:
        return None
    rest = _SPACES.sub(" ", text.translate(_ALIKE)).strip()
    minuses, pluses, signs = 0, 0, list[str]()
    while rest and not _NUMBER.fullmatch(rest):
        if rest[0] == "(" and rest[-1] == ")":
            rest, minuses = rest[1:-1], minuses + 1
        elif rest[0] in "+-":
            rest, minuses, pluses = rest[1:], minuses + (rest[0] == "-"), pluses + (rest[0] == "+")
        elif rest[-1] in "+-":
            rest, minuses, pluses = (
                rest[:-1],
                minuses + (rest[-1] == "-"),
                pluses + (rest[-1] == "+"),
            )
        elif found := _SIGN_BEFORE.match(rest) or _SIGN_AFTER.search(rest):
            signs.append(found[0])
            rest = rest[found.end() :] if found.start() == 0 else rest[: found.start()]
        else:
            return None
        rest = rest.strip()
    if not rest or minuses + pluses > 1 or len(signs) > 2:
        return None
    return WrittenAmount(rest, minuses == 1, tuple(signs))


def group_less(number: str, mark: DecimalMark) -> tuple[str, str, bool] | None:
    """Return the whole digits, the decimals, and whether there were groups; None if it is not written so.

    Groups are of three digits, or as in India, apart by blanks, apostrophes or the other mark.
    """
    whole, found, decimals = number.partition(mark)
    if found and not (decimals.isascii() and decimals.isdigit()):
        return None
    if whole == "" or (whole.isascii() and whole.isdigit()):
        return whole or "0", decimals, False
    if not _GROUPS.fullmatch(whole):
        return None
    return re.sub(r"[., ']", "", whole), decimals, True


def amount_reader(
    unit: Literal["major", "minor"],
    decimal_mark: DecimalMark,
    rounding: Rounding | None = None,
    *,
    is_mark_sampled: bool = False,
) -> ReadAmount:
    """Return the reader of amounts in major units ("12.50") or in minor units ("1250").

    Thousands separators, currency signs, and a minus before, behind or as parentheses are understood.
    The readers raise `ItemRejected` with `amount_fractional`, `amount_invalid`, `currency_unknown` or
    `currency_contradicted`; they round only by `rounding`, to the smallest unit of the currency.
    `is_mark_sampled`: the mark was found in a file's first rows, so that an amount such as 1,250, which may
    be 1.25, is rejected.
    """

    def convert(text: str, currency: str) -> int:
        if rounding is not None:
            return _rounded(text, currency, unit, rounding)
        return minor_units(text, currency) if unit == "major" else _whole(text)

    is_exact = rounding is None

    read_text = partial(
        _read_written,
        mark=decimal_mark,
        unit=unit,
        convert=convert,
        is_exact=is_exact,
        is_mark_sampled=is_mark_sampled,
    )

    def read(cell: object, currency: str) -> object:
        if isinstance(cell, str):
            return read_text(cell, currency)
        if unit == "minor" and is_exact:
            return _whole_number(cell)
        return _typed(cell, currency, convert, is_exact=is_exact)

    if unit == "minor" or decimal_mark == "," or not is_exact:
        return read

    def read_plain(cell: object, currency: str) -> object:
        """Read the amounts that most files have at once; all others as above."""
        if isinstance(cell, str) and cell[-4:-3] != ".":
            try:
                return minor_units(cell, currency)
            except SkeldirError:
                pass
        return read(cell, currency)

    return read_plain


_Convert: TypeAlias = Callable[[str, str], int]


def _read_written(
    cell: str,
    currency: str,
    *,
    mark: DecimalMark,
    unit: str,
    convert: _Convert,
    is_exact: bool,
    is_mark_sampled: bool,
) -> object:
    if is_nothing(cell) or cell.isspace():
        return None
    written = take_apart(cell)
    if written is None:
        raise ItemRejected("amount_invalid", f"The amount {_shown(cell)} is not a number.")
    parts = group_less(written.number, mark)
    if parts is None:
        raise ItemRejected(
            "amount_invalid",
            f"The amount {_shown(cell)} is not a number whose decimal mark is {_NAMES[mark]}.",
        )
    whole, decimals, has_groups = parts
    if has_groups and is_mark_sampled:
        _check_undecided(cell, written.number, mark)
    for sign in written.signs:
        _check_sign(sign, currency)
    value = f"{'-' if written.is_negative else ''}{whole}{'.' if decimals else ''}{decimals}"
    cents = _converted(value, currency, convert)
    # "12.500" is 12.50 to some and twelve thousand five hundred to others; with three decimals it is clear.
    could_be_group = len(decimals) == 3 and not has_groups and len(whole) <= 3 and whole[0] != "0"
    if unit == "major" and could_be_group and is_exact and CURRENCIES[currency] < 3:
        raise ItemRejected(
            "amount_invalid",
            f"Three digits follow the mark of {_shown(cell)}: it may be a thousands separator.",
        )
    return cents


def _check_undecided(cell: str, number: str, mark: DecimalMark) -> None:
    """Reject an amount in groups whose separator may be a decimal mark."""
    other: DecimalMark = "," if mark == "." else "."
    if other in number and group_less(number, other) is not None:
        raise ItemRejected(
            "amount_invalid",
            f"In {_shown(cell)}, {_NAMES[other]} may stand before decimals; the first rows do not show it."
            " Set decimal_mark in a mapping.",
        )


_NAMES: Final = {".": "a point", ",": "a comma"}


def _check_sign(sign: str, currency: str) -> None:
    meant = currencies_of_sign(sign)
    if meant is None:
        raise ItemRejected("amount_invalid", f"{_shown(sign)} beside the amount is no currency.")
    if currency not in meant:
        raise ItemRejected(
            "currency_contradicted",
            f"The amount is written with {_shown(sign)}, not in {currency}.",
        )


def _converted(text: str, currency: str, convert: _Convert) -> int:
    try:
        return convert(text, currency)
    except SkeldirError as error:
        code = error.item_code if isinstance(error, ItemRejected) else error.code
        raise ItemRejected(code, f"{error.detail} It is {_shown(text)}.") from error


def _typed(cell: object, currency: str, convert: _Convert, *, is_exact: bool) -> object:
    """Read a number of JSON, Parquet or a spreadsheet."""
    if cell is None or isinstance(cell, bool):
        return cell
    if isinstance(cell, float) and math.isfinite(cell):
        return _converted(_as_written(cell, is_exact=is_exact), currency, convert)
    if isinstance(cell, int) and abs(cell) < 10**_LONGEST_CELL:
        return _converted(str(cell), currency, convert)
    if isinstance(cell, Decimal) and cell.is_finite() and abs(cell.adjusted()) < _LONGEST_CELL:
        return _converted(f"{cell:f}", currency, convert)
    raise ItemRejected("amount_invalid", "The amount is not a plain decimal number.")


def _whole_number(cell: object) -> object:
    if isinstance(cell, float | Decimal):
        is_whole = math.isfinite(cell) and cell == int(cell) and abs(int(cell)) < 2**53
        return int(cell) if is_whole else cell
    return cell


def _whole(text: str) -> int:
    whole, _, decimals = text.partition(".")
    if len(whole.lstrip("-0")) > _MOST_DIGITS:
        raise ItemRejected("amount_invalid", "The amount has too many digits.")
    if decimals.strip("0"):
        raise ItemRejected("amount_fractional", "The amount is not a whole number of minor units.")
    return int(whole)


def _rounded(text: str, currency: str, unit: str, rounding: Rounding) -> int:
    """Return an amount in minor units, rounded by the rule; its digits are exact before."""
    places = CURRENCIES.get(currency)
    if places is None or unit == "minor":
        places = 0
    with localcontext(prec=2 * _LONGEST_CELL + 16):
        try:
            exact = Decimal(text).scaleb(places)
            units = int(exact.quantize(Decimal(1), rounding=_RULES[rounding]))
        except InvalidOperation as error:
            raise ItemRejected("amount_invalid", "The amount is not a plain number.") from error
    # The rest of the rules, the bounds among them, are those of an amount that needs no rounding.
    if unit == "minor":
        return _whole(str(units))
    return minor_units(f"{Decimal(units).scaleb(-places):f}", currency)


def _as_written(number: float, *, is_exact: bool) -> str:
    """Return the decimal that a float of a JSON or Parquet file was written as."""
    text = repr(number)
    is_long = len(text.strip("-").replace(".", "").strip("0")) > _DIGITS_OF_A_FLOAT
    if is_exact and (is_long or "e" in text):
        raise ItemRejected(
            "amount_invalid", "The amount has more digits than a floating-point number keeps."
        )
    return f"{Decimal(text):f}"


def _shown(text: str) -> str:
    """Return a cell for a message; one with more letters than a currency may be from another column."""
    is_short = len(text) <= 24 and sum(map(str.isalpha, text)) <= _MOST_LETTERS
    return f'"{text}"' if is_short else f"of {len(text)} characters"
