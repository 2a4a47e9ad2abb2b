"""Errors on pages, in the language of the page. Errors are written in English, which the API and the commands show.

A sentence that the texts have under `fault` is translated, whatever it names; any other, such as a provider's words or
what a file says, is shown as it is and marked as English, so that a screen reader pronounces it as such.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from skeldir.web.phrases import read_texts

if TYPE_CHECKING:
    from skeldir.web.phrases import Phrases

_ENGLISH: Final = "en"
_PREFIX: Final = "fault."
_Part: TypeAlias = tuple[str, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence; `language` is set if it is not that of the page."""

    text: str
    language: str | None = None


def word(say: Phrases, sentence: str) -> Wording:
    """Return a sentence of an error in the language of a page, or as it is if that is unknown."""
    if say.locale.language == _ENGLISH:
        return Wording(sentence)
    for name, pattern in _patterns().items():
        found = pattern.fullmatch(sentence)
        if found is not None:
            return Wording(say(name, **found.groupdict()))
    return Wording(sentence, _ENGLISH)


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    """Return what matches each English sentence, by the name of its text. Those that say most themselves come first."""
    sentences = {
        name: list(string.Formatter().parse(text))
        for name, text in read_texts(_ENGLISH).items()
        if name.startswith(_PREFIX)
    }
    return {
        name: re.compile(
            "".join(
                re.escape(fixed) + (f"(?P<{place}>.+)" if place else "")
                for fixed, place, _, _ in parts
            ),
            re.DOTALL,
        )
        for name, parts in sorted(sentences.items(), key=_rank)
    }


def _rank(sentence: tuple[str, list[_Part]]) -> tuple[int, int]:
    _, parts = sentence
    return len(parts), -sum(len(fixed) for fixed, *_ in parts)
