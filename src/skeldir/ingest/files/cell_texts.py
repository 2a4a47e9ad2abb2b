"""Cells of a spreadsheet as text: numbers as they are kept, and days, times and moments by their formats."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, TypeAlias

Shown: TypeAlias = Literal["number", "day", "time", "moment", "span"]
"""What a number format makes of a number."""

ERRORS: Final = frozenset(
    [
        "#N/A", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#GETTING_DATA", "#SPILL!", "#CALC!",
        "#FIELD!", "#BLOCKED!", "#UNKNOWN!", "#CONNECT!", "#BUSY!",
    ]
)  # fmt: skip
"""What a cell holds whose formula failed."""

_BY_ID: Final[dict[int, Shown]] = {
    **dict.fromkeys((*range(14, 18), *range(27, 32), 36, *range(50, 59)), "day"),
    **dict.fromkeys((*range(18, 22), *range(32, 36), 45, 47), "time"),
    22: "moment",
    46: "span",
}
_NOT_SHOWN: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_SPAN: Final = re.compile(r"\[[hms]+\]", re.IGNORECASE)
_EXACT_DIGITS: Final = 15
_DAY_MS: Final = 86_400_000
_LAST_DAY: Final = 2_958_466  # 10000-01-01


def shown_as(format_id: int, code: str | None) -> Shown:
    """Return what a number format shows: by its code or, without one, by the number of a built-in format."""
    if code is None:
        return _BY_ID.get(format_id, "number")
    shown = _NOT_SHOWN.sub("", code.partition(";")[0]).lower()
    if _SPAN.search(shown):
        return "span"
    if shown == "general":
        return "number"
    has_time = "h" in shown or "s" in shown
    if "y" in shown or "d" in shown or ("m" in shown and not has_time):
        return "moment" if has_time else "day"
    return "time" if has_time else "number"


def number_text(text: str) -> str:
    """Return a kept number as a person would write it, exactly; text that is none unchanged.

    A spreadsheet keeps 15 digits. Of a whole number with more, whose others are zeros, the last may be lost: it is
    written as spreadsheets show it, such as 1.23456789012345E+18.
    """
    if text.isascii() and text.isdigit() and len(text) <= _EXACT_DIGITS:
        return text
    bare = text.lstrip("-")
    is_whole = bare.isascii() and bare.isdigit()
    if is_whole and (len(bare) <= _EXACT_DIGITS or bare[_EXACT_DIGITS:].strip("0")):
        return text
    try:
        number = float(text)
    except (ValueError, OverflowError):
        return text
    if number != number or number in (float("inf"), float("-inf")):
        return text
    if abs(number) >= 10**_EXACT_DIGITS:
        digits, _, exponent = f"{number:.{_EXACT_DIGITS - 1}e}".partition("e")
        return f"{digits.rstrip('0').rstrip('.')}E{exponent}"
    plain = format(Decimal(repr(number)), "f")
    return plain.removesuffix(".0")


def moment_text(text: str, shown: Shown, *, is_1904: bool) -> str:
    """Return a kept number as the day, time or moment that its format shows; unchanged if it is none.

    Times are exact to a millisecond. `is_1904` says that the workbook counts days from 1904 and not from 1900.
    """
    try:
        serial = float(text)
    except (ValueError, OverflowError):
        return text
    if not 0 <= serial < _LAST_DAY - (1462 if is_1904 else 0):
        return number_text(text)
    days, ms = divmod(round(serial * _DAY_MS), _DAY_MS)
    if shown == "span" or (shown == "time" and days == 0):
        return _clock(ms + (days * _DAY_MS if shown == "span" else 0))
    # The days of 1900 before March count from one later, since there it has a 29 February.
    first = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30 if days >= 60 else 31)  # noqa: DTZ001 - as written
    day = (first + timedelta(days=days)).date().isoformat()
    return day if shown == "day" and ms == 0 else f"{day} {_clock(ms)}"


def _clock(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}" + (f".{ms:03}" if ms else "")
