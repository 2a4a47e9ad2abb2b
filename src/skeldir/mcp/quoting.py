"""How data from outside are shown to a language model: on one line, with nothing invisible in it, and not endless.

Names of campaigns, channels and hosts and ids of orders are whatever somebody has sent. They may look like
instructions, or hide them in characters that people do not see.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from itertools import chain
from typing import Final

from skeldir.money import CURRENCIES, format_minor

LONGEST_TEXT: Final = 200
"""The most characters of a text in an answer, escapes included; what is longer is cut."""
_CENTS: Final = "_cents"
# Controls, formats (with the marks that change the direction of text), surrogates, private and unassigned ones, and
# separators of lines and paragraphs.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# These have other categories, but show nothing: joiners, fillers, variation selectors, a braille cell without dots.
_BLANK_CODES: Final = (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)
_BLANK_RANGES: Final = (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_BLANK: Final = frozenset(map(chr, chain(_BLANK_CODES, *_BLANK_RANGES)))


def quote(text: str, most: int = LONGEST_TEXT) -> str:
    r"""Return a text on one line: `\u200b` for what cannot be seen, `\\` for a backslash, at most `most` characters.

    A text that is cut ends with `…` and how many characters are missing, in brackets.
    """
    parts: list[str] = []
    length = 0
    for place, character in enumerate(text):
        shown = _show(character)
        if length + len(shown) > most:
            parts.append(f"… [{len(text) - place} more]")
            break
        parts.append(shown)
        length += len(shown)
    return "".join(parts)


def _show(character: str) -> str:
    if character == "\\":
        return "\\\\"
    category = unicodedata.category(character)
    is_space = category == "Zs" and character != " "
    if category not in _HIDDEN and not is_space and character not in _BLANK:
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def show(value: object, currency: str | None = None) -> object:
    """Return data as an answer has them: every text is quoted, and beside every amount is a text with its currency.

    `credited_cents: 12990` gets `credited_text: "129.90 USD"`. The currency is that of the object, or of the one around
    it; an amount without one has no text.
    """
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Mapping):
        return _show_object(value, currency)
    if isinstance(value, (list, tuple)):
        return [show(each, currency) for each in value]
    return value


def _show_object(fields: Mapping[object, object], currency: str | None) -> dict[str, object]:
    own = fields.get("currency")
    known = own if isinstance(own, str) and own in CURRENCIES else currency
    shown: dict[str, object] = {}
    for key, value in fields.items():
        name = quote(str(key))
        shown[name] = show(value, known)
        if name.endswith(_CENTS) and isinstance(value, int) and known is not None:
            shown[f"{name.removesuffix(_CENTS)}_text"] = f"{format_minor(value, known)} {known}"
    return shown
