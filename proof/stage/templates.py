"""Texts with gaps: each gap is written `<word>`, and stands for a text of one of a few known forms."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from types import MappingProxyType
from typing import Final

_FORMS: Final = MappingProxyType[str, tuple[str, str]](
    {
        "<count>": (r"[1-9][0-9]*", "a number 1, 2, 3 …"),
        "<number>": (r"[0-9]+", "a number of digits alone"),
        "<decimal>": (r"[0-9]+(?:\.[0-9]+)?", "a number"),
        "<word>": (r"[A-Za-z0-9_]+", "a word"),
        "<text>": (r"[^\n]+", "any text of one line"),
        "<hash>": (r"(?:[0-9a-f]{64}|[0-9a-f]{40})", "a full hash of git"),
        "<sha256>": (r"[0-9a-f]{64}", "a SHA-256"),
        "<md5>": (r"[0-9a-f]{32}", "a digest of 32 hexadecimal digits"),
        "<revision>": (r"[0-9]{12}", "the twelve digits of a revision"),
        "<uuid>": (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a UUID"),
    }
)
_GAP: Final = re.compile("|".join(map(re.escape, _FORMS)))


def fits(template: str, text: str) -> bool:
    """Return whether the whole text matches the template; each gap matches its form."""
    return compiled(template).fullmatch(text) is not None


def fits_one(templates: Iterable[str], text: str) -> bool:
    """Return whether the text fits at least one of the templates."""
    return any(fits(template, text) for template in templates)


@lru_cache(maxsize=1_024)
def compiled(template: str) -> re.Pattern[str]:
    """Return the regular expression that a template stands for."""
    parts, end = [], 0
    for gap in _GAP.finditer(template):
        parts += [re.escape(template[end : gap.start()]), _FORMS[gap[0]][0]]
        end = gap.end()
    return re.compile("".join([*parts, re.escape(template[end:])]))


def has_gaps(templates: Iterable[str]) -> bool:
    """Say whether one of the templates has a gap."""
    return any(_GAP.search(template) for template in templates)


def explain_gaps(templates: Iterable[str]) -> str:
    """Return what the gaps of the templates stand for, as the end of a sentence; "" if there are none."""
    used = dict.fromkeys(gap[0] for template in templates for gap in _GAP.finditer(template))
    meanings = " and ".join(f"`{gap}` is {_FORMS[gap][1]}" for gap in used)
    return f", where {meanings}" if meanings else ""
