"""Ids that a spreadsheet has spoilt: numbers shown as `5.63E+12`, and those that lost their leading zeros."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

# The digits after those shown are gone. A plus sign is what distinguishes it from a code such as 5E12.
_SHORTENED: Final = re.compile(r"\s*[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2,3}\s*")
_MOST_OF_THEM: Final = 0.9
_FEWEST: Final = 5


def is_shortened(text: str) -> bool:
    """Return whether an id is a number in the notation that spreadsheets use for long ones."""
    return "+" in text and _SHORTENED.fullmatch(text) is not None


def width_of_ids(ids: Sequence[str]) -> int | None:
    """Return the number of digits that each id of a column had, or None where that is not beyond doubt.

    It is when there are at least five ids, all of them digits, at least nine tenths have one width,
    none is wider, and one of them still begins with a zero: a counter never does.
    """
    if len(ids) < _FEWEST or not all(text.isascii() and text.isdigit() for text in ids):
        return None
    width = max(map(len, ids))
    whole = [text for text in ids if len(text) == width]
    has_zero = any(text.startswith("0") for text in whole)
    return width if has_zero and len(whole) >= _MOST_OF_THEM * len(ids) else None
