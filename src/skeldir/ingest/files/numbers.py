"""Numbers as people and programs write them, read exactly or not at all."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, Literal, TypeAlias

Mark: TypeAlias = Literal[".", ","]
MARKS: Final[tuple[Mark, Mark]] = (".", ",")

# Between groups of digits: blanks of every width, apostrophes, and the other mark.
_BLANKS: Final = " \u00a0\u2007\u2009\u200a\u202f"
_QUOTES: Final = "'\u2019\u02bc"
_MINUS: Final = "\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d"
_AS_ASCII: Final = str.maketrans(
    {**dict.fromkeys(_BLANKS, " "), **dict.fromkeys(_QUOTES, "'"), **dict.fromkeys(_MINUS, "-")}
)
_PLAIN: Final = re.compile(r"[0-9]{1,40}")


def _pattern(mark: Mark) -> re.Pattern[str]:
    """Return the pattern of digits in groups of three, or of two before the last three as in India."""
    other = "," if mark == "." else r"\."
    grouped = rf"[0-9]{{1,3}}(?P<by>[{other} '])[0-9]{{2,3}}(?:(?P=by)[0-9]{{2,3}})*"
    return re.compile(
        rf"(?P<whole>[0-9]{{1,40}}|{grouped})?(?:\{mark}(?P<part>[0-9]{{1,40}}))?|(?P<ends>[0-9]{{1,40}})\{mark}"
    )


_DIGITS: Final = {mark: _pattern(mark) for mark in MARKS}


def read_number(text: str, mark: Mark) -> Decimal | None:
    """Return the number that a text is with this decimal mark, or None.

    A minus may stand before or after; brackets mean minus, as in accounts. Currency signs are not read.
    """
    text = text.translate(_AS_ASCII).strip()
    sign = 1
    if text.startswith("(") and text.endswith(")"):
        sign, text = -1, text[1:-1].strip()
    if text.startswith(("-", "+")):
        sign, text = sign * (-1 if text[0] == "-" else 1), text[1:].lstrip()
    elif text.endswith("-"):
        sign, text = -sign, text[:-1].rstrip()
    found = _DIGITS[mark].fullmatch(text)
    if found is None or not text:
        return None
    whole, part = found["whole"] or found["ends"] or "", found["part"]
    groups = re.split(r"[.,' ]", whole)
    if len(groups) > 1 and not _are_groups(groups):
        return None
    digits = "".join(groups)
    if not digits and not part:
        return None
    return sign * Decimal(f"{digits or 0}.{part or 0}")


def _are_groups(groups: list[str]) -> bool:
    """Return whether digits are grouped by three, or by two before the last three; the first may have fewer."""
    first, *others = groups
    if len(others[-1]) != 3 or first.startswith("0"):
        return False
    sizes = {len(group) for group in others[:-1]}
    return sizes <= {3} or (sizes == {2} and len(first) <= 2)
